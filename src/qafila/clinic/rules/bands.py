"""A published table of thresholds, written as it is printed.

RESPIRATION = Bands(below(9, 3), upto(11, 1), upto(20, 0), upto(24, 2), above(24, 3))
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Band(Generic[T]):
    """Values up to `limit` (itself included or not) give `value`."""

    limit: float
    included: bool
    value: T
    floor: float | None = None


def below(limit: float, value: T) -> Band[T]:
    """Less than `limit`."""
    return Band(limit, False, value)


def upto(limit: float, value: T) -> Band[T]:
    """At most `limit`."""
    return Band(limit, True, value)


def above(limit: float, value: T) -> Band[T]:
    """All that is more than `limit` (closes a table whose last row is `upto(limit)`)."""
    return Band(math.inf, True, value, limit)


def least(limit: float, value: T) -> Band[T]:
    """All that is at least `limit` (closes a table whose last row is `below(limit)`)."""
    return Band(math.inf, True, value, limit)


class Bands(Generic[T]):
    """An ordered table without gap; calling it with a number gives the value of the first band that holds it."""

    def __init__(self, *bands: Band[T]) -> None:
        for before, after in pairwise(bands):
            if (before.limit, before.included) >= (after.limit, after.included):
                raise ValueError(f"the limits must rise: {before.limit} then {after.limit}")
        if not bands or bands[-1].limit != math.inf:
            raise ValueError("the last band must be above(...) or least(...)")
        if len(bands) > 1 and bands[-1].floor != bands[-2].limit:
            raise ValueError(f"the last band must start where the one before ends, {bands[-2].limit}")
        self.bands = bands

    def __call__(self, number: float) -> T:
        """The value of the first band that holds `number`. Raises `ValueError` for not-a-number."""
        for band in self.bands:
            if number < band.limit or (band.included and number == band.limit):
                return band.value
        raise ValueError(f"{number} is not a number")
