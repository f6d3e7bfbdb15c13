"""Small synthetic records: real headers, digests and chains, so that the real codec packs them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from qafila.journal import canon
from qafila.journal.header import CREATE, NOTE, Header, decode
from qafila.journal.ingest import Parcel

Key = tuple[str, int, int]
OPENED = "journal.run"
NOBODY = "0" * 32
UNREADABLE = ("header", "digest")
"""Poison that no journal can read at all."""


class Row(NamedTuple):
    """A record in a journal."""

    no: int
    parcel: Parcel
    hash: bytes
    patient: str
    kind: str


class Said(NamedTuple):
    """A header and fields, read."""

    key: Key
    kind: str
    patient: str
    fields: dict[str, Any]
    hash: bytes
    schema: int


def write(
    key: Key,
    prev: bytes,
    hlc: int,
    kind: str,
    patient: str,
    fields: dict[str, Any],
    lane: int,
    salt: bytes,
    schema: int = 1,
) -> Parcel:
    """A record as its author stores it."""
    data = canon.dumps(fields)
    digest = canon.digest(salt, data).hex()
    if fields.get("bad") == "digest":
        digest = "0" * 64
    op = NOTE if kind == OPENED else CREATE
    header = Header(*key, hlc, "", "act", kind, schema, op, NOBODY, patient, {}, [], "", "", digest).encode()
    if fields.get("bad") == "header":
        # As a later version might write it: this one cannot read it at all.
        header = header[:-1] + b',"more"]'
    return Parcel(header, data, salt, lane, prev)


@lru_cache(maxsize=50_000)
def read(parcel: Parcel) -> Said:
    """What a node makes of a record. Raises `ValueError` as the real journal does."""
    header = decode(parcel.header)
    key = (header.node, header.run, header.seq)
    if parcel.fields is None:
        # It was forgotten: the chain is whole.
        return Said(key, header.kind, header.patient, {}, canon.link(parcel.prev, parcel.header), header.schema)
    if canon.digest(parcel.salt, parcel.fields).hex() != header.digest:
        raise ValueError("the fields do not match the digest")
    fields = orjson.loads(parcel.fields)
    return Said(key, header.kind, header.patient, fields, canon.link(parcel.prev, parcel.header), header.schema)


def readable(parcel: Parcel) -> bool:
    """Whether it is none of the `UNREADABLE`."""
    return orjson.loads(parcel.fields or b"{}").get("bad") not in UNREADABLE


def author(parcel: Parcel) -> str:
    """Who wrote a record that may be unreadable otherwise."""
    return str(orjson.loads(parcel.header)[0])
