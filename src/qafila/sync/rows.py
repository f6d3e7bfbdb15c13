"""Packed records in rows, one after the other: what any bytes can be packed in. Falls in where columns cannot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from qafila.journal import canon
from qafila.journal.ingest import Parcel

MAX_PARCELS = 1500
_TAIL = b'"]'


class CodecError(ValueError):
    """Bytes that are no packed records."""


class Codec(Protocol):
    """Packs and unpacks records."""

    number: int

    def pack(self, parcels: Sequence[Parcel]) -> bytes:
        """Records as bytes (not yet compressed)."""

    def unpack(self, data: bytes) -> list[Parcel]:
        """The very same records. Raises `CodecError`."""


class _Row(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    header: bytes
    fields: bytes | None
    salt: bytes
    """Empty with `same_salt`."""
    lane: int
    prev: bytes
    follows: bool
    digest_left: bool
    same_salt: bool


class RowCodec:
    """Record after record, in MessagePack."""

    number = 1

    def __init__(self) -> None:
        self._decoder = msgspec.msgpack.Decoder(list[_Row])

    def pack(self, parcels: Sequence[Parcel]) -> bytes:
        """Records as bytes."""
        rows = []
        last_hash, last_salt = b"", b""
        for parcel in parcels:
            header, left = _without_digest(parcel)
            follows = bool(last_hash) and parcel.prev == last_hash
            same = parcel.salt == last_salt
            rows.append(
                _Row(header, parcel.fields, b"" if same else parcel.salt, parcel.lane, b"" if follows else parcel.prev,
                     follows, left, same)
            )  # fmt: skip
            last_hash, last_salt = canon.link(parcel.prev, parcel.header), parcel.salt
        return msgspec.msgpack.encode(rows)

    def unpack(self, data: bytes) -> list[Parcel]:
        """The very same records."""
        try:
            rows = self._decoder.decode(data)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise CodecError("not packed records") from error
        if len(rows) > MAX_PARCELS:
            raise CodecError("more records than a frame may carry")
        parcels = []
        last_hash, last_salt = b"", b""
        for row in rows:
            salt = last_salt if row.same_salt else row.salt
            prev = last_hash if row.follows else row.prev
            header = row.header
            if row.digest_left:
                header += canon.digest(salt, row.fields or b"").hex().encode() + _TAIL
            parcels.append(Parcel(header, row.fields, salt, row.lane, prev))
            last_hash, last_salt = canon.link(prev, header), salt
        return parcels


def _without_digest(parcel: Parcel) -> tuple[bytes, bool]:
    if parcel.fields is None:
        return parcel.header, False
    tail = canon.digest(parcel.salt, parcel.fields).hex().encode() + _TAIL
    if parcel.header.endswith(tail):
        return parcel.header[: -len(tail)], True
    return parcel.header, False


ROWS = RowCodec()
