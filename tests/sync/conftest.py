from __future__ import annotations

from collections.abc import Iterator

import pytest

from qafila.journal.here import Here
from qafila.sync import mailbox
from tests.sync.pair import Pair, join


@pytest.fixture
def pair(unit: Here, hub: Here) -> Iterator[Pair]:
    """A unit and a hub that know each other."""
    yield join(unit, hub)
    mailbox.disconnect()
