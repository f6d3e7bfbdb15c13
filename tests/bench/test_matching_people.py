"""The generator of people registered twice."""

from __future__ import annotations

from bench.matching.people import ERRORS, Town
from bench.matching.run import doubles


def test_the_same_seed_invents_the_same_registry() -> None:
    one, other = Town(7).registry(300, 0.1), Town(7).registry(300, 0.1)
    assert one == other != Town(8).registry(300, 0.1)
    assert len(one) == 300 and len(doubles(one)) == 30


def test_every_second_registration_has_an_error_that_is_named() -> None:
    made = Town(7).registry(2000, 0.5)
    again = made[1000:]
    assert all(one.errors and set(one.errors) <= set(ERRORS) for one in again)
    assert {kind for one in again for kind in one.errors} == set(ERRORS)
