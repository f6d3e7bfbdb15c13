"""The stories: complete in every language, of known diagnoses and medicines, and their referrals pass the gate."""

from __future__ import annotations

import pytest

from qafila.clinic.diagnosis import icd10
from qafila.node.demo.referrals import electrocardiogram
from qafila.node.demo.stories import Referral, Story, outcome, stories
from qafila.packs import load

ALL: list[Story | Referral] = [*stories().story, *stories().case]
LANGUAGES = {"ar", "fr", "en"}


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.code)
def test_the_diagnosis_is_in_icd_10(one: Story | Referral) -> None:
    assert icd10.describe(one.code, "ar")


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.code)
def test_words_are_there_in_every_language(one: Story | Referral) -> None:
    told = [one.complaint, one.exam]
    if isinstance(one, Story):
        told.append(one.plan)
    else:
        told += [one.history, *([one.question] if one.ending != "draft" else [])]
        told += [words for words in (one.note, one.asks, one.supplies) if words]
        told += [one.answer.diagnosis, one.answer.plan, one.answer.advice] if one.answer else []
    for words in told:
        assert set(words) == LANGUAGES
        assert all(words.values())


def test_medicines_are_in_the_formulary_and_their_routes_too() -> None:
    codes = {m.code for m in load.formulary().medicine}
    routes = {r.code for r in load.formulary().route}
    for story in stories().story:
        if story.medicine:
            assert story.medicine[0] in codes
            assert story.medicine[4] in routes


def test_questions_tell_the_referrals_apart() -> None:
    asked = [words for one in stories().case for words in one.question.values() if words]
    assert len(set(asked)) == len(asked)


def test_outcomes_and_answers_are_the_pack_s() -> None:
    for one in stories().case:
        pack = load.load_specialty(one.specialty)
        assert outcome(one) in {o.code for o in pack.outcome} | {""}
        assert set(one.intake) <= {item.link_id for item in pack.items()}


def test_no_specialist_has_an_empty_list() -> None:
    waiting = {one.specialty for one in stories().case if one.ending in ("assigned", "accepted")}
    assert waiting == set(load.specialties())


def test_every_state_of_a_case_has_its_story() -> None:
    endings = {one.ending for one in stories().case}
    assert {"draft", "waiting", "assigned", "late", "accepted", "more_asked", "supplied", "declined", "answered",
            "on_unit", "explained", "cancelled"} <= endings  # fmt: skip


def test_each_person_gets_a_recording_of_their_own() -> None:
    assert electrocardiogram(1) != electrocardiogram(2)
    assert electrocardiogram(1) == electrocardiogram(1)
