"""Known bugs, planted one at a time: the simulation finds each. What finds nothing proves nothing."""

from __future__ import annotations

import pytest

from tests.sync import plants_of_parts, plants_of_restores
from tests.sync.plants import PLANTS
from tests.sync.sim.run import first_broken
from tests.sync.sim.world import Plant

WITHIN = 1000
BEGIN = {
    "AcksOutliveTheConnection": 640, "AuthorGetsNothingBack": 49_450, "FilesNotOfferedAgain": 230,
    "HeaderTakenForTheRecord": 49_450, "LateRecordsStay": 890, "MailAcknowledgedTooEarly": 110,
    "NeverGivenUp": 120, "NewerRecordsForgotten": 185, "ReceiptsIgnored": 525, "SumsIgnored": 40,
}  # fmt: skip
"""The first seed to look at: rare bugs need luck, and hunting for it each time proves nothing more."""


@pytest.mark.parametrize(
    "plant", [*PLANTS, *plants_of_parts.PLANTS, *plants_of_restores.PLANTS], ids=lambda p: p.__name__
)
def test_a_planted_bug_is_found(plant: type[Plant]) -> None:
    begin = BEGIN.get(plant.__name__, 0)
    found = first_broken(range(begin, begin + WITHIN), plant())
    assert found is not None, f"not found in {WITHIN} seeds"
    print(f"{plant.__name__}: found by seed {found[0]}: {found[1]}")
