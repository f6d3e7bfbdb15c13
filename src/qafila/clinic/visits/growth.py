"""A child's measurements, one line a day of measuring, each with its z-scores."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from qafila.clinic.rules.growth import END, GrowthInputs, Score, corrected_height, scores, who_growth
from qafila.clinic.rules.inputs import InputError
from qafila.clinic.rules.observations import rule_inputs
from qafila.clinic.rules.rule import Result
from qafila.clinic.rules.words import Message
from qafila.clinic.visits.assessment import known_sex, value_of
from qafila.clinic.visits.models import FactStatus, Observation
from qafila.registry.people.births import age_days
from qafila.registry.people.models import BirthPrecision, Person
from qafila.registry.places.here import local_day

MEASURED = ("weight", "height", "head_circumference", "arm_circumference", "oedema")
EXACT = (BirthPrecision.DAY, BirthPrecision.MONTH)
MOST = 600


@dataclass(frozen=True)
class Measuring:
    """What was measured on one day. `age` in days; `values` as the rule takes them; `result` the rule's answer."""

    day: date
    age: float
    values: dict[str, object]
    result: Result
    scores: dict[str, Score] = field(default_factory=dict)
    corrected: float | None = None
    """Length or height in cm as the tables take it."""


@dataclass(frozen=True)
class Growth:
    """A child's growth, oldest first. `lacks`: `sex` or `birth`, without which nothing is computed."""

    measurings: list[Measuring]
    lacks: tuple[str, ...] = ()
    exact: bool = True
    """The birth date is known to the month at least."""


def is_child(person: Person, on: date) -> bool:
    """Whether the WHO growth tables are meant for the person on a day, as far as is known."""
    age = age_days(person, on)
    return age is not None and age <= END


def growth_of(person: Person) -> Growth:
    """Every day on which something of growth was measured, entries in error left out. One query."""
    lacks = tuple(
        name for name, known in (("sex", known_sex(person)), ("birth", age_days(person, date.max))) if known is None
    )
    if lacks:
        return Growth([], lacks)
    rows = Observation.objects.filter(person_id=person.pk, code__in=MEASURED, status=FactStatus.FINAL)
    by_day: dict[date, list[Observation]] = {}
    for one in sorted(rows.order_by("-at", "-id")[:MOST], key=lambda o: (o.at, o.pk)):
        by_day.setdefault(local_day(one.at), []).append(one)
    found = [_measuring(person, day, taken) for day, taken in sorted(by_day.items())]
    return Growth([one for one in found if one is not None], exact=person.birth_precision in EXACT)


def flags_today(person: Person) -> tuple[Message, ...]:
    """The red flags of what was measured today."""
    today = [one for one in growth_of(person).measurings if one.day == local_day()]
    return today[-1].result.red_flags if today else ()


def _measuring(person: Person, day: date, taken: Iterable[Observation]) -> Measuring | None:
    age = age_days(person, day)
    if age is None or age > END:
        return None
    readings: dict[str, object] = {}
    posture = ""
    for one in taken:
        readings[one.code] = value_of(one)
        if one.code == "height":
            posture = one.posture
    values = {**rule_inputs(readings), "sex": known_sex(person), "age_days": age}
    if posture in ("lying", "standing"):
        values["posture"] = posture
    try:
        result = who_growth.on(values)
    except InputError:
        return None
    height = values.get("height")
    corrected = corrected_height(height, age, posture or None) if isinstance(height, float) else None
    given = {one.indicator: one for one in scores(GrowthInputs(**result.inputs))}  # type: ignore[arg-type]
    return Measuring(day, age, values, result, given, corrected)
