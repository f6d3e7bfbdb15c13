"""An urgent case goes first, and with it everything that it refers to: otherwise it would be unreadable there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from django.apps import apps
from django.db import models

from qafila.journal.here import Here
from qafila.journal.ingest import recorded_model
from qafila.journal.models import Blob, Lane, Record, Recorded, Ref
from qafila.journal.signals import written
from qafila.sync import scope

CASE, VISIT = "clinic.case", "clinic.visit"
URGENT = frozenset({"emergency", "urgent"})
NOT_SENT = frozenset({"draft"})
GATHERED = (CASE, VISIT)
"""What belongs to these rows belongs to the case."""
IDENTITY = ("registry.personname",)
"""What says who the person is."""
SAMPLES = {"clinic.attachment": {"kind_of_file": "ecg"}}
"""Kind → which of its files a case cannot be read without: they follow the records at once."""


def connect() -> None:
    """Promote from now on. Does nothing on a node whose records wait for no hub."""
    written.connect(_on_written, dispatch_uid="lanes-written")


def _on_written(sender: Any, records: list[Record], node: Here, **kwargs: Any) -> None:
    if node.confirmed_by_hub:
        for case in _urgent_cases(records):
            promote(case)


def promote(case: Recorded) -> int:
    """Put what is still to be sent of a case and of all that it refers to into lane 0; how many records."""
    rows = closure(case)
    ids = {pk for _, pk in rows}
    pending = Record._base_manager.filter(pending=True, lane__gt=Lane.URGENT, subject__in=ids)
    moved = pending.update(lane=Lane.URGENT)
    for kind in SAMPLES:
        _promote_files(kind, [pk for k, pk in rows if k == kind])
    return moved


def closure(case: Recorded) -> set[tuple[str, UUID]]:
    """(kind, id) of the case's row, of the rows of its visit, and of every row that one of these refers to."""
    found: dict[tuple[str, UUID], Recorded] = {}
    _refer([case], found)
    for kind in GATHERED:
        _refer(_belonging(kind, [pk for k, pk in found if k == kind]), found)
    person = case.subject_of_care()
    for kind in IDENTITY if person else ():
        _refer(scope.rows_of(kind).filter(person_id=person), found)
    return set(found)


def _urgent_cases(records: Sequence[Record]) -> list[Recorded]:
    if not any(r.patient for r in records):
        return []
    ids: set[UUID] = set()
    visits: set[UUID] = set()
    for record in records:
        if record.kind == CASE:
            ids.add(record.subject)
        elif record.kind == VISIT:
            visits.add(record.subject)
        elif record.patient:
            case, visit = _belongs_to(record)
            ids |= {case} if case else set()
            visits |= {visit} if visit else set()
    wanted = models.Q(pk__in=ids) | models.Q(visit_id__in=visits)
    urgent = scope.rows_of(CASE).filter(
        wanted, person_id__in={r.patient for r in records if r.patient}, urgency__in=URGENT, closed_at__isnull=True
    )
    return list(urgent.exclude(status__in=NOT_SENT)) if ids or visits else []


def _belongs_to(record: Record) -> tuple[UUID | None, UUID | None]:
    """The case and the visit that a record names; read from the row where a change does not repeat them."""
    model = recorded_model(record.kind)
    names = {f.name for f in _refs(model)} & {"case", "visit"} if model else set()
    if model is None or not names:
        return None, None
    said = orjson.loads(record.fields) if record.fields is not None else {}
    if names & said.keys():
        found = {name: UUID(said[name]) if said.get(name) else None for name in names}
    else:
        row = model._base_manager.filter(pk=record.subject).first()
        found = {name: getattr(row, f"{name}_id", None) for name in names}
    return found.get("case"), found.get("visit")


def _refer(rows: Iterable[Recorded], found: dict[tuple[str, UUID], Recorded]) -> None:
    """Add rows and, step by step, all that they refer to."""
    todo = [r for r in rows if (r.kind(), r.pk) not in found]
    while todo:
        wanted: dict[type[Recorded], set[UUID]] = {}
        for row in todo:
            found[row.kind(), row.pk] = row
            for field in _refs(type(row)):
                target = getattr(row, field.attname)
                model = field.related_model
                if target and issubclass(model, Recorded) and (model.kind(), target) not in found:
                    wanted.setdefault(model, set()).add(target)
        todo = [r for model, ids in wanted.items() for r in model._base_manager.filter(pk__in=ids)]


def _belonging(kind: str, ids: list[UUID]) -> list[Recorded]:
    rows: list[Recorded] = []
    target = recorded_model(kind)
    for model in apps.get_models():
        if ids and target and issubclass(model, Recorded):
            for field in _refs(model):
                if field.related_model is target:
                    rows += model._base_manager.filter(**{f"{field.attname}__in": ids})
    return rows


@lru_cache(maxsize=100)
def _refs(model: type[Recorded]) -> tuple[Any, ...]:
    return tuple(f for f in model._meta.concrete_fields if isinstance(f, Ref))


def _promote_files(kind: str, ids: list[UUID]) -> None:
    rows = scope.rows_of(kind).filter(pk__in=ids, **SAMPLES[kind])
    Blob._base_manager.filter(sha256__in=list(rows.values_list("sha256", flat=True)), sent=False).update(
        lane=Lane.URGENT
    )
