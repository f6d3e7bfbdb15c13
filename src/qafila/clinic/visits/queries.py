"""Reading visits: the queue, the ten-second summary of a person, the series of their readings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from qafila.clinic.models import Allergy, Attachment, Case, Condition, Note, Observation, Visit
from qafila.clinic.rules.observations import KINDS
from qafila.clinic.visits import assessment
from qafila.clinic.visits.models import FactStatus
from qafila.clinic.visits.transitions import PRESENT, QUEUED
from qafila.journal.models import Label
from qafila.kernel import clock
from qafila.kernel.dates import Age
from qafila.kernel.looks import looked
from qafila.registry.people.births import age_of
from qafila.registry.people.models import Person, PersonName
from qafila.registry.people.queries import groups_of, names_of, one_with, people_of, who_are
from qafila.registry.places.here import local_day
from qafila.registry.units.models import Unit

ORDER = {"doctor": 0, "nurse": 1, "ready": 2, "waiting": 3, "done": 4, "left": 5}
OPEN_CASES = (
    "draft", "sent", "received", "assigned", "accepted", "more_asked", "declined", "answered", "on_unit", "explained",
)  # fmt: skip


@dataclass(frozen=True)
class QueueRow:
    """One line of the queue. `person` is None where the person's record has not come to this node yet."""

    visit: Visit
    person: Person | None
    names: list[PersonName]
    age: Age | None
    waiting_minutes: int
    """Since opening, of a person still here; else the length of the visit."""
    reassess_due: bool
    """Somebody waiting has to be looked at again by now."""
    case: Case | None
    """The most pressing case of the visit."""

    @property
    def badge(self) -> str:
        """State of the case, "" without one."""
        return self.case.status if self.case else ""


@dataclass(frozen=True)
class Trend:
    """The latest reading of a kind with the one before it; `change` is up, down, same, or "" with nothing before."""

    latest: Observation
    before: Observation | None
    change: str


@dataclass(frozen=True)
class Known:
    """Of a person's lists: problems and allergies."""

    problems: list[Condition]
    """Newest first, each code once; refuted ones left out."""
    allergies: list[Allergy]
    allergies_known: str
    """`not_asked`, `none_known` or `some`."""


@dataclass(frozen=True)
class Summary:
    """What a doctor has to see of a person in ten seconds."""

    person: Person | None
    names: list[PersonName]
    age: Age | None
    problems: list[Condition]
    """Newest first, each code once; refuted ones left out."""
    allergies: list[Allergy]
    allergies_known: str
    """`not_asked`, `none_known` or `some`."""
    vitals: dict[str, Trend]
    """By key of the table of observations, in its order."""
    open_cases: list[Case]
    visits: list[Visit]


@dataclass(frozen=True)
class VisitPage:
    """All that was recorded in one visit, errors included (they are shown struck through)."""

    observations: list[Observation] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)


OVERNIGHT = timedelta(hours=12)
"""How long after opening a visit of the day before still counts as today's, as long as the person has not gone."""


def todays(units: Collection[UUID]) -> QuerySet[Visit]:
    """The visits of today at these units, and of whoever came before midnight and is still there: nobody falls out of
    the queue because the date changes. One that was left open in the morning is not in the way the next day."""
    today = local_day()
    stayed = Q(day=today - timedelta(days=1), status__in=PRESENT, opened_at__gt=clock.now() - OVERNIGHT)
    return Visit.objects.filter(Q(day=today) | stayed, unit_id__in=units)


def queue(unit: Unit, *, everybody: bool = False) -> list[QueueRow]:
    """Today's queue: whoever is with somebody first, then the waiting by triage, day and ticket. Four queries.

    `everybody` adds those who are done or left.
    """
    visits = todays([unit.pk])
    rows = list(visits.exclude(status="error") if everybody else visits.filter(status__in=PRESENT))
    people, names = who_are(v.person_id for v in rows)
    cases = _cases_by_visit([v.pk for v in rows])
    now, today = clock.now(), local_day()
    found = [_row(v, people.get(v.person_id), names, cases.get(v.pk), now, today) for v in rows]
    return sorted(found, key=_place)


def visit_today(person_id: UUID, unit: Unit) -> Visit | None:
    """The person's visit that is open at the unit today."""
    rows = todays([unit.pk]).filter(person_id__in=one_with(person_id), status__in=PRESENT)
    return rows.order_by("-opened_at").first()


MOST_DIAGNOSES = 100


@looked
def diagnoses(person_id: UUID) -> list[Condition]:
    """A person's latest diagnoses that hold, newest first."""
    rows = Condition.objects.filter(person_id__in=one_with(person_id), status=FactStatus.FINAL)
    return list(rows.order_by("-at", "-id")[:MOST_DIAGNOSES])


@looked
def known(person_id: UUID) -> Known:
    """A person's problems and allergies, all their records together."""
    ids = one_with(person_id)
    problems: dict[str, Condition] = {}
    for one in diagnoses(person_id):
        problems.setdefault(one.code, one)
    allergies = list(Allergy.objects.filter(person_id__in=ids, status=FactStatus.FINAL).order_by("at"))
    named = [one for one in allergies if not one.none_known]
    said = "some" if named else "none_known" if allergies else "not_asked"
    return Known([one for one in problems.values() if one.certainty != "refuted"], named, said)


