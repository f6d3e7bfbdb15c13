"""Records on their way in: what `Record` holds, without the weight of a model instance; and what became of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from uuid import UUID

import msgspec
import orjson

from qafila.journal import canon
from qafila.journal.header import NOTE, Header
from qafila.journal.models import Quarantine


class Parcel(msgspec.Struct, frozen=True, gc=False):
    """A record as it travels: header and fields in canonical bytes, salt, lane, and the hash before it."""

    header: bytes
    fields: bytes | None
    salt: bytes
    lane: int
    prev: bytes


class Entry(msgspec.Struct, gc=False):
    """A record of another node that was read and checked; from its insertion on with the number `no`."""

    node: str
    run: int
    seq: int
    hlc: int
    lane: int
    kind: str
    subject: UUID
    patient: UUID | None
    header: bytes
    fields: bytes | None
    salt: bytes
    prev: bytes
    hash: bytes
    said: Header
    parcel: Parcel
    place: int
    """Where it stood among those that came together."""
    applied: bool = False
    no: int = 0

    @property
    def key(self) -> tuple[str, int, int]:
        """What it is known by."""
        return self.node, self.run, self.seq


def entry(header: Header, parcel: Parcel, place: int) -> Entry:
    """From a parcel and its decoded header."""
    return Entry(
        header.node, header.run, header.seq, header.hlc, parcel.lane, header.kind, header.subject_id,
        header.patient_id, parcel.header, parcel.fields, parcel.salt, parcel.prev,
        canon.link(parcel.prev, parcel.header), header, parcel, place, header.op == NOTE,
    )  # fmt: skip


COLUMNS = ("node", "run", "seq", "hlc", "lane", "kind", "subject", "patient", "header", "fields", "salt", "prev",
           "hash", "pending", "applied", "arrived")  # fmt: skip
"""The columns of `Record` that an entry fills."""


@dataclass
class Taken:
    """What became of a batch."""

    new: int = 0
    known: int = 0
    quarantined: int = 0
    alarms: list[str] = field(default_factory=list)
    """Keys (`node/run/seq`) that came a second time with another content, or do not chain with their neighbours."""
    aside: list[int] = field(default_factory=list)
    """Places of those that are kept in quarantine alone, not in the journal."""
    kept: list[Quarantine] = field(default_factory=list)
    """Lines for the quarantine that are not written yet."""

    def set_aside(self, parcel: Parcel, header: Header | None, reason: str) -> None:
        """Keep a record raw, to be shown to a person."""
        self.quarantined += 1
        raw = orjson.dumps(
            {
                "header": parcel.header.hex(),
                "fields": parcel.fields.hex() if parcel.fields is not None else None,
                "salt": parcel.salt.hex(),
                "prev": parcel.prev.hex(),
                "lane": parcel.lane,
            }
        )
        # One line for each content: what differs must not be taken for a repetition.
        reason = f"{reason[:280]} [{hashlib.sha256(raw).hexdigest()[:12]}]".replace("\0", "")
        key = (header.node, header.run, header.seq) if header else ("", 0, 0)
        self.kept.append(Quarantine(node=key[0], run=key[1], seq=key[2], raw=raw, reason=reason))

    def write(self, database: str) -> None:
        """Store the lines."""
        if self.kept:
            Quarantine._base_manager.using(database).bulk_create(self.kept, ignore_conflicts=True)
            self.kept.clear()
