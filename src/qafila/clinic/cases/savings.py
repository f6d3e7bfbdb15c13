"""What a journey that was not made spared a person: kilometres, hours, money. Pure.

There and back. Each number is computed only from inputs that the place's own data has; what lacks is named, never
taken for nothing. A distance as the crow flies is a lower bound and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

DISTANCE, MINUTES, SPEED, FARE = "distance", "minutes", "speed", "fare"
WAYS = 2
"""There and back."""


@dataclass(frozen=True)
class Distance:
    """How far the facility is to which the person would have gone."""

    facility: str
    km: float
    by_road: bool
    minutes: int | None
    source: str
    day: date


@dataclass(frozen=True)
class Input:
    """A number of the place's data, with its unit, source and date."""

    value: float
    unit: str
    source: str
    day: date


@dataclass(frozen=True)
class Saved:
    """What was spared; None: not computed. `inputs`: [name, value, unit, source, date]; `lacking`: names."""

    km: Decimal | None = None
    hours: Decimal | None = None
    money: Decimal | None = None
    inputs: list[list[Any]] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)


def saved(distance: Distance | None, costs: Mapping[str, Input]) -> Saved:
    """What a journey to the facility and back would have taken."""
    if distance is None:
        return Saved(lacking=[DISTANCE])
    how = "km" if distance.by_road else "km, straight line"
    inputs: list[list[Any]] = [[DISTANCE, round(distance.km, 1), how, distance.source, distance.day.isoformat()]]
    lacking = []
    km = Decimal(str(distance.km)) * WAYS
    hours = money = None
    if distance.minutes is not None:
        hours = Decimal(distance.minutes) * WAYS / 60
        inputs.append([MINUTES, distance.minutes, "min", distance.source, distance.day.isoformat()])
    elif SPEED in costs:
        hours = km / Decimal(str(costs[SPEED].value))
        inputs.append(_said(SPEED, costs[SPEED]))
    else:
        lacking.append(SPEED)
    if FARE in costs:
        money = km * Decimal(str(costs[FARE].value))
        inputs.append(_said(FARE, costs[FARE]))
    else:
        lacking.append(FARE)
    return Saved(_round(km, "0.1"), _round(hours, "0.1"), _round(money, "0.01"), inputs, lacking)


def _said(name: str, one: Input) -> list[Any]:
    return [name, one.value, one.unit, one.source, one.day.isoformat()]


def _round(value: Decimal | None, to: str) -> Decimal | None:
    return None if value is None else value.quantize(Decimal(to), ROUND_HALF_UP)
