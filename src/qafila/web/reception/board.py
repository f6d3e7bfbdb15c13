"""The queue as a page shows it: one line a person, with what whoever looks at it does next."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from qafila.clinic.visits.queries import QueueRow, queue
from qafila.clinic.visits.transitions import DOCTOR, NURSE, QUEUED, READY, WAITING
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import may
from qafila.registry.units.models import Unit
from qafila.web.reception import words

OVER = ("done", "left")


@dataclass(frozen=True)
class Action:
    """A button of a line: a link, or a form that posts."""

    label: str | Promise
    url: str
    icon: str
    post: bool = True
    primary: bool = False


@dataclass(frozen=True)
class Line:
    """One person in the queue."""

    row: QueueRow
    name: str
    other: str
    age: str
    sex: str
    waiting: str
    level: str
    triage: str
    status: str
    case: str
    case_pressing: bool
    case_url: str
    """Where the case is worked on, "" for a reader who has nothing to do with it."""
    actions: list[Action] = field(default_factory=list)

    @property
    def again(self) -> datetime | None:
        """When somebody waiting is to be looked at again, as long as that is to come."""
        visit = self.row.visit
        return visit.reassess_at if visit.status in QUEUED and not self.row.reassess_due else None

    @property
    def by_hand(self) -> str:
        """Why a person set another level than the computed one."""
        return "" if self.over else self.row.visit.triage_reason

    @property
    def over(self) -> bool:
        """The visit is finished."""
        return self.row.visit.status in OVER


def lines(unit: Unit, by: Staff) -> list[Line]:
    """Everybody of today, those present first and most urgent first."""
    rights = Rights(by, unit)
    return [_line(row, rights) for row in queue(unit, everybody=True)]


@dataclass
class Rights:
    """What the reader may do in this unit's queue, asked once for all lines."""

    by: Staff
    unit: Unit

    def __post_init__(self) -> None:
        self.vitals = may(self.by, "vitals.record", self.unit)
        self.consult = may(self.by, "consult.write", self.unit)
        self.closes = may(self.by, "visit.close", self.unit)
        self.cases = may(self.by, "case.read", self.unit)
        self.opens = may(self.by, "visit.open", self.unit)


def _line(row: QueueRow, rights: Rights) -> Line:
    visit = row.visit
    name, other = words.name_words(row.person, row.names)
    return Line(
        row=row,
        name=name,
        other=other,
        age=words.age_words(row.age),
        sex=words.sex_words(row.person) if row.person else "",
        waiting=words.minutes_words(row.waiting_minutes),
        level=visit.triage,
        triage=words.triage_words(visit),
        status=words.status_words(visit),
        case=str(words.CASE_STATES.get(row.badge, "")),
        case_pressing=row.badge in words.NEEDS_SOMEBODY,
        case_url=_case_url(row) if rights.cases else "",
        actions=_actions(row, rights),
    )


def _actions(row: QueueRow, rights: Rights) -> list[Action]:
    visit = row.visit
    found: list[Action] = []
    if visit.status in (DOCTOR, READY, NURSE, WAITING):
        if rights.consult:
            found += _consult(visit.pk, visit.status)
        if rights.vitals:
            first = visit.status in (WAITING, NURSE) and not rights.consult
            url = reverse("nurse:start", args=[visit.pk])
            found.append(Action(_("Vitals"), url, "heartbeat", primary=first))
        if rights.closes:
            if visit.status != WAITING and (rights.consult or rights.vitals):
                found.append(Action(_("Finish"), reverse("reception:act", args=[visit.pk, "finish"]), "check"))
            found.append(Action(_("Left"), reverse("reception:act", args=[visit.pk, "left"]), "left"))
    elif rights.opens:
        found.append(Action(_("Back in the queue"), reverse("reception:act", args=[visit.pk, "reopen"]), "again"))
    return found


def _case_url(row: QueueRow) -> str:
    try:
        return reverse("doctor:case", args=[row.case.pk]) if row.case else ""
    except NoReverseMatch:
        return ""


def _consult(visit: UUID, status: str) -> list[Action]:
    try:
        url = reverse("doctor:start", args=[visit])
    except NoReverseMatch:
        return []
    return [Action(_("Consult"), url, "stethoscope", primary=status in (READY, DOCTOR))]
