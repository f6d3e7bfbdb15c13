"""A record's header: everything but the fields, as one canonical JSON list. This is what the chain hashes."""

from __future__ import annotations

import re
import uuid
from functools import lru_cache

import msgspec

from qafila.journal.canon import dumps
from qafila.journal.stamps import Stamp

CREATE, CHANGE, NOTE = "c", "u", "n"
"""Operations: a row comes to be, a row changes, a word of the journal itself about no row."""


class Header(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The header of one record, in the order in which it is written."""

    node: str
    run: int
    seq: int
    hlc: int
    actor: str
    act: str
    kind: str
    schema: int
    op: str
    subject: str
    patient: str
    base: dict[str, list[str]]
    refs: list[str]
    custodian: str
    programme: str
    digest: str

    def encode(self) -> bytes:
        """The canonical bytes."""
        return dumps(msgspec.to_builtins(self))

    @property
    def stamp(self) -> Stamp:
        """Where the values of this record come from."""
        return Stamp(self.hlc, self.node, self.run)

    @property
    def subject_id(self) -> uuid.UUID:
        """The row's id."""
        return uuid_of(self.subject)

    @property
    def patient_id(self) -> uuid.UUID | None:
        """The person whose record it belongs to."""
        return uuid_of(self.patient) if self.patient else None


_decoder = msgspec.json.Decoder(Header)
_encoder = msgspec.json.Encoder()
uuid_of = lru_cache(maxsize=20_000)(uuid.UUID)
"""An id from its text: one frame says the same few again and again."""
_HEX = re.compile(r"[0-9a-f]{64}")


def decode(data: bytes) -> Header:
    """Read and check a header. Raises `ValueError` with a reason."""
    try:
        header = _decoder.decode(data)
        for name in (header.subject, header.patient, header.actor):
            if name or name is header.subject:
                uuid_of(name)
        for stamps in header.base.values():
            for stamp in stamps:
                Stamp.parse(stamp)
    except (msgspec.MsgspecError, ValueError) as error:
        raise ValueError(f"not a record header: {error}") from error
    fault = _fault(header)
    if fault or not _canonical(header, data):
        raise ValueError(f"not a record header: {fault or 'canonical form'}")
    return header


def _fault(header: Header) -> str:
    if not 0 < len(header.node) <= 16:
        return "node"
    if not 0 < header.run < 1 << 63:
        return "run"
    if not 0 < header.seq < 1 << 31:
        return "seq"
    if not 0 < header.hlc < 1 << 63:
        return "clock"
    if len(header.kind) > 40 or len(header.act) > 40:
        return "kind or act"
    if header.op not in (CREATE, CHANGE, NOTE):
        return "operation"
    if "\0" in header.node or "\0" in header.kind or "\0" in header.act:
        return "a NUL character"
    return "" if _HEX.fullmatch(header.digest) else "digest"


def _canonical(header: Header, data: bytes) -> bool:
    # Without escapes and with no keys to sort both encoders write the same; this one is many times quicker.
    if b"\\" not in data and len(header.base) < 2:
        return _encoder.encode(header) == data
    return header.encode() == data
