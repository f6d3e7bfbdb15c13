"""National numbers are read, warned about, and never refused."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qafila.packs import national_id

TODAY = datetime.date(2026, 6, 1)


def test_a_number_with_structure_gives_date_sex_and_region() -> None:
    read = national_id.read("EG", "2 900101 21 00010", TODAY)
    assert (read.birth_date, read.sex, read.region, read.warnings) == (
        datetime.date(1990, 1, 1), "male", "21", ())  # fmt: skip
    assert national_id.read("EG", "٣٠٥٠٢٢٨٢٨٠٠٠٢٩", TODAY).sex == "female"


def test_the_last_digit_is_never_judged() -> None:
    for last in "0123456789":
        assert national_id.read("EG", f"2900101210001{last}", TODAY).warnings == ()


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("29013012100010", "date"),
        ("39912312100010", "date"),
        ("29001019900010", "region"),
        ("123", "form"),
    ],
)
def test_doubt_is_a_warning_and_the_text_is_kept(text: str, warning: str) -> None:
    read = national_id.read("EG", text, TODAY)
    assert read.warnings == (warning,) and read.value == text


def test_a_card_number_of_letters_and_digits() -> None:
    assert national_id.read("MA", "ab 123456", TODAY).value == "AB123456"
    assert national_id.read("MA", "ab 123456", TODAY).warnings == ()
    assert national_id.read("MA", "123456", TODAY).warnings == ("form",)


@given(st.sampled_from(["EG", "MA"]), st.text(max_size=20))
def test_any_text_is_read(country: str, text: str) -> None:
    assert isinstance(national_id.read(country, text, TODAY), national_id.ReadId)
