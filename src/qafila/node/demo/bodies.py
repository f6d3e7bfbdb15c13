"""Plausible readings of invented people: usual for the age, with what the complaint brings. Pure."""

from __future__ import annotations

import random
from collections.abc import Mapping
from itertools import pairwise
from typing import Literal

Readings = dict[str, float | str | bool]

WEIGHT = ((0, 3.4), (0.5, 7.4), (1, 9.4), (2, 12), (5, 18), (10, 32), (15, 52), (20, 66), (50, 72), (80, 66))
HEIGHT = ((0, 50), (0.5, 66), (1, 75), (2, 87), (5, 109), (10, 138), (15, 162), (20, 167), (80, 162))
PULSE = ((0, 140), (1, 118), (5, 100), (12, 84), (20, 76), (90, 74))
BREATHS = ((0, 44), (1, 32), (5, 24), (12, 19), (20, 16), (90, 17))
SYSTOLIC = ((0, 76), (5, 98), (12, 108), (20, 118), (50, 128), (90, 138))


def at_age(table: tuple[tuple[float, float], ...], age: float) -> float:
    """The value at an age, between two lines of the table."""
    for (low, first), (high, second) in pairwise(table):
        if age <= high:
            return first + (second - first) * max(0.0, age - low) / (high - low)
    return table[-1][1]


def readings(
    dice: random.Random,
    age: float,
    sex: Literal["female", "male", ""],
    special: Mapping[str, tuple[float, float]],
    *,
    pregnant: bool = False,
) -> Readings:
    """Readings by key of `clinic.rules.observations`, each in its own unit."""

    def about(table: tuple[tuple[float, float], ...], spread: float) -> float:
        return at_age(table, age) * dice.uniform(1 - spread, 1 + spread)

    found: Readings = {
        "temperature": round(dice.uniform(36.3, 37.2), 1),
        "pulse": round(about(PULSE, 0.08)),
        "respirations": round(about(BREATHS, 0.08)),
        "spo2": dice.randint(96, 99),
        "weight": round(about(WEIGHT, 0.14) - (4 if sex == "female" and age > 15 else 0), 1),
        "height": round(about(HEIGHT, 0.04) - (8 if sex == "female" and age > 15 else 0), 1),
        "consciousness": "A",
        "oxygen": 0,
    }
    if age >= 5:
        found["systolic"] = round(about(SYSTOLIC, 0.07))
        found["diastolic"] = round(float(found["systolic"]) * dice.uniform(0.6, 0.66))
        found["pain"] = dice.choice((0, 0, 0, 1, 2))
    elif age < 2:
        found["head_circumference"] = round(35 + 12 * min(age, 2) ** 0.5 * dice.uniform(0.74, 0.8), 1)
    if 0.5 <= age < 5:
        found["arm_circumference"] = round(dice.uniform(13.4, 16.8), 1)
    if sex == "female" and 11 <= age <= 59:
        # Wider than the years in which it is asked about: an age may be known within three years only.
        found["pregnant"] = pregnant
    for key, (low, high) in special.items():
        # A range between whole numbers is of whole numbers: nobody counts 17.3 breaths.
        whole = float(low).is_integer() and float(high).is_integer()
        found[key] = dice.randint(int(low), int(high)) if whole else round(dice.uniform(low, high), 1)
    return found
