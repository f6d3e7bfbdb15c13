"""A record's header: everything but the fields, as one canonical JSON list. This is what the chain hashes."""

from __future__ import annotations

import uuid

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
        return uuid.UUID(self.subject)

    @property
    def patient_id(self) -> uuid.UUID | None:
        """The person whose record it belongs to."""
        return uuid.UUID(self.patient) if self.patient else None


_decoder = msgspec.json.Decoder(Header)


def decode(data: bytes) -> Header:
    """Read and check a header. Raises `ValueError` with a reason."""
    try:
        header = _decoder.decode(data)
        uuid.UUID(header.subject)
        if header.patient:
            uuid.UUID(header.patient)
        if header.actor:
            uuid.UUID(header.actor)
        for stamps in header.base.values():
            for stamp in stamps:
                Stamp.parse(stamp)
        bytes.fromhex(header.digest)
    except (msgspec.MsgspecError, ValueError) as error:
        raise ValueError(f"not a record header: {error}") from error
    limits = (
        (0 < len(header.node) <= 16, "node"),
        (0 < header.run < 1 << 63, "run"),
        (0 < header.seq < 1 << 31, "seq"),
        (0 < header.hlc < 1 << 63, "clock"),
        (len(header.kind) <= 40 and len(header.act) <= 40, "kind or act"),
        (header.op in (CREATE, CHANGE, NOTE), "operation"),
        (len(header.digest) == 64, "digest"),
        (header.encode() == data, "canonical form"),
    )
    for holds, what in limits:
        if not holds:
            raise ValueError(f"not a record header: {what}")
    return header
