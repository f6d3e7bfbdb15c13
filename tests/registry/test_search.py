"""One field finds a person."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from qafila.registry.people import acts, keys
from qafila.registry.people.details import NameParts
from qafila.registry.people.models import NameKey, Person
from qafila.registry.people.search import search


@pytest.fixture
def people(crew: SimpleNamespace) -> dict[str, Person]:
    def one(arabic: tuple[str, str], latin: tuple[str, str] | None, **facts: str) -> Person:
        names = [NameParts("Arab", arabic[0], "", arabic[1])]
        names += [NameParts("Latn", latin[0], "", latin[1])] if latin else []
        return acts.register(crew.assistant, crew.unit, names=names, **facts)

    return {
        "fatima": one(("فاطمة", "بن علي"), ("Fatima", "Benali"), national_id="AB123456", phone="0612345678"),
        "mohamed": one(("محمد", "الإدريسي"), ("Mohamed", "El Idrissi"), phone="0612999999"),
        "zahra": one(("فاطمة الزهراء", "العلوي"), None),
        "said": one(("سعيد", "أوحمو"), ("Said", "Ouhammou")),
    }


@pytest.mark.parametrize(
    ("typed", "who"),
    [
        ("fatima benali", "fatima"),
        ("Benali Fatima", "fatima"),
        ("بن علي", "fatima"),
        ("fatma ben ali", "fatima"),
        ("AB 123456", "fatima"),
        ("ab123456", "fatima"),
        ("06 12 34 56 78", "fatima"),
        ("+212612345678", "fatima"),
        ("٠٦١٢٣٤٥٦٧٨", "fatima"),
        ("061299", "mohamed"),
        ("mohammed idrissi", "mohamed"),
        ("محمد", "mohamed"),
        ("moh idris", "mohamed"),
        ("fatima zohra alaoui", "zahra"),
        ("said ouh", "said"),
    ],
)
def test_found_first_by(people: dict[str, Person], typed: str, who: str) -> None:
    assert [f.person for f in search(typed)][:1] == [people[who]]


def test_by_the_code_and_the_qr_of_the_card(people: dict[str, Person]) -> None:
    person = people["said"]
    for typed in (person.code, person.code.replace("-", "").lower(), f"QAFILA:{person.code}", f"qafila:{person.code}"):
        assert [(f.person, f.why) for f in search(typed)] == [(person, "code")]


AMERICAN = "QWERTYUIOPASDFGHJKLZXCVBNM:1234567890-"
LAYOUTS = {
    "french": "AZERTYUIOPQSDFGHJKLWXCVBN?M&é\"'(-è_çà)",
    "arabic": ["ض", "ص", "ث", "ق", "ف", "غ", "ع", "ه", "خ", "ح", "ش", "س", "ي", "ب", "ل", "ا", "ت", "ن", "م", "ئ", "ء",
               "ؤ", "ر", "لا", "ى", "ة", ":", *"1234567890-"],
    "arabic_shift": ["َ", "ً", "ُ", "ٌ", "لإ", "إ", "‘", "÷", "×", "؛", "ِ", "ٍ", "]", "[", "لأ", "أ", "ـ", "،", "/", "~",
                     "ْ", "}", "{", "لآ", "آ", "’", ":", *"1234567890-"],
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_hand_scanner_into_a_tablet_of_another_layout(people: dict[str, Person], layout: str) -> None:
    keys = dict(zip(AMERICAN, LAYOUTS[layout], strict=True))
    person = people["said"]
    typed = "".join(keys[c] for c in f"QAFILA:{person.code}".upper())
    assert [(f.person, f.why) for f in search(typed + "\n")] == [(person, "code")]
    wrong = "".join(keys[c] for c in f"QAFILA:{person.code[:-1]}{'A' if person.code[-1] != 'A' else 'B'}")
    assert search(wrong) == []


@pytest.mark.parametrize(
    "typed", ["", " ", "a", "%", "'; DROP TABLE registry_person; --", "\x00", "😀😀", "x" * 5000, "9" * 50]
)
def test_odd_input_finds_nobody_and_breaks_nothing(people: dict[str, Person], typed: str) -> None:
    assert search(typed) == []
    assert Person.objects.count() == 4


def test_four_queries_and_the_index_serves(people: dict[str, Person]) -> None:
    with CaptureQueriesContext(connections["default"]) as asked:
        assert search("fatima benali")
    assert len(asked) == 4
    plan = connections["default"].cursor().execute("EXPLAIN QUERY PLAN " + asked[0]["sql"]).fetchall()
    scans = [row[3] for row in plan if "registry_" in row[3]]
    assert scans and all("SEARCH" in s and "COVERING INDEX" in s for s in scans)
    with CaptureQueriesContext(connections["default"]) as asked:
        assert search("0612345678")
    plan = connections["default"].cursor().execute("EXPLAIN QUERY PLAN " + asked[0]["sql"]).fetchall()
    assert not [row[3] for row in plan if row[3].startswith("SCAN registry_person")]


def test_keys_can_be_made_again(people: dict[str, Person]) -> None:
    before = set(NameKey.objects.values_list("key", "person_id"))
    NameKey.objects.all().delete()
    assert keys.rebuild() == 4
    assert set(NameKey.objects.values_list("key", "person_id")) == before
