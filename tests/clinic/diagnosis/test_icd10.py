"""Diagnoses by code and by words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qafila.clinic.diagnosis import icd10
from qafila.packs import load


@pytest.mark.parametrize(
    ("typed", "language", "code"),
    [
        ("I10", "fr", "I10"),
        ("i20.9", "ar", "I20.9"),
        ("I209", "en", "I20.9"),
        ("hypertension", "fr", "I10"),
        ("HYPERTENSION artérielle", "fr", "I10"),
        ("ضغط الدم", "ar", "I10"),
        ("diab type 2", "en", "E11.9"),
        ("angine poitrine", "fr", "I20.9"),
    ],
)
def test_found_among_the_first(typed: str, language: str, code: str) -> None:
    assert code in [one.code for one in icd10.search(typed, language)[:3]]


def test_every_label_of_the_pack_finds_its_code() -> None:
    for entry in load.diagnosis_labels().diagnosis:
        assert icd10.describe(entry.code, "fr").words == entry.fr
        for language, words in (("fr", entry.fr), ("ar", entry.ar)):
            assert entry.code in [one.code for one in icd10.search(words, language, 20)], words


def test_words_say_their_language() -> None:
    assert icd10.describe("I20.9", "ar").language == "ar"
    assert icd10.describe("Z99.9", "ar").language == "en"
    assert icd10.describe("I20.9", "en").version == "ICD-10 WHO 2019"
    assert icd10.describe("I20-I25", "en") is None and icd10.describe("", "en") is None


@given(st.text(max_size=120), st.sampled_from(["ar", "fr", "en", "xx", ""]))
def test_no_text_breaks_the_search(text: str, language: str) -> None:
    assert len(icd10.search(text, language, 5)) <= 5
    icd10.describe(text, language)
