"""A unit with a crew, on an empty node."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from qafila.journal.here import Here
from qafila.registry.people import keys
from qafila.registry.places import here as place_here
from qafila.registry.staff.acts import create_staff
from qafila.registry.units.acts import assign_node, assign_staff, create_unit


@pytest.fixture
def place() -> Iterator[None]:
    keys.connect()
    place_here.use("MA")
    yield
    place_here.use(None)


@pytest.fixture
def crew(unit: Here, place: None) -> SimpleNamespace:
    """Unit U1 with an assistant, and somebody without any right."""
    van = create_unit(None, "U1", "Unit one")
    assistant = create_staff(None, "fatima", "Chevre-montagne-11", "Fatima", ["assistant"])
    admin = create_staff(None, "hind", "Gardien-phare-51", "Hind", ["admin"])
    assign_node(van, unit.node, None)
    assign_staff(van, assistant, None)
    return SimpleNamespace(unit=van, assistant=assistant, admin=admin, here=unit)
