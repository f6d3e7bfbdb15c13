"""Keeps the search keys of names in step with the names, whether they were written here or came from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from qafila.journal import signals, tables
from qafila.journal.entries import Entry
from qafila.journal.here import Here, here
from qafila.journal.models import Record
from qafila.kernel.names import name_keys
from qafila.registry.people.models import NameKey, PersonName
from qafila.sync.signals import forgotten

_LONGEST = 40


def connect() -> None:
    """Follow the journal from now on. Every node needs it."""
    signals.written.connect(_follow, dispatch_uid="name-keys-written")
    signals.ingested.connect(_follow, dispatch_uid="name-keys-ingested")
    forgotten.connect(_forget, dispatch_uid="name-keys-forgotten")


def _follow(sender: Any, records: Sequence[Record | Entry], node: Here, **more: Any) -> None:
    kind = PersonName.kind()
    people = {r.patient for r in records if r.kind == kind and r.patient is not None}
    if people:
        refresh(people, node.database)


def _forget(sender: Any, person: UUID, node: Here, **more: Any) -> None:
    refresh([person], node.database)


def keys_of(names: Iterable[PersonName]) -> set[str]:
    """The search keys of these names: one a word."""
    words = (part for n in names if not n.withdrawn for part in (n.given, n.middle, n.family))
    return {key[:_LONGEST] for part in words for key in name_keys(part) if key}


def refresh(people: Iterable[UUID], database: str) -> None:
    """Make the keys of these people again from their names."""
    wanted = list(people)
    names: dict[UUID, list[PersonName]] = {p: [] for p in wanted}
    for name in PersonName.objects.using(database).filter(person_id__in=wanted):
        names[name.person_id].append(name)
    stored = NameKey._base_manager.using(database)
    present = {
        (person, key): pk
        for pk, person, key in stored.filter(person_id__in=wanted).values_list("pk", "person_id", "key")
    }
    right = {(person, key) for person, owned in names.items() for key in keys_of(owned)}
    if gone := [pk for pair, pk in present.items() if pair not in right]:
        stored.filter(pk__in=gone).delete()
    # Sorted, so that two processes never wait for each other in a circle.
    fresh = sorted((key, person) for person, key in right - present.keys())
    tables.insert(NameKey, ["key", "person_id"], fresh, database, once=["key", "person_id"])


def rebuild(batch: int = 1000) -> int:
    """Make all keys again, for a node whose keys were lost or made by an older rule; how many people it did."""
    database = here().database
    people = list(PersonName.objects.using(database).values_list("person_id", flat=True).distinct())
    for start in range(0, len(people), batch):
        refresh(people[start : start + batch], database)
    return len(people)
