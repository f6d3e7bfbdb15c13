"""Numbers in three scripts, text without hidden characters, stable search keys."""

import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qafila.kernel import text
from qafila.kernel.text import (
    Asked,
    Bad,
    Integer,
    Number,
    clean,
    fold,
    isolate,
    latin_digits,
    parse_integer,
    parse_number,
    parse_text,
    strip_controls,
    tidy,
)

SCRIPTS = ("0123456789", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹")
ARABIC_OR_ANY = st.text(
    alphabet=st.one_of(st.sampled_from("ابتثجحخمنهويةىءآأإئؤـًٌٍَُِّْٰ \u200c\u200d\u200f\u2067\u2069\n\x00"), st.characters())
)


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("37.5", "37.5"),
        ("37,5", "37.5"),
        ("3,5", "3.5"),
        ("٣٧٫٥", "37.5"),
        ("٣٧,٥", "37.5"),
        ("٣٧،٥", "37.5"),
        ("۳۷٫۵", "37.5"),
        ("١٬٢٣٤", "1234"),
        ("١٬٢٣٤٫٥", "1234.5"),
        ("1 234", "1234"),
        ("1\u00a0234,5", "1234.5"),
        ("1\u202f234\u202f567", "1234567"),
        ("1,234,567", "1234567"),
        ("1.234.567", "1234567"),
        ("1,234.5", "1234.5"),
        ("1.234,5", "1234.5"),
        ("1.234", "1.234"),
        ("0,125", "0.125"),
        ("1234,567", "1234.567"),
        ("1,2345", "1.2345"),
        (",5", "0.5"),
        ("-3", "-3"),
        ("− 3", "-3"),
        ("+3", "3"),
        ("  12  ", "12"),
        ("\u200f١٢\u200f", "12"),
        ("007", "7"),
    ],
)
def test_numbers_as_people_write_them(typed: str, value: str) -> None:
    assert parse_number(typed) == Number(Decimal(value))


@pytest.mark.parametrize("typed", ["1,234", "١,٢٣٤", "۱,۲۳۴", "١،٢٣٤"])
def test_an_ambiguous_comma_is_asked_about(typed: str) -> None:
    assert parse_number(typed) == Asked((Decimal(1234), Decimal("1.234")), text.WHICH_NUMBER)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", text.NO_NUMBER),
        ("  ", text.NO_NUMBER),
        ("12a", text.NOT_A_NUMBER),
        ("a", text.NOT_A_NUMBER),
        ("nan", text.NOT_A_NUMBER),
        ("Infinity", text.NOT_A_NUMBER),
        ("0x10", text.NOT_A_NUMBER),
        ("1e5", text.NO_EXPONENT),
        ("1E999999999", text.NO_EXPONENT),
        ("٣e٥", text.NO_EXPONENT),
        ("12,34,5", text.NOT_A_NUMBER),
        ("120 80", text.NOT_A_NUMBER),
        ("120/80", text.NOT_A_NUMBER),
        ("1..2", text.NOT_A_NUMBER),
        ("1-2", text.NOT_A_NUMBER),
        ("--2", text.NOT_A_NUMBER),
        ("5,", text.NOT_A_NUMBER),
        (".", text.NOT_A_NUMBER),
        ("-", text.NOT_A_NUMBER),
        ("3²", text.NOT_A_NUMBER),
        ("３", text.NOT_A_NUMBER),
        ("1_000", text.NOT_A_NUMBER),
        ("9" * 21, text.NUMBER_TOO_LONG),
        ("9" * 1_000_000, text.NUMBER_TOO_LONG),
    ],
)
def test_what_is_no_number_is_said(typed: str, message: str) -> None:
    read = parse_number(typed)
    assert isinstance(read, Bad) and read.message == message
    assert read.message % read.values


def test_whole_numbers() -> None:
    assert parse_integer("١٢٠") == Integer(120)
    assert parse_integer("3.0") == Integer(3)
    assert parse_integer("1,234") == Integer(1234)
    assert parse_integer("1,000") == Asked((Decimal(1000), Decimal("1.000")), text.WHICH_NUMBER)
    bad = parse_integer("3.5")
    assert isinstance(bad, Bad) and bad.message == text.NOT_WHOLE


@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9),
    st.sampled_from(SCRIPTS),
    st.sampled_from(".,٫"),
)
def test_a_number_reads_back_in_every_script(value: Decimal, digits: str, point: str) -> None:
    typed = f"{value:f}".replace(".", point).translate(str.maketrans(SCRIPTS[0], digits))
    read = parse_number(typed)
    assert read == Number(value) or (isinstance(read, Asked) and point == "," and value in read.readings)


