"""Reading the loop: notices and owners on a unit, reminders, the next round's list, what was spared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Max, Q

from qafila.clinic.cases import loop
from qafila.clinic.cases.loop_models import Contact, Saving
from qafila.clinic.cases.models import Answer, Case, CaseEvent
from qafila.clinic.cases.transitions import ANSWERED, CLOSED, DRAFT, EXPLAINED, MORE_ASKED, ON_UNIT, WITH_ANSWER
from qafila.clinic.visits.models import FactStatus, Visit
from qafila.journal.topics import until_changed
from qafila.kernel import clock
from qafila.packs import load
from qafila.registry.claims.restricting import restricted
from qafila.registry.people.models import Person
from qafila.registry.places.here import local_day
from qafila.registry.staff.models import Staff
from qafila.registry.units.models import Stop, Unit
from qafila.registry.units.queries import crew

LISTED = Case.objects.defer("intake")
NEW = (ANSWERED, ON_UNIT)
"""An answer that was not explained yet."""


@dataclass(frozen=True)
class Notice:
    """An answer on the unit that nobody has explained yet, and who has it in hand; or one that the hub explained while
    the unit was down and nobody there has opened (`by_hub`)."""

    case: Case
    owner: Staff | None
    read: bool
    by_hub: bool = False


@dataclass(frozen=True)
class Due:
    """A person of the next round's list. `why`: told (answered, not told yet), overdue, due, open (no outcome yet)."""

    case: Case
    why: str
    day: date | None
    place: str
    locality: str
    attempts: int


def answers_in_force(cases: Iterable[UUID]) -> dict[UUID, Answer]:
    """Case → its answer in force, without the facts it covers: one query."""
    rows = Answer.objects.filter(case_id__in=list(cases), status=FactStatus.FINAL).defer("shown")
    return {row.case_id: row for row in rows.order_by("at", "id")}


def _read(cases: Iterable[UUID]) -> set[UUID]:
    values = CaseEvent.objects.filter(case_id__in=list(cases), act="read").values_list("values", flat=True)
    found = set()
    for one in values:
        try:
            found.add(UUID(str((one or {}).get("answer"))))
        except ValueError:
            continue
    return found


def notices(unit: Unit) -> list[Notice]:
    """The unit's answers that wait to be explained, longest first, each with its owner; and those that the hub told
    the person itself, until somebody of the unit opens them. Every page of the unit asks for them: they are kept until
    something of them changes."""
    return list(_notices(unit))


@until_changed
def _notices(unit: Unit) -> tuple[Notice, ...]:
    by_hub = Q(status=EXPLAINED, pk__in=CaseEvent.objects.filter(act="tell").values("case_id"))
    cases = list(LISTED.filter(Q(status__in=NEW) | by_hub, unit_id=unit.pk).order_by("answered_at", "id"))
    if not cases:
        return ()
    members = crew(unit)
    ranks = [(one.pk, "doctor" in one.roles, "nurse" in one.roles) for one in members]
    by_id = {one.pk: one for one in members}
    given = answers_in_force(c.pk for c in cases)
    seen = _read(c.pk for c in cases)
    found = (
        Notice(
            case=case,
            owner=by_id.get(loop.owner(case.doctor_id, ranks)),  # type: ignore[arg-type]
            read=case.pk in given and given[case.pk].pk in seen,
            by_hub=case.status == EXPLAINED,
        )
        for case in cases
    )
    return tuple(one for one in found if not (one.by_hub and one.read))


def owner_of(case: Case) -> Staff | None:
    """Who on the unit has the case's answer in hand."""
    unit = Unit.objects.filter(pk=case.unit_id).first()
    members = crew(unit) if unit is not None else []
    chosen = loop.owner(case.doctor_id, [(m.pk, "doctor" in m.roles, "nurse" in m.roles) for m in members])
    return next((m for m in members if m.pk == chosen), None)


def unread() -> list[loop.Unread]:
    """Answers that no unit has opened in time: for the coordinator."""
    return list(_unread())


@until_changed
def _unread() -> tuple[loop.Unread, ...]:
    rules = load.loop()
    urgencies = [one.urgency for one in rules.unread]
    cases = list(LISTED.filter(status__in=NEW, urgency__in=urgencies))
    ids = [c.pk for c in cases]
    return tuple(loop.unread(cases, answers_in_force(ids), _read(ids), rules, clock.now()))


def reminders(unit: Unit | None = None) -> list[loop.Reminder]:
    """Cases that have stayed open too long, of a unit or of all."""
    cases = LISTED.filter(status__in=WITH_ANSWER | {MORE_ASKED, DRAFT})
    held = list(cases.filter(unit_id=unit.pk) if unit is not None else cases)
    ids = [c.pk for c in held]
    asked = CaseEvent.objects.filter(case_id__in=[c.pk for c in held if c.status == MORE_ASKED], act="ask")
    when: dict[UUID, datetime] = dict(asked.values("case_id").annotate(last=Max("at")).values_list("case_id", "last"))
    return loop.reminders(held, answers_in_force(ids), when, load.loop(), clock.now())


