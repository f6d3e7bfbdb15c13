"""One field for what is known of a birth: a date, a month, a year, or an age in years, months or days."""

from __future__ import annotations

import re
from datetime import date, timedelta

from qafila.kernel.dates import BAD_AGE, Birth, Confirm, PartialDate, born_about, born_months_ago, parse_birth
from qafila.kernel.text import Bad, latin_digits, strip_controls

_AGE = re.compile(r"([0-9]{1,4})\s*(\D*)")
_YEARS = {
    "",
    "y",
    "yr",
    "yrs",
    "year",
    "years",
    "a",
    "an",
    "ans",
    "année",
    "années",
    "س",
    "سنة",
    "سنوات",
    "عام",
    "أعوام",
}
_MONTHS = {"m", "mo", "month", "months", "mois", "ش", "شهر", "شهرا", "شهرًا", "أشهر", "شهور"}
_DAYS = {"d", "day", "days", "j", "jr", "jour", "jours", "ي", "يوم", "يوما", "يومًا", "أيام"}


def read_birth(text: str, on: date, confirmed: bool = False) -> PartialDate | Birth:
    """What was typed, read on the day `on`: `34`, `8 m`, `5 d`, `1984`, `3/1984`, `12/03/1984`. Never raises.

    `confirmed`: the person was asked about a very old date and says that it is right.
    """
    found = _age(" ".join(latin_digits(strip_controls(text[:80])).split()), on) or parse_birth(text, on)
    return found.value if isinstance(found, Confirm) and confirmed else found


def _age(typed: str, on: date) -> PartialDate | Bad | None:
    match = _AGE.fullmatch(typed)
    if match is None:
        return None
    number, unit = int(match[1]), match[2].strip(" .").lower()
    if unit in _YEARS and (len(match[1]) < 4 or unit):
        return born_about(on, number)
    if unit in _MONTHS:
        return born_months_ago(on, number)
    if unit in _DAYS:
        if number > 3660:
            return Bad(BAD_AGE)
        born = on - timedelta(days=number)
        return PartialDate(born.year, born.month, born.day)
    return None


def written(birth: PartialDate | None) -> str:
    """A birth as it can be typed again: `12/03/1984`, `03/1984`, `1984`; an age as its year."""
    if birth is None:
        return ""
    parts = [f"{birth.year:04}"]
    if birth.month is not None:
        parts.insert(0, f"{birth.month:02}")
    if birth.day is not None:
        parts.insert(0, f"{birth.day:02}")
    return "/".join(parts)
