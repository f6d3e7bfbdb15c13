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
from qafila.registry.people.blocking import blocks, hashed
from qafila.registry.people.matching import word
from qafila.registry.people.models import MatchKey, NameKey, Person, PersonLink, PersonName
from qafila.registry.people.queries import known_of
from qafila.sync.signals import forgotten

_LONGEST = 40
_KEYED = ("id", "person_id", "key")
_PARTS = ("given", "middle", "family")


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
    links = tables.among(PersonLink, "other_id", mothers, ["person_id"], here().database,
                         relation=PersonLink.Relation.MOTHER.value, withdrawn=False)  # fmt: skip
    return {child for (child,) in links}


def refresh_blocks(people: Iterable[UUID], database: str) -> None:
    """Make the blocks of these people again."""
    wanted = set(people)
    right = {(hashed(block), pk) for pk, known in known_of(wanted).items() for block in blocks(known)}
    stored = MatchKey._base_manager.using(database)
    present = {(k, p): pk for pk, p, k in tables.among(MatchKey, "person_id", wanted, _KEYED, database)}
    if gone := [pk for pair, pk in present.items() if pair not in right]:
        stored.filter(pk__in=gone).delete()
    fresh = sorted(right - present.keys())
    tables.insert(MatchKey, ["key", "person_id"], fresh, database, once=["key", "person_id"])


def _forget(sender: Any, person: UUID, node: Here, **more: Any) -> None:
    refresh([person], node.database)


def keys_of(parts: Iterable[str]) -> set[str]:
    """The search keys of these parts of names: one a word."""
    return {key[:_LONGEST] for part in parts if (one := word(part)) is not None for key in one.keys if key}


def refresh(people: Iterable[UUID], database: str) -> None:
    """Make the keys of these people again from their names."""
    wanted = list(people)
    names = tables.among(PersonName, "person_id", wanted, ["person_id", *_PARTS], database, withdrawn=False)
    stored = NameKey._base_manager.using(database)
    present = {(person, key): pk for pk, person, key in tables.among(NameKey, "person_id", wanted, _KEYED, database)}
    right = {(person, key) for person, *parts in names for key in keys_of(parts)}
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
