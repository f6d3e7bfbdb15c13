from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from qafila.clinic.visits import forgetting as visit_forgetting
from qafila.journal.here import Here
from qafila.registry.people import keys
from qafila.registry.units.models import Unit
from qafila.sync import leaving, mailbox
from tests.conftest import wipe
from tests.sync.pair import Pair, join, serve_unit


@pytest.fixture(params=["sqlcipher", "postgresql"])
def pair(request: pytest.FixtureRequest, unit: Here, hub: Here) -> Iterator[Pair]:
    """A unit and a hub that know each other; the hub once on SQLCipher and once on PostgreSQL."""
    if request.param == "postgresql":
        request.getfixturevalue("postgres")
        hub.database = "pg0"
        wipe("pg0")
    yield join(unit, hub)
    mailbox.disconnect()
    leaving.disconnect()


@pytest.fixture
def other(pair: Pair, tmp_path: Path) -> Pair:
    """A second unit of the same hub."""
    wipe("n2")
    directory = tmp_path / "unit2"
    shutil.copytree(pair.unit.directory or "", directory, ignore=lambda *_: ["blobs"])
    for key in ("signing.pem", "sealing.pem"):
        (directory / "keys" / key).unlink()
    return join(Here("U2", "unit", directory=directory, database="n2", confirmed_by_hub=True), pair.hub)


@pytest.fixture
def south(pair: Pair) -> Unit:
    """The medical unit that the box U1 serves."""
    keys.connect()
    visit_forgetting.connect()
    return serve_unit(pair.hub, "U1")


@pytest.fixture
def north(pair: Pair) -> Unit:
    """Another medical unit, served by a box that never calls."""
    return serve_unit(pair.hub, "U2")
