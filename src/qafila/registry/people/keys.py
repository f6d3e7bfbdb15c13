"""Keeps what is derived from people in step with them: the search keys of names, and the blocks of the matcher.

Whether they were written here or came from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from qafila.journal import signals, tables
from qafila.journal.entries import Entry
from qafila.journal.here import Here, here
from qafila.journal.models import Record
from qafila.kernel.names import name_keys
from qafila.registry.people.blocking import blocks, hashed
from qafila.registry.people.models import MatchKey, NameKey, Person, PersonLink, PersonName
from qafila.registry.people.queries import known_of
from qafila.sync.signals import forgotten

_LONGEST = 40


def connect() -> None:
    """Follow the journal from now on. Every node needs it."""
    signals.written.connect(_follow, dispatch_uid="name-keys-written")
    signals.ingested.connect(_follow, dispatch_uid="name-keys-ingested")
    forgotten.connect(_forget, dispatch_uid="name-keys-forgotten")


def _follow(sender: Any, records: Sequence[Record | Entry], node: Here, **more: Any) -> None:
    called = {r.patient for r in records if r.kind == PersonName.kind() and r.patient is not None}
    if called:
        refresh(called, node.database)
    kinds = {Person.kind(), PersonName.kind(), PersonLink.kind()}
    changed = {r.patient for r in records if r.kind in kinds and r.patient is not None}
    if changed:
        refresh_blocks(changed | _children(called), node.database)


def _children(mothers: set[UUID]) -> set[UUID]:
    """A mother's name stands in the blocks of her children."""
    if not mothers:
        return set()
    links = PersonLink.objects.filter(other_id__in=mothers, relation=PersonLink.Relation.MOTHER, withdrawn=False)
    return set(links.values_list("person_id", flat=True))


def refresh_blocks(people: Iterable[UUID], database: str) -> None:
    """Make the blocks of these people again."""
    wanted = set(people)
    right = {(hashed(block), pk) for pk, known in known_of(wanted).items() for block in blocks(known)}
    stored = MatchKey._base_manager.using(database)
    present = {(k, p): pk for pk, p, k in stored.filter(person_id__in=wanted).values_list("pk", "person_id", "key")}
    if gone := [pk for pair, pk in present.items() if pair not in right]:
        stored.filter(pk__in=gone).delete()
    fresh = sorted(right - present.keys())
    tables.insert(MatchKey, ["key", "person_id"], fresh, database, once=["key", "person_id"])


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
    """Make all keys and blocks again, where they were lost or made by an older rule; how many people it did."""
    database = here().database
    people = list(Person.objects.using(database).values_list("pk", flat=True))
    for start in range(0, len(people), batch):
        refresh(people[start : start + batch], database)
        refresh_blocks(people[start : start + batch], database)
    return len(people)
