"""The whole journey on two nodes at once with the cable out in the middle: once in each language."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.desk import PHONE, TABLET
from tests.browser.journey import Journey
from tests.world import World

pytestmark = [pytest.mark.xdist_group("world"), pytest.mark.timeout(400)]

WALKS = [
    pytest.param("ar", 0, ("إبراهيم", "أوزال"), TABLET, id="ar"),
    pytest.param("fr", 1, ("Ijja", "Oumzil"), PHONE, id="fr-telephone"),
    pytest.param("en", 0, ("Moha", "Azzouzi"), TABLET, id="en"),
]


@pytest.mark.parametrize(("language", "unit", "name", "size"), WALKS)
def test_from_the_door_to_the_outcome_with_the_cable_out(
    world: World, browser: Browser, language: str, unit: int, name: tuple[str, str], size: dict[str, Any]
) -> None:
    journey = Journey(world, browser, language, unit, name, size)
    off_duty = world.cast.named("omar")
    resting = journey.at_hub(off_duty)
    journey.rest(resting)
    specialist = journey.desk("specialist", specialty="cardiology")

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
    journey.supply(doctor, case, "how long does the pain last", "Synthetic: two minutes, on pressing")
    journey.answer(specialist, "two minutes, on pressing", "Synthetic: pain of the chest wall")
    journey.explain(doctor, case, "pain of the chest wall")
    journey.outcome_at_hub(specialist)
    journey.end()
