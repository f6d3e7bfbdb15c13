"""Known bugs, planted one at a time: the simulation finds each. What finds nothing proves nothing."""

from __future__ import annotations

import pytest

from tests.sync import plants_of_parts, plants_of_restores
from tests.sync.plants import PLANTS
from tests.sync.sim.run import first_broken
from tests.sync.sim.world import Plant

WITHIN = 1000
BEGIN = {
    "AckNumberBelieved": 56, "AcknowledgesBeforeCommit": 17, "AcksOutliveTheConnection": 658, "AnotherFramesPart": 45,
    "AsideNotOfferedAgain": 10, "AuthorGetsNothingBack": 49_477, "CursorNotLocked": 39, "FilesNotOfferedAgain": 234,
    "ForgetsWithoutBackup": 35, "HeaderTakenForTheRecord": 49_477, "LateRecordsStay": 892,
    "MailAcknowledgedTooEarly": 124, "MailNotCompared": 8, "NeverGivenUp": 138, "NewerRecordsForgotten": 191,
    "OffByOne": 45, "OwnRecordsNotAskedFor": 12, "ReceiptsIgnored": 527,
    "RestoreNotTold": 10, "RunGoesOn": 57, "SumsIgnored": 61, "TooNewDropped": 11,
    "UrgentWaits": 81, "WatermarkIgnored": 19, "WatermarkTooHigh": 15,
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
