"""One complete case in each specialty: unit, hub, answer, outcome.

Three of the seven are walked with the cable out by `test_journey.py`.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from qafila.packs import load
from tests.browser.desk import PHONE, TABLET
from tests.browser.journey import Journey
from tests.browser.stories import STORIES
from tests.browser.test_journey import WALKS
from tests.world import World

pytestmark = pytest.mark.timeout(500)

LANGUAGES = {
    "gynaecology_obstetrics": ("ar", ("خديجة", "أيت باها")),
    "endocrinology": ("fr", ("Rkia", "Amellal")),
    "dermatology": ("en", ("Tuda", "Aksil")),
    "pulmonology": ("fr", ("Lahcen", "Taleb")),
}


def test_every_specialty_has_its_story_and_every_language_is_spoken() -> None:
    walked = {walk.values[4].specialty for walk in WALKS}
    assert set(STORIES) == {*LANGUAGES, *walked} == set(load.specialties())
    assert {language for language, _ in LANGUAGES.values()} == {"ar", "fr", "en"}


@pytest.mark.parametrize("specialty", sorted(LANGUAGES, key=lambda code: LANGUAGES[code][0]))
def test_a_case_from_the_unit_to_its_outcome(world: World, browser: Browser, specialty: str) -> None:
    language, name = LANGUAGES[specialty]
    size = PHONE if language == "fr" else TABLET
    journey = Journey(world, browser, language, 1, name, size, STORIES[specialty])
    specialist = journey.desk("specialist", specialty=specialty)
    journey.register(journey.desk("assistant"))
    journey.measure(journey.desk("nurse"))
    doctor = journey.desk("doctor")
    journey.consult(doctor)
    case = journey.refer(doctor)
    specialist.go("/specialist/")
    journey.accept(specialist)
    words = f"Synthetic: an answer for {specialty}"
    journey.write_answer(specialist, words)
    journey.explain(doctor, case, words)
    journey.outcome_at_hub(specialist)
    journey.end()