def summary(person_id: UUID, *, visits: int = 10) -> Summary:
    """The ten-second page of a person, all their records together; a fixed number of queries, whatever they hold."""
    held = groups_of([person_id])
    person, ids = people_of([person_id], held).get(person_id), list(held.get(person_id, (person_id,)))
    lists = known(person_id)
    return Summary(
        person=person,
        names=names_of([person_id], held)[person_id],
        age=age_of(person, local_day()) if person else None,
        problems=lists.problems,
        allergies=lists.allergies,
        allergies_known=lists.allergies_known,
        vitals=latest_vitals(ids),
        open_cases=list(Case.objects.filter(person_id__in=ids, status__in=OPEN_CASES).order_by("-opened_at")),
        visits=list(Visit.objects.filter(person_id__in=ids).exclude(status="error").order_by("-opened_at")[:visits]),
    )


def latest_vitals(ids: Collection[UUID], within: int = 200) -> dict[str, Trend]:
    """The latest reading of each kind with its change, from the last `within` observations of a person's records."""
    known = Observation.objects.filter(person_id__in=ids, status=FactStatus.FINAL)
    rows = known.order_by("-at", "-id")[:within]
    by_key: dict[str, list[Observation]] = defaultdict(list)
    for one in rows:
        by_key[one.code].append(one)
    return {key: _trend(by_key[key]) for key in KINDS if key in by_key}


MOST_READINGS = 500


@looked
def readings(person_id: UUID, key: str = "", limit: int = MOST_READINGS) -> list[Observation]:
    """A person's latest readings that hold, newest first: of one kind, or of all. One query."""
    rows = Observation.objects.filter(person_id__in=one_with(person_id), status=FactStatus.FINAL)
    return list((rows.filter(code=key) if key else rows).order_by("-at", "-id")[:limit])


def vitals_of(person_id: UUID, key: str = "", limit: int = MOST_READINGS) -> dict[str, list[Observation]]:
    """The series of a person's readings by key, oldest first: of one kind, or of all. One query."""
    found: dict[str, list[Observation]] = defaultdict(list)
    for one in sorted(readings(person_id, key, limit), key=lambda o: (o.at, o.pk)):
        found[one.code].append(one)
    return dict(found)


def restricted_notes(person_id: UUID) -> list[Note]:
    """Notes that only those see who treat the person, newest first. One query."""
    rows = Note.objects.filter(person_id=person_id, status=FactStatus.FINAL).exclude(label=Label.NORMAL)
    return list(rows.order_by("-at", "-id")[:5])


def page(visit: Visit) -> VisitPage:
    """All that was recorded in a visit, oldest first: five queries."""
    return VisitPage(
        observations=list(Observation.objects.filter(visit_id=visit.pk).order_by("at", "id")),
        notes=list(Note.objects.filter(visit_id=visit.pk).exclude(status=FactStatus.AMENDED).order_by("at", "id")),
        conditions=list(
            Condition.objects.filter(visit_id=visit.pk).exclude(status=FactStatus.AMENDED).order_by("at", "id")
        ),
        attachments=list(Attachment.objects.filter(visit_id=visit.pk).order_by("at", "id")),
        cases=list(Case.objects.filter(visit_id=visit.pk).order_by("opened_at")),
    )


def _cases_by_visit(visits: list[UUID]) -> dict[UUID, Case]:
    order = {status: place for place, status in enumerate(reversed(OPEN_CASES))}
    found: dict[UUID, Case] = {}
    for case in Case.objects.filter(visit_id__in=visits).order_by("opened_at"):
        held = found.get(case.visit_id) if case.visit_id else None
        if case.visit_id and (held is None or order.get(case.status, 99) < order.get(held.status, 99)):
            found[case.visit_id] = case
    return found


def _row(
    visit: Visit,
    person: Person | None,
    names: Mapping[UUID, list[PersonName]],
    case: Case | None,
    now: datetime,
    today: date,
) -> QueueRow:
    until = visit.closed_at or now
    return QueueRow(
        visit=visit,
        person=person,
        names=names.get(visit.person_id, []),
        age=age_of(person, today) if person else None,
        waiting_minutes=max(0, int((until - visit.opened_at).total_seconds() // 60)),
        reassess_due=visit.status in QUEUED and visit.reassess_at is not None and visit.reassess_at <= now,
        case=case,
    )


def _place(row: QueueRow) -> tuple[int, int, date, int]:
    return ORDER.get(row.visit.status, 9), *place(row.visit)


def place(visit: Visit) -> tuple[int, date, int]:
    """By what the waiting are called: triage, then who came first."""
    return assessment.rank(visit.triage), visit.day, visit.ticket


def _trend(newest_first: list[Observation]) -> Trend:
    latest = newest_first[0]
    before = next((one for one in newest_first[1:] if one.site == latest.site), None)
    if before is None or latest.number is None or before.number is None:
        return Trend(latest, before, "")
    change = "same" if latest.number == before.number else "up" if latest.number > before.number else "down"
    return Trend(latest, before, change)
