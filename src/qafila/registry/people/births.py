"""A birth date between its row (date, precision, margin) and what the kernel reckons with."""

from __future__ import annotations

from datetime import date

from qafila.journal import doubt
from qafila.kernel.dates import Age, PartialDate, Precision, age
from qafila.registry.people.models import BirthPrecision, Person

FIELDS = ("birth_date", "birth_precision", "birth_margin")

_STORED = {
    Precision.DAY: BirthPrecision.DAY,
    Precision.MONTH: BirthPrecision.MONTH,
    Precision.YEAR: BirthPrecision.YEAR,
    Precision.ABOUT: BirthPrecision.AGE,
}


def to_fields(birth: PartialDate | None) -> dict[str, object]:
    """The values of a person's three birth fields."""
    if birth is None:
        return {"birth_date": None, "birth_precision": BirthPrecision.UNKNOWN.value, "birth_margin": 0}
    first = date(birth.year, birth.month or 1, birth.day or 1)
    precision = _STORED[birth.precision].value
    return {"birth_date": first, "birth_precision": precision, "birth_margin": birth.plus_minus}


def birth_of(person: Person) -> PartialDate | None:
    """What is known of a person's birth; None for nothing."""
    return partial(person.birth_date, person.birth_precision, person.birth_margin)


def partial(day: date | None, precision: str, margin: int) -> PartialDate | None:
    """The three birth fields as one value; None for nothing known."""
    if day is None or precision == BirthPrecision.UNKNOWN:
        return None
    if precision == BirthPrecision.DAY:
        return PartialDate(day.year, day.month, day.day)
    if precision == BirthPrecision.MONTH:
        return PartialDate(day.year, day.month)
    about = max(margin, 1) if precision == BirthPrecision.AGE else 0
    return PartialDate(day.year, plus_minus=about)


def age_of(person: Person, on: date) -> Age | None:
    """How old the person is on a day, or was when they died; None where nothing is known, or the clock is in doubt."""
    birth = birth_of(person) if doubt.trusted() else None
    return age(birth, min(on, person.died_on or on)) if birth else None


def age_days(person: Person, on: date) -> float | None:
    """Age in days for rules that turn at an age: exact, or of the middle of what is possible.

    None: not known, or the clock is in doubt; no rule reckons with an age then.
    """
    birth = birth_of(person) if doubt.trusted() else None
    if birth is None or birth.earliest > on:
        return None
    latest = min(birth.latest, on)
    return ((on - birth.earliest).days + (on - latest).days) / 2