@given(st.integers(-(10**9), 10**9), st.sampled_from(SCRIPTS))
def test_thousands_read_back(value: int, digits: str) -> None:
    for sign in "٬ \u00a0":
        typed = f"{value:,}".replace(",", sign).translate(str.maketrans(SCRIPTS[0], digits))
        assert parse_integer(typed) == Integer(value)


@given(st.one_of(st.text(), st.text(alphabet="0123456789٠۵.,٫٬، -+eE\u00a0")))
def test_reading_never_raises(s: str) -> None:
    for read in (parse_number(s), parse_integer(s)):
        if isinstance(read, Bad):
            assert read.message % read.values


def test_latin_digits() -> None:
    assert latin_digits("٠١٢٣٤٥٦٧٨٩ ۰۱۲۳۴۵۶۷۸۹ أ") == "0123456789 0123456789 أ"


def test_controls_go_and_joiners_between_arabic_letters_stay() -> None:
    assert strip_controls("a\x00b\u202ec\u2066d\u2069\u200f\ufeff") == "abcd"
    assert strip_controls("می\u200cخواهم") == "می\u200cخواهم"
    assert strip_controls("ad\u200cmin\u200d \u200c") == "admin "
    assert strip_controls("ه\u200d") == "ه\u200d"
    assert strip_controls("a\r\nb\rc\u2028d\te") == "a\nb\nc\nd\te"
    assert strip_controls("\ud800x") == "x"
    assert strip_controls("a" + "\u0301\u0316" * 20_000) == "a" + "\u0301\u0316" * 4


def test_an_isolate_cannot_be_left_early() -> None:
    assert isolate("abc\u2069\u202edef") == "\u2068abcdef\u2069"


def test_clean_and_parse_text() -> None:
    assert clean("  e\u0301\u00a0 b\n\tc ", 10) == "é b c"
    assert clean("abc def", 4) == "abc"
    assert parse_text("abc", 3) == "abc"
    assert isinstance(parse_text("abcd", 3), Bad)
    assert parse_text(" a  b \n\n\n\n c ", 20, lines=True) == "a b\n\nc"
    assert tidy(" a  b ", 3, lambda bad: ValueError(bad.message)) == "a b"
    with pytest.raises(ValueError, match="too long"):
        tidy("abcd", 3, lambda bad: ValueError(bad.message))


@pytest.mark.parametrize(
    ("written", "searched"),
    [
        ("أحمد", "احمد"),
        ("مُحَمَّد", "محمد"),
        ("فاطمة", "فاطمه"),
        ("مصطفى", "مصطفي"),
        ("مؤمن", "مومن"),
        ("ســلام", "سلام"),
        ("ٱلرحمٰن", "الرحمن"),
        ("علاء", "علا"),
        ("کریم", "كريم"),
        ("Élodie", "elodie"),
        ("Aïcha", "AICHA"),
        ("François", "francois"),
        ("٢٠٢٦", "2026"),
        ("M’hamed", "m'hamed"),
    ],
)
def test_two_spellings_fold_to_one(written: str, searched: str) -> None:
    assert fold(written) == fold(searched)


@given(ARABIC_OR_ANY)
def test_fold_is_stable(s: str) -> None:
    assert fold(fold(s)) == fold(s)


def test_fold_is_stable_for_every_character() -> None:
    characters = [c for c in map(chr, range(0x110000)) if unicodedata.category(c) not in ("Cn", "Co")]
    assert [hex(ord(c)) for c in characters if fold(fold(c)) != fold(c)] == []


@given(ARABIC_OR_ANY, st.integers(0, 40))
def test_clean_is_stable_and_bounded(s: str, most: int) -> None:
    once = clean(s, most)
    assert clean(once, most) == once and len(once) <= most
    assert "\n" not in once and "\x00" not in once and once == once.strip()
    once.encode()


@given(ARABIC_OR_ANY)
def test_strip_controls_is_stable(s: str) -> None:
    assert strip_controls(strip_controls(s)) == strip_controls(s)


@given(ARABIC_OR_ANY, st.booleans())
def test_parse_text_loses_nothing_that_can_be_seen(s: str, lines: bool) -> None:
    read = parse_text(s, 10_000, lines)
    assert isinstance(read, str) and parse_text(read, 10_000, lines) == read
    assert fold(read) == fold(s)
