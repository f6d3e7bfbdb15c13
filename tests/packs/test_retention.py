"""For how long what is kept: the rule, and the countries' files."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qafila.packs import load
from qafila.packs.retention import Keep, due, later

KEEP = load.retention(load.countries()[0]).keep[0]


def keep(**more: object) -> Keep:
    import msgspec

    values = {"years": 10, "counted_from": "last_contact", "until_age": 0, "after_death_years": 0} | more
    return msgspec.structs.replace(KEEP, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "more", "expected"),
    [
        (keep(), {}, date(2030, 6, 1)),
        (keep(counted_from="written"), {}, date(2020, 2, 28)),
        (keep(until_age=28), {"born": date(2005, 1, 1)}, date(2033, 1, 1)),
        (keep(until_age=28), {"born": date(1960, 1, 1)}, date(2030, 6, 1)),
        (keep(until_age=28), {}, date(2038, 2, 28)),
        (keep(after_death_years=20), {"died": date(2021, 1, 1)}, date(2041, 1, 1)),
        (keep(after_death_years=5), {"died": date(2021, 1, 1)}, date(2030, 6, 1)),
    ],
)
def test_when_it_is_due(line: Keep, more: dict[str, date], expected: date) -> None:
    assert due(line, written=date(2010, 2, 28), last_contact=date(2020, 6, 1), **more) == expected


def test_a_leap_day_falls_due_on_the_first_of_march() -> None:
    assert later(date(2024, 2, 29), 1) == date(2025, 3, 1) and later(date(2024, 2, 29), 4) == date(2028, 2, 29)


@given(st.dates(date(1950, 1, 1), date(2100, 1, 1)), st.dates(date(1950, 1, 1), date(2100, 1, 1)),
       st.none() | st.dates(date(1900, 1, 1), date(2100, 1, 1)))  # fmt: skip
def test_never_before_its_years_nor_before_the_age(written: date, last: date, born: date | None) -> None:
    line = keep(until_age=28)
    day = due(line, written=written, last_contact=last, born=born)
    assert day >= later(max(written, last), 10) and day >= later(born or written, 28)


@pytest.mark.parametrize("country", load.countries())
def test_every_country_says_how_long_and_whence_it_knows(country: str) -> None:
    held = load.retention(country)
    assert held.keep and all(one.source for one in held.keep)
    assert all(one.status == "draft" or not one.source.text("en").startswith("Draft") for one in held.keep)
