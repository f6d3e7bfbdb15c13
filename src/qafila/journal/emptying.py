"""Taking a person's record off a node that does not hold it any more: rows, fields and salts go, the chain stays.

What stays of a record is its header (who did what kind of thing, when) and the salted digest, so that the chain is
whole and `check` clean. The same record that comes again with its fields is filled in again (`ingest`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

import orjson
from django.db import transaction

from qafila.journal.apply import recorded_model
from qafila.journal.guard import writer_token
from qafila.journal.header import decode
from qafila.journal.here import here
from qafila.journal.models import Clash, Quarantine, Record

BATCH = 500
REMOVED = "its fields were taken away"
"""Reason of a line of the quarantine that was emptied."""


@dataclass
class Emptied:
    """What was taken away."""

    records: int = 0
    subjects: set[UUID] = field(default_factory=set)
    """Ids of the rows."""


def empty(patient: UUID, keep: Collection[UUID] = (), only: Collection[UUID] = ()) -> Emptied:
    """Take away all that this node holds of a person but the rows in `keep`; with `only`, these rows alone. Files are
    the caller's.

    Doing it twice changes nothing. The caller has made sure that nothing of it is here alone.
    """
    database = here().database
    done = Emptied()
    with transaction.atomic(using=database):
        full = Record._base_manager.using(database).filter(patient=patient).exclude(fields=None)
        clashes = Clash._base_manager.using(database).filter(patient=patient).exclude(subject__in=list(keep))
        if only:
            full, clashes = full.filter(subject__in=list(only)), clashes.filter(subject__in=list(only))
        kinds: dict[str, set[UUID]] = {}
        for kind, subject in full.exclude(subject__in=list(keep)).values_list("kind", "subject"):
            kinds.setdefault(kind, set()).add(subject)
        for kind in sorted(kinds):
            _remove_rows(kind, sorted(kinds[kind]), database)
            done.subjects |= kinds[kind]
        numbers = list(full.exclude(subject__in=list(keep)).values_list("pk", flat=True))
        for start in range(0, len(numbers), BATCH):
            some = Record._base_manager.using(database).filter(pk__in=numbers[start : start + BATCH])
            # Nothing waits for its row any more.
            done.records += some.update(fields=None, salt=None, applied=True)
        clashes.delete()
        _empty_quarantine(patient, keep, only, database)
    return done


def _remove_rows(kind: str, ids: list[UUID], database: str) -> None:
    model = recorded_model(kind)
    if model is None:
        return
    with writer_token():
        for start in range(0, len(ids), BATCH):
            rows = model._base_manager.using(database).filter(pk__in=ids[start : start + BATCH])
            # The journal alone may: its records explain that the row was here.
            rows._raw_delete(database)


def _empty_quarantine(patient: UUID, keep: Collection[UUID], only: Collection[UUID], database: str) -> None:
    """What could not be understood, but says of whom it is."""
    for row in Quarantine._base_manager.using(database).iterator(chunk_size=BATCH):
        try:
            raw = orjson.loads(bytes(row.raw))
            header = decode(bytes.fromhex(raw["header"]))
        except (ValueError, KeyError, TypeError):
            continue
        meant = header.patient_id == patient and header.subject_id not in keep
        if meant and (not only or header.subject_id in only) and raw.get("fields") is not None:
            raw |= {"fields": None, "salt": ""}
            row.raw = orjson.dumps(raw)
            # The reason may quote what did not fit.
            row.reason = f"{REMOVED} [{row.reason.rpartition(' [')[2]}"[:300]
            row.save(using=database, update_fields=["raw", "reason"])
