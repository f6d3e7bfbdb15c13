"""The whole authorisation matrix: every address × every role × every circumstance. Minutes: `make security`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test.utils import override_settings

from qafila.journal.here import Here, at
from qafila.node.directory import NodeDirectory
from qafila.packs import load
from qafila.registry.places import here as place_here
from tests.walled import OWNER, PAGES, behind_a_wall
from tests.web.desk import NODE, desk
from tests.web.matrix import EVERY, NOBODY, RULES, circumstances, expected, make_world, wrong

pytestmark = pytest.mark.timeout(3600)


def cells() -> Iterator[tuple[str, str, str]]:
    for name, _ in EVERY:
        for role in (NOBODY, *load.roles()):
            for circumstance in circumstances(name):
                yield name, role, circumstance


def test_the_whole_matrix(unit: Here) -> None:
    with desk(unit):
        world = make_world("H")
        found = [wrong(world, *cell) for cell in cells()]
    assert not (said := list(filter(None, found))), "\n".join(said)


def test_whoever_gets_in_gets_in_behind_the_wall_too(unit: Here, postgres: None) -> None:
    """Policies that are narrower than the rights would break a page for those who may see it."""
    assert isinstance(unit.directory, Path)
    (unit.directory / "node.toml").write_text(NODE)
    (unit.directory / "blobs").mkdir()
    directory = NodeDirectory(unit.directory)
    directory.secret("web")
    of = {"custodian": "MS", "programme": "UMMC", "directory": unit.directory}
    with behind_a_wall(), override_settings(DIRECTORY=directory, SECRET_KEY="only of a test"):
        place_here.use("MA")
        with at(Here("H", "hub", database=OWNER, **of)):
            world = make_world("H")
        with at(Here("H", "hub", database=PAGES, **of)):
            inside = [cell for cell in cells() if expected(*cell) and not RULES[cell[0]].get("drawn")]
            found = [wrong(world, *cell) for cell in inside]
        place_here.use(None)
    assert not (said := list(filter(None, found))), "\n".join(said)
