"""Everything that is held of one person, row by row: what they are given when they ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Q

from qafila.journal.models import Label, Read, Recorded
from qafila.registry.people.models import Person
from qafila.registry.people.queries import one_with
from qafila.sync.scope import FILES

LEFT_OUT = frozenset({"heads"})
"""Fields that say something about the journal, not about the person."""
BATCH = 200


@dataclass(frozen=True)
class File:
    """A file of the record: name of its bytes, where it goes in the zip."""

    sha256: str
    media: str
    size: int


@cache
def kinds() -> dict[str, tuple[Any, tuple[str, ...]]]:
    """Kind → model and the fields that name a person: every recorded model that has one."""
    found: dict[str, tuple[Any, tuple[str, ...]]] = {Person.kind(): (Person, ("pk",))}
    for model in apps.get_models():
        if issubclass(model, Recorded) and model is not Person:
            names = tuple(f.name for f in model._meta.fields if f.is_relation and f.related_model is Person)
            if names:
                found[model.kind()] = (model, names)
    return found


def rows_of(person: UUID, *, whole: bool = True) -> Iterator[tuple[str, Recorded]]:
    """Every row that names the person, under whichever of their records; kind by kind, oldest first, in batches.
    Without `whole`, restricted rows stay out: somebody else asks, and may be the one whom they are about."""
    ids = one_with(person)
    for kind, (model, names) in kinds().items():
        asked = Q()
        for name in names:
            asked |= Q(**{f"{name}__in": ids})
        held = model._base_manager.filter(asked)
        for row in (held if whole else held.filter(label=Label.NORMAL)).order_by("id").iterator(chunk_size=BATCH):
            yield kind, row


def counts(person: UUID) -> dict[str, int]:
    """Kind → rows that name the person."""
    ids, found = one_with(person), {}
    for kind, (model, names) in kinds().items():
        asked = Q()
        for name in names:
            asked |= Q(**{f"{name}__in": ids})
        found[kind] = model._base_manager.filter(asked).count()
    return found


def plain(kind: str, row: Recorded) -> dict[str, Any]:
    """A row as the machine-readable file has it: every field, ids as they are."""
    return {"kind": kind} | {
        field.name: getattr(row, field.attname) for field in row._meta.fields if field.name not in LEFT_OUT
    }


def files_of(person: UUID, *, whole: bool = True) -> Iterator[File]:
    """The files of the record, each once; `whole` as in `rows_of`."""
    seen: set[str] = set()
    for kind, fields in FILES.items():
        if kind not in kinds():
            continue
        model, _names = kinds()[kind]
        rows = model._base_manager.filter(person_id__in=one_with(person)).order_by("id")
        for row in (rows if whole else rows.filter(label=Label.NORMAL)).iterator(chunk_size=BATCH):
            for name, size, media in fields:
                sha256 = getattr(row, name)
                if sha256 and sha256 not in seen:
                    seen.add(sha256)
                    told = getattr(row, media) if media else "image/jpeg"
                    yield File(sha256, told, getattr(row, size) if size else 0)


def reads_of(person: UUID) -> Iterator[Read]:
    """Who looked at the record on this node, oldest first."""
    yield from Read.objects.filter(patient__in=one_with(person)).order_by("at", "id").iterator(chunk_size=BATCH)
