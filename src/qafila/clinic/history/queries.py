"""The patient page: what a doctor has to see of a person in ten seconds, and the lists behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from qafila.clinic.cases.models import Answer, Case
from qafila.clinic.history.acts import OPEN
from qafila.clinic.history.models import HistoryEntry, Section
from qafila.clinic.prescribing.models import PrescriptionItem
from qafila.clinic.prescribing.queries import running
from qafila.clinic.visits.models import FactStatus
from qafila.clinic.visits.queries import OPEN_CASES, Summary, summary
from qafila.registry.people.models import Person
from qafila.registry.people.queries import one_with
from qafila.registry.places.here import local_day


@dataclass(frozen=True)
class List:
    """One list. `known`: not_asked, none_known or some; open entries first, then the past, latest first."""

    section: Section
    known: str
    open: list[HistoryEntry]
    past: list[HistoryEntry]


@dataclass(frozen=True)
class Due:
    """Something that is due: `what` is follow_up or birth."""

    what: str
    day: date
    over: bool


@dataclass(frozen=True)
class Patient:
    """The whole page."""

    summary: Summary
    lists: dict[str, List]
    prescribed: list[PrescriptionItem]
    """Lines of signed prescriptions that have not run out."""
    due: list[Due]


def patient(person: Person) -> Patient:
    """The ten-second page of a person: a fixed number of queries, whatever the record holds."""
    ids = one_with(person.pk)
    lists = lists_of(ids)
    return Patient(summary(person.pk, visits=5), lists, running(ids), _due(ids, lists))


def lists_of(ids: list[UUID]) -> dict[str, List]:
    """The lists of a person by section. One query."""
    rows = HistoryEntry.objects.filter(person_id__in=ids, status=FactStatus.FINAL).order_by("-at", "-id")
    held: dict[str, list[HistoryEntry]] = {section.value: [] for section in Section}
    for row in rows[:500]:
        held.setdefault(row.section, []).append(row)
    found = {}
    for section in Section:
        named = [row for row in held[section] if not row.none_known]
        known = "some" if named else "none_known" if held[section] else "not_asked"
        live = [row for row in named if row.state in OPEN or section == Section.FAMILY]
        found[section.value] = List(section, known, live, [row for row in named if row not in live])
    return found


def _due(ids: list[UUID], lists: dict[str, List]) -> list[Due]:
    today = local_day()
    answers = Answer.objects.filter(person_id__in=ids, status=FactStatus.FINAL, follow_up__isnull=False)
    told = list(answers.order_by("-at")[:10])
    live = set(
        Case.objects.filter(pk__in=[a.case_id for a in told], status__in=OPEN_CASES).values_list("pk", flat=True)
    )
    days = [("follow_up", a.follow_up) for a in told if a.case_id in live and a.follow_up is not None]
    days += [("birth", e.due) for e in lists[Section.PREGNANCY].open if e.due is not None]
    return [Due(what, day, day < today) for what, day in sorted(days, key=lambda x: x[1])]
