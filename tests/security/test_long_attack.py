"""The attack of tests/web/test_attacked.py from many seeds, with the paper that is slow to print."""

from __future__ import annotations

import logging

import pytest

from qafila.journal.here import Here
from tests.web.everywhere import everywhere
from tests.web.test_attacked import Attack

pytestmark = pytest.mark.timeout(1800)


@pytest.mark.parametrize("seed", range(20))
def test_nothing_fails_runs_or_leads_away(unit: Here, seed: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    with everywhere(unit) as node:
        attack = Attack(node, seed, caplog, prints=True)
        for _ in range(3):
            attack.forms()
            attack.addresses()
    assert not attack.wrong, "\n".join(sorted(set(attack.wrong)))
