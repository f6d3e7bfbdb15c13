"""What each kind of paper says, in no language: the lines whose hash its code holds (`clinic.papers.content`)."""

from __future__ import annotations

from collections.abc import Iterable

from qafila.clinic.cases import proposal
from qafila.clinic.cases.models import Answer, Case, Decline
from qafila.clinic.papers.content import Fact
from qafila.clinic.prescribing.models import PrescriptionItem
from qafila.clinic.visits.growth import Measuring
from qafila.clinic.visits.models import Attachment, Condition, Note, Observation
from qafila.registry.people.models import Person


def of_prescription(person: Person, items: Iterable[PrescriptionItem]) -> list[Fact]:
    """The person's code; then each medicine as printed, dose, times a day, days. A pharmacy can type these."""
    return [(person.code,), *((i.words, f"{i.dose:f}", f"{i.per_day:f}", str(i.days)) for i in items)]


def of_answer(person: Person, row: Answer) -> list[Fact]:
    """The person's code, diagnosis and certainty, plan, proposed prescription, when to come back."""
    when = row.follow_up.isoformat() if row.follow_up else ""
    return _filled(
        [
            (person.code,),
            (row.diagnosis, row.certainty),
            (row.plan,),
            *_proposed(row),
            (row.red_flag_advice,),
            (when,),
        ]
    )


def _proposed(row: Answer) -> list[Fact]:
    """Each proposed medicine as `of_prescription` has those that are signed."""
    wanted = ("words", "dose", "per_day", "days")
    return [tuple(one[name] for name in wanted) for one in proposal.tidy(row.proposal)]


def of_visit(
    person: Person,
    day: str,
    conditions: Iterable[Condition],
    notes: Iterable[Note],
    items: Iterable[PrescriptionItem],
    readings: Iterable[Observation],
) -> list[Fact]:
    """The person's code, the day, diagnoses, notes, medicines, readings."""
    return _filled(
        [
            (person.code, day),
            *_recorded(conditions, notes),
            *of_prescription(person, items)[1:],
            *_measured(readings),
        ]
    )


def of_transfer(
    person: Person,
    case: Case,
    conditions: Iterable[Condition],
    notes: Iterable[Note],
    readings: Iterable[Observation],
    declines: Iterable[Decline],
) -> list[Fact]:
    """The person's code, urgency and specialty, the question, diagnoses, notes, readings, refusals."""
    return _filled(
        [
            (person.code,),
            (case.urgency, case.specialty),
            (case.question,),
            *_recorded(conditions, notes),
            *_measured(readings),
            *((one.reason, one.suggestion) for one in declines),
        ]
    )


def of_card(person: Person, names: Iterable[str], birth: str) -> list[Fact]:
    """The person's code, names, birth."""
    return _filled([(person.code,), *((name,) for name in names), (birth,)])


def of_growth(person: Person, measurings: Iterable[Measuring]) -> list[Fact]:
    """The person's code, then each day with what was measured."""
    days = [(one.day.isoformat(), *(f"{k} {v}" for k, v in sorted(one.values.items()))) for one in measurings]
    return [(person.code,), *days]


def of_ecg(person: Person, file: Attachment) -> list[Fact]:
    """Of an ECG or a spirometry: the person's code, when it was taken, which recording it is."""
    return [(person.code,), (file.at.isoformat(),), (file.sha256,)]


def _recorded(conditions: Iterable[Condition], notes: Iterable[Note]) -> list[Fact]:
    return [*((c.code, c.certainty) for c in conditions), *((n.text,) for n in notes)]


def _measured(readings: Iterable[Observation]) -> list[Fact]:
    return [(o.code, o.site, f"{o.number:f}" if o.number is not None else o.choice) for o in readings]


def _filled(facts: list[Fact]) -> list[Fact]:
    return [fact for fact in facts if any(fact)]
