"""An update killed at every single step on the disk, and again on its way on: each time a program that works."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.node.release_worlds import Machine

NEW, OLD = ("new", "rows migrated"), ("old", "rows")


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("trouble", "found"), [((), {NEW}), (("new-is-not-whole",), {OLD}), (("new-dies",), {OLD})])
def test_every_step(tmp_path: Path, trouble: tuple[str, ...], found: set[tuple[str, str]]) -> None:
    step, outcomes = 0, set()
    killed = True
    while killed:
        step += 1
        machine = Machine(tmp_path / str(step), *trouble)
        killed = machine.killed_at(step)
        machine.killed_at(step // 2 + 1)
        outcomes.add(machine.outcome())
        assert not (machine.root / "broken").exists(), step
    assert outcomes == found and step > 20
