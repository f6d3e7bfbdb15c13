"""The whole journey on two nodes at once with the cable out in the middle: once in each language, each with a case of
another specialty. `test_specialties.py` has the cases of the others."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.desk import PHONE, TABLET
from tests.browser.journey import Journey
from tests.browser.stories import CARDIOLOGY, STORIES, Story
from tests.world import World

pytestmark = pytest.mark.timeout(400)

WALKS = [
    pytest.param("ar", 0, ("حماد", "أوبيهي"), TABLET, STORIES["ent"], id="ar"),
    pytest.param("fr", 1, ("Ilyas", "Ouazzane"), PHONE, STORIES["paediatrics"], id="fr-telephone"),
    pytest.param("en", 0, ("Moha", "Azzouzi"), TABLET, CARDIOLOGY, id="en"),
]


@pytest.mark.parametrize(("language", "unit", "name", "size", "story"), WALKS)
def test_from_the_door_to_the_outcome_with_the_cable_out(
    world: World, browser: Browser, language: str, unit: int, name: tuple[str, str], size: dict[str, Any], story: Story
) -> None:
    journey = Journey(world, browser, language, unit, name, size, story)
    if story is CARDIOLOGY:
        journey.rest(journey.at_hub(world.cast.named("omar")))
    specialist = journey.desk("specialist", specialty=story.specialty)

    world.cut(unit)
    journey.register(journey.desk("assistant"))
    journey.measure(journey.desk("nurse"))
    doctor = journey.desk("doctor")
    journey.consult(doctor)
    journey.attach(doctor)
    case = journey.refer(doctor)
    journey.has_not_left(doctor, case)

    world.restore(unit)
    specialist.go("/specialist/")
    journey.accept(specialist)
    journey.ask(specialist, "Synthetic: how long does the pain last?")
    journey.supply(doctor, "how long does the pain last", "Synthetic: two minutes, on pressing")
    journey.answer(specialist, "two minutes, on pressing", "Synthetic: pain of the chest wall")
    journey.explain(doctor, case, "pain of the chest wall")
    journey.outcome_at_hub(specialist)
    journey.end()
