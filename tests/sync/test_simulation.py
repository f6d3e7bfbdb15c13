"""Thousands of fleets, each with its own faults, end with every record where it belongs. `tests/sync/sim` says how."""

from __future__ import annotations

import pytest

from tests.sync.sim.run import broken, run

SEEDS = 5000
CHUNK = 250


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_no_fleet_loses_a_record_whatever_befalls_it(first: int) -> None:
    found = broken(range(first, first + CHUNK))
    assert not found, "\n".join(f"python -m tests.sync.sim --seed {seed}   # {problem}" for seed, problem in found)


def test_a_seed_gives_the_same_history_each_time() -> None:
    for seed in (7, 40):
        told: list[list[str]] = [[], []]
        for turn in (0, 1):
            run(seed, trace=told[turn].append)
        assert told[0] == told[1] and len(told[0]) > 20


def test_the_faults_really_happen() -> None:
    """What a simulation does not do it cannot find: each event is seen, and the fleet does its work all the same."""
    seen: set[str] = set()
    work = 0
    for seed in range(150):
        world = run(seed)
        seen |= {*world.faults.events, *world.rates_drawn}
        work += len(world.server.disk.tables["records"])
    from tests.sync.sim.faults import EVENTS, MESSAGE_FAULTS

    assert seen == {*EVENTS, *MESSAGE_FAULTS} and work > 150 * 10
