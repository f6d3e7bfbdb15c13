"""Whoever comes to the node that keeps the register is compared with everybody there; likely pairs wait."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from qafila.journal import signals, tables
from qafila.journal.entries import Entry
from qafila.journal.here import Here, here
from qafila.journal.models import Record
from qafila.registry.people.duplicates import likely
from qafila.registry.people.models import Newcomer, Pair, Person, PersonLink, PersonName
from qafila.registry.people.queries import count_names, decided_of, known_of, one_with

A_TURN = 200
"""People compared in one run of the job."""
MOST_PAIRS = 10


def connect() -> None:
    """Follow the journal from now on. Called where the profile keeps the register of people."""
    signals.written.connect(_follow, dispatch_uid="newcomers-written")
    signals.ingested.connect(_follow, dispatch_uid="newcomers-ingested")


def disconnect() -> None:
    """Undo `connect` (a simulator that steps between nodes)."""
    signals.written.disconnect(dispatch_uid="newcomers-written")
    signals.ingested.disconnect(dispatch_uid="newcomers-ingested")


def _follow(sender: Any, records: Sequence[Record | Entry], node: Here, **more: Any) -> None:
    kinds = {Person.kind(), PersonName.kind(), PersonLink.kind()}
    people = sorted({r.patient for r in records if r.kind in kinds and r.patient is not None})
    tables.insert(Newcomer, ["person"], [(p,) for p in people], node.database, once=["person"])


def compare_newcomers(most: int = A_TURN) -> int:
    """Compare who has come, and put the likely pairs into the work list; how many people were compared."""
    waiting = list(Newcomer.objects.values_list("person", flat=True)[:most])
    known = known_of(waiting)
    for person in waiting:
        with transaction.atomic(using=here().database):
            Newcomer.objects.filter(person=person).delete()
            found = _pairs(person, known[person]) if person in known else {}
            Pair.objects.filter(Q(one=person) | Q(other=person)).delete()
            Pair.objects.bulk_create(
                Pair(one=min(person, other), other=max(person, other), bits=bits) for other, bits in found.items()
            )
    return len(waiting)


def _pairs(person: UUID, known: Any) -> dict[UUID, float]:
    group = one_with(person)
    apart = {end for said in decided_of(group) for end in (said.person_id, said.other_id)}
    return {f.person_id: f.bits for f in likely(known, {*group, *apart}, MOST_PAIRS)}


def waiting(limit: int, after: int = 0) -> list[Pair]:
    """The pairs that wait for a decision, the likeliest first."""
    return list(Pair.objects.order_by("-bits", "id")[after : after + limit])


def whole(pairs: Iterable[Pair]) -> set[UUID]:
    """Everybody in these pairs."""
    return {end for pair in pairs for end in (pair.one, pair.other)}


def _count() -> None:
    count_names()


def _compare() -> None:
    compare_newcomers()


JOBS: dict[str, Callable[[], None]] = {"people_watch": _compare, "name_shares": _count}
"""What a profile may name as a job of the node at hand."""
