"""What follows by itself when records arrive: connected by what the node can do, never by its name."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import transaction

from qafila.clinic.cases import handing
from qafila.clinic.cases.assigning import receive
from qafila.clinic.cases.jobs import deliver_arrived, review_after_death
from qafila.clinic.cases.models import Answer, Case
from qafila.clinic.cases.transitions import SENT
from qafila.journal.header import CHANGE
from qafila.journal.here import here
from qafila.journal.signals import ingested
from qafila.packs.profile import Profile
from qafila.registry.people.models import Person
from qafila.registry.people.signals import died
from qafila.registry.staff.obligations import OBLIGATIONS

log = logging.getLogger("qafila.cases")


def connect(profile: Profile) -> None:
    """Connect what this node does when records of other nodes come in. Repeating it changes nothing."""
    if profile.routes_cases:
        ingested.connect(_receive, dispatch_uid="clinic.cases.receive")
        ingested.connect(_mourn, dispatch_uid="clinic.cases.mourn")
        handing.connect()
    died.connect(_review, dispatch_uid="clinic.cases.review")
    if profile.sees_patients:
        ingested.connect(_deliver, dispatch_uid="clinic.cases.deliver")


def disconnect() -> None:
    """Undo `connect` (a simulator that steps between nodes)."""
    ingested.disconnect(dispatch_uid="clinic.cases.receive")
    ingested.disconnect(dispatch_uid="clinic.cases.mourn")
    ingested.disconnect(dispatch_uid="clinic.cases.deliver")
    OBLIGATIONS.pop("cases", None)
    died.disconnect(dispatch_uid="clinic.cases.review")


def _review(sender: Any, person: Person, **_: Any) -> None:
    review_after_death(person)


def _mourn(sender: Any, headers: list[Any], **_: Any) -> None:
    """A death recorded elsewhere: another unit's open cases of the person are known here alone."""
    kind = Person.kind()
    touched = {h.subject_id for h in headers if h.kind == kind and h.op == CHANGE}
    for person in Person.objects.filter(pk__in=touched, died_on__isnull=False) if touched else ():
        _safely(partial(review_after_death, person))


def _receive(sender: Any, headers: list[Any], **_: Any) -> None:
    kind = Case.kind()
    touched = {h.subject_id for h in headers if h.kind == kind}
    for case in Case.objects.filter(pk__in=touched, status=SENT) if touched else ():
        _safely(partial(receive, case))


def _deliver(sender: Any, headers: list[Any], **_: Any) -> None:
    case, answer = Case.kind(), Answer.kind()
    touched = {h.subject_id for h in headers if h.kind == case}
    answers = {h.subject_id for h in headers if h.kind == answer}
    if answers:
        touched |= set(Answer.objects.filter(pk__in=answers).values_list("case_id", flat=True))
    if touched:
        _safely(partial(deliver_arrived, touched))


def _safely(act: Callable[[], object]) -> None:
    """A side effect that fails must not refuse the records that caused it: the node's jobs do it again."""
    try:
        with transaction.atomic(using=here().database):
            act()
    except Exception as error:  # noqa: BLE001 - whatever it is, the records stay
        log.error("after records came in: %s", type(error).__name__)