def next_round(unit: Unit, until: date) -> list[Due]:
    """Who has to be seen on the unit's next round: told an answer, controlled by `until`, or asked how it went."""
    cases = list(LISTED.filter(unit_id=unit.pk, status__in=[*WITH_ANSWER, CLOSED]).order_by("answered_at"))
    given = answers_in_force(c.pk for c in cases)
    today = local_day()
    held = [(c, *one) for c in cases if (one := _due(c, given.get(c.pk), today, until)) is not None]
    again = _seen_since([(c, day) for c, why, day in held if c.status == CLOSED and day is not None])
    places = _places([c for c, _, _ in held])
    tried = _attempts(c.pk for c, _, _ in held)
    found = [
        Due(c, why, day, *places.get(c.pk, ("", "")), tried.get(c.pk, 0)) for c, why, day in held if c.pk not in again
    ]
    order = {"told": 0, "overdue": 1, "due": 2, "open": 3}
    return sorted(found, key=lambda one: (one.place, one.locality, order[one.why], one.day or today))


def _due(case: Case, answer: Answer | None, today: date, until: date) -> tuple[str, date | None] | None:
    if case.status in NEW:
        return "told", answer.follow_up if answer is not None else None
    if answer is not None and answer.follow_up is not None and answer.follow_up <= until:
        return ("overdue" if answer.follow_up < today else "due"), answer.follow_up
    return ("open", None) if case.status == EXPLAINED else None


def _seen_since(closed: list[tuple[Case, date]]) -> set[UUID]:
    """Closed cases whose person came to a visit since the day that was agreed: nobody waits for them any more."""
    people = {c.person_id for c, _ in closed}
    last = dict(
        Visit.objects.filter(person_id__in=people)
        .values("person_id")
        .annotate(d=Max("day"))
        .values_list("person_id", "d")
    )
    return {c.pk for c, day in closed if c.person_id in last and last[c.person_id] >= day}


def _places(cases: list[Case]) -> dict[UUID, tuple[str, str]]:
    """Where each person was seen (the stop's place and locality), else lives."""
    visits = Visit.objects.in_bulk([c.visit_id for c in cases if c.visit_id])
    stops = Stop.objects.in_bulk([v.stop_id for v in visits.values() if v.stop_id])
    lives = dict(Person.objects.filter(pk__in=[c.person_id for c in cases]).values_list("pk", "place"))
    found = {}
    for case in cases:
        visit = visits.get(case.visit_id)
        stop = stops.get(visit.stop_id) if visit is not None else None
        found[case.pk] = (stop.place, stop.locality) if stop is not None else (lives.get(case.person_id, ""), "")
    return found


def _attempts(cases: Iterable[UUID]) -> dict[UUID, int]:
    reached = {one.code for one in load.loop().contact_result if one.reached}
    rows = Contact.objects.filter(case_id__in=list(cases), status=FactStatus.FINAL).exclude(result__in=reached)
    found: dict[UUID, int] = defaultdict(int)
    for case in rows.values_list("case_id", flat=True):
        found[case] += 1
    return found


def contacts_of(case: Case) -> list[Contact]:
    """Attempts and talks about a case, newest first."""
    return list(Contact.objects.filter(case_id=case.pk, status=FactStatus.FINAL).order_by("-at", "-id"))


def saving_of(case: Case) -> Saving | None:
    """What the case spared the person; None where nothing was recorded."""
    found: Saving | None = Saving.objects.filter(case_id=case.pk).order_by("-at", "-id").first()
    return found


@dataclass(frozen=True)
class Spared:
    """What all closed cases spared together; each sum with the number of cases that it is of."""

    cases: int
    km: Decimal
    km_of: int
    hours: Decimal
    hours_of: int
    money: dict[str, tuple[Decimal, int]]


def spared(since: datetime | None = None) -> Spared:
    """The sums over the cases of this node. A corrected outcome counts once."""
    rows = Saving.objects.exclude(person_id__in=restricted())
    rows = rows.filter(at__gte=since) if since is not None else rows
    latest: dict[UUID, Any] = {}
    for row in rows.order_by("at", "id").defer("inputs", "lacking"):
        latest[row.case_id] = row
    held = latest.values()
    money: dict[str, tuple[Decimal, int]] = {}
    for row in held:
        if row.money is not None:
            total, count = money.get(row.currency, (Decimal(0), 0))
            money[row.currency] = (total + row.money, count + 1)
    return Spared(
        cases=len(latest),
        km=sum((r.km for r in held if r.km is not None), Decimal(0)),
        km_of=sum(r.km is not None for r in held),
        hours=sum((r.hours for r in held if r.hours is not None), Decimal(0)),
        hours_of=sum(r.hours is not None for r in held),
        money=money,
    )
