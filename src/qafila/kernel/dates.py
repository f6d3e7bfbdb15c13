"""Birth dates as people know them: a day, a month, a year, or "about forty"; and the age that follows.

`on` is always handed in: the civil date at the place of care.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from qafila.kernel.text import N_, Bad, latin_digits, strip_controls

OLDEST_YEARS = 120  # above it a birth date is confirmed by a person, not refused

NO_DATE = N_("Enter a date of birth, a year, or an age.")
NOT_A_DATE = N_("“%(text)s” is not a date. Write day/month/year, for example 25/03/1984, or the year alone.")
NO_SUCH_DAY = N_("There is no such day: %(text)s. Write day/month/year.")
FUTURE = N_("This date of birth is in the future.")
HIJRI = N_("This looks like a year of the Hijri calendar. Enter the Gregorian date.")
TOO_OLD = N_("This would make the person more than 120 years old. Is the date right?")
WHICH_CENTURY = N_("The year has two digits. Which date do you mean?")
BAD_AGE = N_("Enter an age between 0 and 130 years.")


class Precision(StrEnum):
    """How much of a birth date is known."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    ABOUT = "about"


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date of which only a part may be known; `plus_minus` is in years (a stated age), else 0.

    Raises `ValueError` for a date that does not exist, or parts that do not go together.
    """

    year: int
    month: int | None = None
    day: int | None = None
    plus_minus: int = 0

    def __post_init__(self) -> None:
        if self.day is not None and self.month is None:
            raise ValueError("a day needs its month")
        if self.plus_minus < 0 or (self.plus_minus and self.month is not None):
            raise ValueError("plus_minus goes with a year alone")
        date(self.year, self.month or 1, self.day or 1)
        if self.plus_minus and not 1 <= self.year - self.plus_minus <= self.year + self.plus_minus <= 9999:
            raise ValueError("the range leaves the calendar")

    @property
    def precision(self) -> Precision:
        """How much is known."""
        if self.plus_minus:
            return Precision.ABOUT
        if self.month is None:
            return Precision.YEAR
        return Precision.MONTH if self.day is None else Precision.DAY

    @property
    def earliest(self) -> date:
        """The first day it can be."""
        return date(self.year - self.plus_minus, self.month or 1, self.day or 1)

    @property
    def latest(self) -> date:
        """The last day it can be."""
        year, month = self.year + self.plus_minus, self.month or 12
        return date(year, month, self.day or calendar.monthrange(year, month)[1])

    def __str__(self) -> str:
        """`1984-03-25`, `1984-03`, `1984` (as FHIR writes them) or `1984±3`."""
        text = f"{self.year:04}"
        text += "" if self.month is None else f"-{self.month:02}"
        text += "" if self.day is None else f"-{self.day:02}"
        return text + (f"±{self.plus_minus}" if self.plus_minus else "")

    @classmethod
    def from_text(cls, text: str) -> PartialDate:
        """The inverse of `str`; raises `ValueError`."""
        match = re.fullmatch(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?|±([0-9]{1,2}))?", text)
        if match is None:
            raise ValueError("not a stored date")
        year, month, day, about = (int(g) if g else None for g in match.groups())
        assert year is not None
        return cls(year, month, day, about or 0)


@dataclass(frozen=True, slots=True)
class Confirm:
    """An unlikely value: it is kept once a person says that it is right."""

    value: PartialDate
    message: str


@dataclass(frozen=True, slots=True)
class WhichDate:
    """A date that reads in several ways: the person chooses."""

    readings: tuple[PartialDate, ...]
    message: str


Birth = PartialDate | Confirm | WhichDate | Bad

_SEPARATED = re.compile(
    r"([0-9]{1,4})(?:\s?[-/.\u060d\u2044\u2215 ]\s?([0-9]{1,4}))?(?:\s?[-/.\u060d\u2044\u2215 ]\s?([0-9]{1,4}))?"
)
_JOINERS = re.compile("[\u200c\u200d]")


def parse_birth(s: str, on: date) -> Birth:
    """Read a date of birth: d/m/y, y-m-d, m/y, y-m or a year, in any of three digit scripts.

    Day is before month always. `00` stands for an unknown day or month, as on identity papers. A year of two
    digits is asked about where two centuries are possible. Never raises.
    """
    text = _JOINERS.sub("", latin_digits(strip_controls(s[:80])))
    text = " ".join(text.split())
    if not text:
        return Bad(NO_DATE)
    shown = {"text": text[:20]}
    match = _SEPARATED.fullmatch(text) if len(s) <= 80 else None
    if match is None:
        return Bad(NOT_A_DATE, shown)
    parts = [g for g in match.groups() if g is not None]
    if len(parts[0]) != 4:
        parts.reverse()
    year, *rest = parts
    if len(year) not in (2, 4) or any(len(p) > 2 for p in rest) or (len(year) == 2 and len(rest) < 2):
        return Bad(NOT_A_DATE, shown)
    month = int(rest[0]) if rest else 0
    day = int(rest[1]) if len(rest) > 1 else 0
    if day and not month:
        return Bad(NO_SUCH_DAY, shown)
    if len(year) == 4:
        found = _made(int(year), month, day)
        return judge_birth(found, on) if found else Bad(NO_SUCH_DAY, shown)
    return _two_digit_year(int(year), month, day, on, shown)


def _made(year: int, month: int, day: int) -> PartialDate | None:
    try:
        return PartialDate(year, month or None, day or None)
    except ValueError:
        return None


def _two_digit_year(year: int, month: int, day: int, on: date, shown: dict[str, str]) -> Birth:
    century = on.year // 100 * 100
    dates = [d for c in (century, century - 100) if c + year > 0 and (d := _made(c + year, month, day))]
    likely = tuple(d for d in dates if isinstance(judge_birth(d, on), PartialDate))
    if len(likely) > 1:
        return WhichDate(likely, WHICH_CENTURY)
    if likely:
        return likely[0]
    return judge_birth(dates[-1], on) if dates else Bad(NO_SUCH_DAY, shown)


def judge_birth(birth: PartialDate, on: date) -> PartialDate | Confirm | Bad:
    """Refuse a date after `on` or of another calendar; ask about more than 120 years."""
    if birth.earliest > on:
        return Bad(FUTURE)
    if birth.year < on.year - 400:
        # The Hijri year runs some 579 years behind (2026 = 1447/1448).
        return Bad(HIJRI) if on.year - 579 - OLDEST_YEARS - 5 <= birth.year else Bad(NOT_A_DATE, {"text": str(birth)})
    if _years_months_days(min(birth.latest, on), on)[0] >= OLDEST_YEARS:
        return Confirm(birth, TOO_OLD)
    return birth


def born_about(on: date, years: int, plus_minus: int = 0) -> PartialDate | Bad:
    """The birth year of somebody who is "about `years`" on a day; at least ± 1, as the birthday is unknown."""
    if not 0 <= years <= 130 or not 0 <= plus_minus <= 50:
        return Bad(BAD_AGE)
    try:
        return PartialDate(on.year - years, plus_minus=max(plus_minus, 1))
    except ValueError:  # at the ends of the calendar
        return Bad(BAD_AGE)


def born_months_ago(on: date, months: int) -> PartialDate | Bad:
    """The birth month of a child said to be `months` old, for whom a year would be too rough."""
    index = on.year * 12 + on.month - 1 - months
    if not 0 <= months <= 130 * 12 or index < 12:
        return Bad(BAD_AGE)
    return PartialDate(index // 12, index % 12 + 1)


@dataclass(frozen=True, slots=True)
class Age:
    """Completed years, months and days. What is not known is None, never 0.

    From a month, `months` may be one too few; from a year or "about", `years` is the middle of what is possible:
    a rule that turns at an age looks at `least` and `most` (completed years).
    """

    years: int
    months: int | None
    days: int | None
    precision: Precision
    least: int
    most: int
    total_days: int | None = None

    @property
    def total_months(self) -> int | None:
        """Completed months since birth."""
        return None if self.months is None else self.years * 12 + self.months


def age(birth: PartialDate, on: date) -> Age | None:
    """How old on a day; None when born later than that (a clock set wrong, an unborn child)."""
    if birth.earliest > on:
        return None
    latest = min(birth.latest, on)
    least, most = _years_months_days(latest, on)[0], _years_months_days(birth.earliest, on)[0]
    if birth.precision is Precision.DAY:
        years, months, days = _years_months_days(birth.earliest, on)
        return Age(years, months, days, Precision.DAY, least, most, (on - birth.earliest).days)
    if birth.precision is Precision.MONTH:
        years, months, _ = _years_months_days(latest, on)
        return Age(years, months, None, Precision.MONTH, least, most)
    middle = birth.earliest + timedelta(days=(latest - birth.earliest).days // 2)
    return Age(_years_months_days(middle, on)[0], None, None, birth.precision, least, most)


def _years_months_days(born: date, on: date) -> tuple[int, int, int]:
    """Calendar difference; born on a day that a month lacks, that month is complete on the first of the next."""
    months = (on.year - born.year) * 12 + on.month - born.month - (on.day < born.day)
    index = born.year * 12 + born.month - 1 + months
    year, month = index // 12, index % 12 + 1
    anchor = date(year, month, min(born.day, calendar.monthrange(year, month)[1]))
    return months // 12, months % 12, (on - anchor).days
