from __future__ import annotations

from collections.abc import Iterator

import pytest

from qafila.journal.here import Here
from qafila.sync import mailbox
from tests.conftest import wipe
from tests.sync.pair import Pair, join


@pytest.fixture(params=["sqlcipher", "postgresql"])
def pair(request: pytest.FixtureRequest, unit: Here, hub: Here) -> Iterator[Pair]:
    """A unit and a hub that know each other; the hub once on SQLCipher and once on PostgreSQL."""
    if request.param == "postgresql":
        request.getfixturevalue("postgres")
        hub.database = "pg0"
        wipe("pg0")
    yield join(unit, hub)
    mailbox.disconnect()
