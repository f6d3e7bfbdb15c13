"""Partial birth dates in three digit scripts, and the ages that follow from them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qafila.kernel import dates
from qafila.kernel.dates import (
    Confirm,
    PartialDate,
    Precision,
    WhichDate,
    age,
    born_about,
    born_months_ago,
    parse_birth,
)
from qafila.kernel.text import Bad

ON = date(2026, 3, 10)
SCRIPTS = ("0123456789", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹")


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("25/03/1984", "1984-03-25"),
        ("25-3-1984", "1984-03-25"),
        ("25.03.1984", "1984-03-25"),
        ("25 3 1984", "1984-03-25"),
        ("1984-03-25", "1984-03-25"),
        ("1984/3/25", "1984-03-25"),
        ("٢٥/٠٣/١٩٨٤", "1984-03-25"),
        ("\u200f٢٥\u200f/٣/١٩٨٤", "1984-03-25"),
        ("۱۹۸۴", "1984"),
        ("03/1984", "1984-03"),
        ("1984-03", "1984-03"),
        ("00/00/1960", "1960"),
        ("00/05/1960", "1960-05"),
        ("25/3/84", "1984-03-25"),
        ("29/2/2024", "2024-02-29"),
        ("10/03/2026", "2026-03-10"),
        ("2026", "2026"),
    ],
)
def test_dates_as_people_write_them(typed: str, stored: str) -> None:
    assert str(parse_birth(typed, ON)) == stored


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", dates.NO_DATE),
        ("yesterday", dates.NOT_A_DATE),
        ("25/3/1984 or so", dates.NOT_A_DATE),
        ("40", dates.NOT_A_DATE),
        ("12345678", dates.NOT_A_DATE),
        ("1/2/3/4", dates.NOT_A_DATE),
        ("0000", dates.NO_SUCH_DAY),
        ("25/13/1984", dates.NO_SUCH_DAY),
        ("3/25/1984", dates.NO_SUCH_DAY),
        ("29/2/2023", dates.NO_SUCH_DAY),
        ("15/00/1984", dates.NO_SUCH_DAY),
        ("11/03/2026", dates.FUTURE),
        ("2027", dates.FUTURE),
        ("1405", dates.HIJRI),
        ("12/05/1447", dates.HIJRI),
        ("0012", dates.NOT_A_DATE),
        ("1" * 10_000, dates.NOT_A_DATE),
    ],
)
def test_what_is_no_birth_date_is_said(typed: str, message: str) -> None:
    read = parse_birth(typed, ON)
    assert isinstance(read, Bad) and read.message == message


def test_older_than_120_is_confirmed_and_kept() -> None:
    assert parse_birth("1/1/1900", ON) == Confirm(PartialDate(1900, 1, 1), dates.TOO_OLD)


def test_two_digits_of_a_year_are_asked_where_two_centuries_fit() -> None:
    read = parse_birth("1/2/20", ON)
    assert isinstance(read, WhichDate) and [str(r) for r in read.readings] == ["2020-02-01", "1920-02-01"]


@pytest.mark.parametrize(
    ("birth", "on", "expected"),
    [
        (PartialDate(2026, 3, 10), ON, (0, 0, 0)),
        (PartialDate(1984, 3, 25), ON, (41, 11, 13)),
        (PartialDate(2024, 2, 29), date(2025, 2, 28), (0, 11, 30)),
        (PartialDate(2024, 2, 29), date(2025, 3, 1), (1, 0, 1)),
        (PartialDate(2026, 1, 31), date(2026, 2, 28), (0, 0, 28)),
        (PartialDate(2026, 1, 31), date(2026, 3, 1), (0, 1, 1)),
    ],
)
def test_age_to_the_day(birth: PartialDate, on: date, expected: tuple[int, int, int]) -> None:
    found = age(birth, on)
    assert found is not None and (found.years, found.months, found.days) == expected


def test_what_is_not_known_of_an_age_is_none() -> None:
    month, year, about = (
        age(PartialDate(2025, 3), ON),
        age(PartialDate(1984), ON),
        age(PartialDate(1986, plus_minus=5), ON),
    )
    assert month is not None and (month.years, month.months, month.days, month.least, month.most) == (0, 11, None, 0, 1)
    assert year is not None and (year.months, year.least, year.most, year.precision) == (None, 41, 42, Precision.YEAR)
    assert about is not None and (about.years, about.least, about.most, about.precision) == (
        39,
        34,
        45,
        Precision.ABOUT,
    )


def test_not_yet_born_has_no_age() -> None:
    assert age(PartialDate(2026, 3, 11), ON) is None
    born_this_year = age(PartialDate(2026), ON)
    assert born_this_year is not None and (born_this_year.least, born_this_year.most) == (0, 0)


def test_a_stated_age_becomes_a_year_with_its_doubt() -> None:
    assert str(born_about(ON, 40)) == "1986±1"
    assert str(born_about(ON, 40, 5)) == "1986±5"
    assert str(born_months_ago(ON, 4)) == "2025-11"
    assert isinstance(born_about(ON, 131), Bad) and isinstance(born_months_ago(ON, -1), Bad)


@given(
    st.dates(date(1907, 1, 1), ON),
    st.sampled_from(SCRIPTS),
    st.sampled_from(["{2:02}/{1:02}/{0}", "{0}-{1:02}-{2:02}", "{2}.{1}.{0}"]),
)
def test_every_day_reads_back_in_every_script(day: date, digits: str, form: str) -> None:
    typed = form.format(day.year, day.month, day.day).translate(str.maketrans(SCRIPTS[0], digits))
    assert parse_birth(typed, ON) == PartialDate(day.year, day.month, day.day)


@given(st.one_of(st.text(), st.text(alphabet="0123456789٠١٢٣/-. ", max_size=14)), st.dates())
def test_never_raises(s: str, on: date) -> None:
    parse_birth(s, on)


@given(st.dates(), st.dates())
def test_age_is_exact_or_none(born: date, on: date) -> None:
    found = age(PartialDate(born.year, born.month, born.day), on)
    assert (found is None) == (born > on)
    if found is not None:
        assert found.total_days == (on - born).days
        assert found.months is not None and found.days is not None
        assert 0 <= found.months < 12 and 0 <= found.days < 31 and found.least == found.most == found.years


@given(st.integers(1, 9999), st.integers(0, 12), st.integers(0, 28), st.integers(0, 50))
def test_the_stored_form_reads_back(year: int, month: int, day: int, about: int) -> None:
    try:
        partial = PartialDate(year, month or None, day or None, about)
    except ValueError:
        return
    assert PartialDate.from_text(str(partial)) == partial
    assert partial.earliest <= partial.latest


@given(st.dates(date(1800, 1, 1)), st.integers(-5, 140), st.integers(-5, 60))
def test_a_stated_age_lies_within_its_range(on: date, years: int, plus_minus: int) -> None:
    birth = born_about(on, years, plus_minus)
    if isinstance(birth, PartialDate):
        found = age(birth, on)
        assert found is not None and found.least <= years <= found.most
