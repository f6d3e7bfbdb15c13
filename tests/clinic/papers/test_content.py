"""What a paper says, typed again by somebody else; numbers of forms; the list of keys."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from qafila.clinic.papers import content, numbers, trust
from qafila.clinic.papers.verify import Key

FACTS = [("7K2M-9QXW-A",), ("Paracétamol 500 mg comprimé", "1.5", "3.00", "5")]
PAPER = UUID(int=5)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_typed_with_other_spaces_digits_and_accents_it_agrees() -> None:
    hashed = content.digest(content.content("prescription", FACTS), PAPER, "ABCD-EFGH-J")
    typed = content.facts_of("7k2m 9qxw a\n\nparacetamol  500mg comprime ; 1,50 ; ٣ ؛ 05\n")
    assert content.same(hashed, "prescription", typed, PAPER, "abcd efgh j")
    for wrong in (
        "7k2m9qxwa\nparacetamol 500 mg comprimé;1.5;3;50",
        "7k2m9qxwa\nparacetamol 5000 mg comprimé;1.5;3;5",
        "7k2m9qxwa\nparacetamol 500 mg comprimé;1.5;3;5\nmorphine;1;1;1",
    ):
        assert not content.same(hashed, "prescription", content.facts_of(wrong), PAPER, "ABCD-EFGH-J")
    assert not content.same(hashed, "prescription", FACTS, PAPER, "ABCD-EFGH-K")


@given(st.text(max_size=200))
def test_folding_words_is_final(text: str) -> None:
    content.facts_of(text)
    assert content.plain(text).isalnum() or set(content.plain(text)) & {"."} or not content.plain(text)


@given(st.sampled_from(["U1", "H", "MS-12", "CASA-UNIT-07"]), st.integers(1, 999_999_999))
def test_a_form_number_reads_back_and_no_wrong_character_passes(node: str, number: int) -> None:
    text = numbers.written(node, number)
    assert numbers.read(text.lower()) == (node, number)
    for at, c in enumerate(text):
        if c.isdigit():
            assert numbers.read(text[:at] + str((int(c) + 1) % 10) + text[at + 1 :]) is None


@given(st.text(max_size=70))
def test_any_text_may_be_asked_for(text: str) -> None:
    numbers.read(text)


def test_numbers_follow_the_clock_and_never_go_back() -> None:
    first = numbers.first_free(0, NOW)
    assert numbers.first_free(first + 49, NOW) == first + 50
    assert numbers.first_free(0, NOW + timedelta(hours=1)) > first + 500, "a node that lost its pads begins beyond them"
    assert len(str(numbers.first_free(0, datetime(2090, 1, 1, tzinfo=UTC)))) <= 9


HUB = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
LIST = trust.publish("H", [Key("U1", bytes(range(32)), NOW, revoked=NOW)], HUB, NOW)


def test_the_list_of_keys_reads_back() -> None:
    found = trust.read(LIST, HUB.public_key().public_bytes_raw())
    assert found.hub == "H" and found.keys == [Key("U1", bytes(range(32)), NOW, None, NOW)]


def test_an_altered_list_or_that_of_another_hub_is_refused() -> None:
    altered = json.loads(LIST)
    altered["keys"][0]["revoked"] = ""
    with pytest.raises(trust.BadList, match="altered"):
        trust.read(json.dumps(altered))
    with pytest.raises(trust.BadList, match="another hub"):
        trust.read(LIST, bytes(32))


@given(st.text(max_size=200) | st.sampled_from(["{}", "[" * 5000, LIST[:-9], LIST.replace("2026", "xx")]))
def test_no_list_crashes_it(text: str) -> None:
    with pytest.raises(trust.BadList):
        trust.read(text)
