"""The exchange of two programs: it goes through, or back, or on; what was killed in the middle leaves a working one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.node.release_worlds import Machine

NEW, OLD = ("new", "rows migrated"), ("old", "rows")


def test_a_good_release_stays(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    assert machine.outcome() == NEW
    assert not (machine.root / "staged.release").exists() and not (machine.root / "broken").exists()
    assert machine.outcome() == NEW


@pytest.mark.parametrize("trouble", ["new-dies", "new-is-not-whole"])
def test_a_bad_release_goes_back_with_its_database_and_is_not_tried_again(tmp_path: Path, trouble: str) -> None:
    machine = Machine(tmp_path, trouble)
    assert machine.outcome() == OLD
    assert (machine.root / "refused").read_text() == '{"number": 2}\n'
    assert not (machine.root / "staged.release").exists() and not (machine.root / "broken").exists()


def test_what_is_not_signed_changes_nothing(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "new-is-not-signed")
    assert machine.outcome() == OLD and not (machine.root / "b").exists()


@pytest.mark.parametrize("step", [2, 7, 12, 17, 22])
def test_killed_in_the_middle_it_goes_on(tmp_path: Path, step: int) -> None:
    machine = Machine(tmp_path)
    machine.killed_at(step)
    assert machine.outcome() == NEW and not (machine.root / "broken").exists()


@pytest.mark.parametrize("step", [14, 20, 26])
def test_killed_on_the_way_back_it_goes_on_back(tmp_path: Path, step: int) -> None:
    machine = Machine(tmp_path, "new-is-not-whole")
    machine.killed_at(step)
    assert machine.outcome() == OLD and not (machine.root / "broken").exists()
