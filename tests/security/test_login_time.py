"""A thousand log-ins: the clock does not tell a name that exists from one that does not."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.test.utils import override_settings

from qafila.journal.here import Here
from qafila.registry.staff import queries
from qafila.registry.staff.acts import set_password
from tests.web.vehicle import PASSWORD, Vehicle, vehicle

pytestmark = pytest.mark.timeout(1800)
TRIES = 1000
ARGON2 = ["tests.security.test_login_time.Cheaper"]


class Cheaper(Argon2PasswordHasher):
    """Real Argon2 at a twentieth of its memory: what it hides is larger, then, beside what it costs."""

    time_cost, memory_cost, parallelism = 2, 5120, 1


@pytest.fixture
def van(unit: Here) -> Iterator[Vehicle]:
    with vehicle(unit) as made, override_settings(PASSWORD_HASHERS=ARGON2):
        set_password(made.crew["fatima"], PASSWORD, None)
        yield made


def test_a_thousand_tries_tell_nothing(van: Vehicle) -> None:
    took: dict[str, list[float]] = {"known": [], "unknown": []}
    order = ["known", "unknown"] * (TRIES // 2)
    random.Random(62).shuffle(order)
    for number, kind in enumerate(order):
        name = "fatima" if kind == "known" else f"nobody{number}"
        begun = time.process_time()
        assert queries.authenticate(name, f"wrong {number}") is None
        took[kind].append(time.process_time() - begun)
    known, unknown = (sorted(took[kind]) for kind in ("known", "unknown"))
    middle = statistics.median(known)
    # What remains is one look-up in a table: far below what a network's jitter lets through.
    assert abs(middle - statistics.median(unknown)) < 0.25 * middle
    assert abs(known[len(known) // 4] - unknown[len(unknown) // 4]) < 0.25 * middle
