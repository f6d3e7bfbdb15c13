"""How disk and battery do: told on the unit's screens, and at the hub after the next contact."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.template.loader import render_to_string
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from qafila.journal.here import Here, at
from qafila.node import disk
from qafila.sync import machine, state
from qafila.sync.machine import Machine
from tests.sync.pair import Pair, join
from tests.web.vehicle import Vehicle, vehicle


@pytest.fixture
def van(unit: Here) -> Iterator[Vehicle]:
    with vehicle(unit) as made:
        yield made


def battery(root: Path, percent: int, *, plugged: bool) -> None:
    for name, said in (("BAT0", {"type": "Battery", "capacity": str(percent)}),
                       ("AC", {"type": "Mains", "online": "1" if plugged else "0"})):  # fmt: skip
        (root / name).mkdir(parents=True, exist_ok=True)
        for file, word in said.items():
            (root / name / file).write_text(f"{word}\n")


def test_a_battery_that_runs_low_is_told_here_and_at_the_hub(van: Vehicle, hub: Here, tmp_path: Path) -> None:
    pair, power, directory = join(van.here, hub), tmp_path / "power", van.here.directory
    assert isinstance(directory, Path)
    for percent, plugged, mark, word in (
        (80, False, "", "ok"), (23, False, "notice-warn", "warn"), (7, False, "notice-stop", "stop"),
        (7, True, "", "ok"),
    ):  # fmt: skip
        battery(power, percent, plugged=plugged)
        (directory / "changed").unlink(missing_ok=True)
        disk.watch(power)
        assert (directory / "changed").exists() == (plugged or percent != 80 or word == "ok")
        page = van.at("rachid").get("/account/").content.decode()
        assert ("notice-warn" in page, "notice-stop" in page) == (mark == "notice-warn", mark == "notice-stop")
        assert (f"{percent}" in text_of_notice(page)) == bool(mark)
        assert at_the_hub(pair) == Machine("ok", word, percent)


def text_of_notice(page: str) -> str:
    return page.partition('class="notice')[2].partition("</p>")[0]


def at_the_hub(pair: Pair) -> Machine | None:
    pair.sync()
    with at(pair.hub):
        return state.nodes()[0].machine


def test_what_is_damaged_is_nothing_told(tmp_path: Path) -> None:
    assert machine.read(None) == machine.read(tmp_path) == Machine()
    for odd in ("", "ok", "ok warn many", "ok - 101", "what ok 3", "ok ok 3 4", "\0", "é"):
        (tmp_path / machine.FILE).write_text(odd)
        assert machine.read(tmp_path) == Machine()
    assert machine.keep(tmp_path, Machine("warn", "stop", 3)) and machine.read(tmp_path) == Machine("warn", "stop", 3)
    assert not machine.keep(tmp_path, Machine("warn", "stop", 2)) and machine.read(tmp_path).percent == 2


@given(st.lists(st.integers(), max_size=5))
def test_whatever_a_unit_says_of_itself_is_understood_or_nothing(said: list[int]) -> None:
    found = machine.of_numbers(said)
    assert found is None or found.numbers == said


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_the_list_of_units_shows_it(unit: Here, language: str) -> None:
    one = state.NodeState("U1", "unit", "", None, None, False, 0, False, None, Machine("stop", "warn", 23))
    line = {"node": one, "units": [], "quiet": False, "lease": None, "warned": False, "version": ""}
    with translation.override(language):
        page = render_to_string("coordinator/units.html", {"nodes": [line], "count": 1, "quiet": 0, "pages": 1})
    assert page.count("h-overdue") == 2 and "23" in page
