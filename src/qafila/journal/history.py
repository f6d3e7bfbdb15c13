"""Who changed what and when, of any row; and the log of who looked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from qafila.journal import upcast
from qafila.journal.apply import recorded_model
from qafila.journal.header import Header, decode
from qafila.journal.here import here
from qafila.journal.models import Read, Record
from qafila.journal.stamps import Stamp
from qafila.kernel.clock import hlc_time


@dataclass(frozen=True)
class Entry:
    """One change of one row."""

    at: datetime
    node: str
    actor: UUID | None
    act: str
    kind: str
    subject: UUID
    created: bool
    fields: dict[str, Any] | None
    """None once erased."""
    stamp: Stamp


def of_subject(subject: UUID) -> list[Entry]:
    """The changes of one row, oldest first."""
    return _entries(Record._base_manager.using(here().database).filter(subject=subject))


def of_patient(patient: UUID, limit: int = 500) -> list[Entry]:
    """The latest changes of everything in a person's record, oldest first."""
    rows = Record._base_manager.using(here().database).filter(patient=patient).order_by("-no")[:limit]
    return _entries(rows)


def _entries(rows: Any) -> list[Entry]:
    entries = []
    for header_bytes, fields in rows.values_list("header", "fields"):
        header = decode(bytes(header_bytes))
        entries.append(
            Entry(
                at=hlc_time(header.hlc),
                node=header.node,
                actor=UUID(header.actor) if header.actor else None,
                act=header.act,
                kind=header.kind,
                subject=header.subject_id,
                created=header.op == "c",
                fields=_said(header, bytes(fields)) if fields is not None else None,
                stamp=header.stamp,
            )
        )
    return sorted(entries, key=lambda e: e.stamp)


def _said(header: Header, data: bytes) -> dict[str, Any]:
    """The fields by today's names; as they were written where this program cannot bring them there."""
    model = recorded_model(header.kind)
    try:
        if model is not None:
            return upcast.read(model, header, data)[0]
    except ValueError:
        pass
    raw: dict[str, Any] = orjson.loads(data)
    return raw


def log_read(actor: UUID | None, patient: UUID, page: str, reason: str = "", basis: str = "") -> None:
    """Note that somebody looked at a person's record. `basis`: what they have to do with the person."""
    row = Read(actor=actor, patient=patient, page=page[:60], reason=reason[:300], basis=basis[:12])
    row.save(using=here().database)
