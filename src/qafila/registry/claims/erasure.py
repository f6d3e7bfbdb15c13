"""Erasing a person's record: one person asks, another one confirms, at the hub. Every node carries it out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from qafila.journal.here import here
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.kernel.text import N_, tidy
from qafila.registry.claims.models import ErasureRequest, Ground, State
from qafila.registry.people.models import Person
from qafila.registry.people.queries import one_with
from qafila.registry.refused import ActRefused
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require
from qafila.sync import erasing, scope
from qafila.sync.models import Erasure

NOT_HERE = N_("An erasure is confirmed at the hub.")
SAME = N_("Another person than the one who asked has to confirm.")
OVER = N_("This request was decided already.")
WHY = N_("Write why.")
GROUND = N_("Choose the legal ground.")
UNDER_WAY = N_("A visit or a case of this person is open: close it first.")
ASKED = N_("This was asked for already, and waits for a second person.")


def ask(person: Person, by: Staff, ground: str, reason: str, reference: str = "") -> ErasureRequest:
    """Ask that all records of a person be erased. Raises `NotAllowed`, `ActRefused`."""
    require(by, "erasure.ask", person)
    words, number = _words(reason, 500), _words(reference, 60)
    if ground not in Ground.values or ground == Ground.RETENTION:
        raise ActRefused(GROUND)
    if not words:
        raise ActRefused(WHY)
    if waiting().filter(person_id__in=one_with(person.pk)).exists():
        raise ActRefused(ASKED)
    with writing(by, act="erasure.ask") as write:
        return write.save(
            ErasureRequest(person=person, ground=ground, reason=words, reference=number, asked_by=by,
                           asked_at=clock.now())
        )  # fmt: skip


def refuse(request: ErasureRequest, by: Staff, words: str) -> ErasureRequest:
    """Say no, with the reason; the record stays as it is. Raises `NotAllowed`, `ActRefused`."""
    _may_decide(request, by)
    said = _words(words, 300)
    if not said:
        raise ActRefused(WHY)
    with writing(by, act="erasure.refuse") as write:
        request.state, request.decided_by, request.words = State.REFUSED, by, said
        return write.save(request)


def confirm(request: ErasureRequest, by: Staff) -> list[Erasure]:
    """Erase: on this node at once, on every other as soon as it hears. There is no way back.

    Records that were merged go as one. Raises `NotAllowed`, `ActRefused`.
    """
    _may_decide(request, by)
    if here().confirmed_by_hub:
        raise ActRefused(NOT_HERE)
    people = one_with(request.person_id)
    if under_way(people):
        raise ActRefused(UNDER_WAY)
    told: dict[str, Any] = {"ground": request.ground, "reference": request.reference}
    told |= {"asked_by": request.asked_by_id, "asked_at": request.asked_at}
    with writing(by, act="erasure.confirm") as write:
        request.state, request.decided_by = State.DONE, by
        write.save(request)
        said = [write.save(Erasure(who=person, **told)) for person in people]
        transaction.on_commit(erasing.try_to_settle, using=here().database)
    return said


def waiting() -> QuerySet[Any]:
    """Requests that nobody has decided."""
    found: QuerySet[Any] = ErasureRequest.objects.filter(state=State.ASKED).order_by("asked_at")
    return found


def under_way(people: Iterable[UUID]) -> bool:
    """Whether a visit or a case of them is open."""
    some = list(people)
    return any(
        scope.rows_of(kind).filter(person_id__in=some, closed_at=None).exists() for kind in (scope.VISIT, scope.CASE)
    )


def _may_decide(request: ErasureRequest, by: Staff) -> None:
    require(by, "erasure.confirm")
    if request.state != State.ASKED:
        raise ActRefused(OVER)
    if request.asked_by_id == by.pk:
        raise ActRefused(SAME)


def _words(text: str, most: int) -> str:
    return tidy(text, most, lambda bad: ActRefused(bad.message, **bad.values))
