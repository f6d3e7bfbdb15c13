"""The work that is measured: the same for a seed, of the size that is promised."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from bench.sync.bars import BARS, reached
from bench.sync.words import vocabulary
from bench.sync.workload import LONGEST, SHORTEST, consultations

BEGUN = datetime(2026, 1, 5, 7, tzinfo=UTC)


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_the_vocabulary_is_large_and_without_doubles(language: str) -> None:
    words = vocabulary(language)
    assert len(words) >= 3000
    assert len(set(words)) == len(words)


def test_a_seed_gives_the_same_work() -> None:
    assert list(consultations(20, 3)) == list(consultations(20, 3))
    assert list(consultations(20, 3)) != list(consultations(20, 4))


def test_consultations_are_as_large_as_is_said() -> None:
    work = list(consultations(300, 1))
    assert all(SHORTEST - 3 <= len(one.note) <= LONGEST + 1 for one in work)
    assert {one.language for one in work} == {"fr", "ar"}
    assert all(len(one.readings) == 8 for one in work)
    assert len({one.national_id for one in work}) == 300
    sizes = [len(orjson.dumps(one.document(BEGUN, "U1"))) for one in work]
    assert 2000 < sum(sizes) / 300 < 2300


def test_a_figure_that_was_not_measured_reaches_nothing() -> None:
    assert not reached(BARS["clean"].must, {"seconds": 1.0, "up_bytes_each": 10.0})
    assert reached(BARS["clean"].must, {"seconds": 1.0, "up_bytes_each": 10.0, "equal": True})
    assert not reached(BARS["clean"].must, {"seconds": 66.0, "up_bytes_each": 10.0, "equal": True})
