"""Growth charts as drawings: the lines of z -3 to +3 and the child's points, in the coordinates of an SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from qafila.clinic.rules import growth_tables as tables
from qafila.clinic.rules.growth import row_for
from qafila.clinic.rules.growth_tables import CHILD_OF_TWO, LAST_DAY, MONTH
from qafila.clinic.visits.growth import Measuring

WIDE, HIGH = 480, 340
LEFT, TOP, RIGHT, BOTTOM = 40, 10, 30, 26
STEPS = 96
ZS = (3, 2, 1, 0, -1, -2, -3)
SPANS = ("0-2", "0-5", "5-19")
_AGES = {"0-2": (0.0, 24.0), "0-5": (0.0, 60.0), "5-19": (61.0, 228.0)}
_FROM = {"arm_for_age": 3.0}
_TO = {("weight_for_age", "5-19"): 120.0}
_SIZES = {"0-2": ("by_length", 45.0, 110.0), "0-5": ("by_height", 65.0, 120.0)}
INDICATORS = {
    "0-2": ("weight_for_age", "height_for_age", "weight_for_height", "bmi_for_age", "head_for_age", "arm_for_age"),
    "0-5": ("weight_for_age", "height_for_age", "weight_for_height", "bmi_for_age", "head_for_age", "arm_for_age"),
    "5-19": ("height_for_age", "bmi_for_age", "weight_for_age"),
}
UNITS = {"weight_for_age": "kg", "weight_for_height": "kg", "bmi_for_age": "kg/m²"}


@dataclass(frozen=True)
class Line:
    """One z line: `path` is the SVG path, `end` where its name stands."""

    z: int
    path: str
    end: float

    @property
    def name(self) -> str:
        """+3 … 0 … -3, with a real minus."""
        return f"{self.z:+d}".replace("-", "−") if self.z else "0"


@dataclass(frozen=True)
class Tick:
    """A mark of an axis: its place and its number."""

    at: float
    text: str
    strong: bool = False


@dataclass(frozen=True)
class Point:
    """A measuring: its place, and what it says."""

    x: float
    y: float
    measuring: Measuring
    value: float
    z: float
    implausible: bool


@dataclass
class Chart:
    """One indicator over one span."""

    indicator: str
    span: str
    unit: str
    lines: list[Line]
    across: list[Tick]
    upward: list[Tick]
    points: list[Point] = field(default_factory=list)
    trail: str = ""
    """The path through the points."""

    wide, high = WIDE, HIGH
    left, top, right, bottom = LEFT, TOP, WIDE - RIGHT, HIGH - BOTTOM

    @property
    def by_size(self) -> bool:
        """Across stands a length or height, not an age."""
        return self.indicator == "weight_for_height"

    @property
    def across_words(self) -> str:
        """What stands across: `length`, `height`, `months` or `years`."""
        if self.by_size:
            return "length" if self.span == "0-2" else "height"
        return "years" if self.span == "5-19" else "months"


def span_of(age_days: float) -> str:
    """The span whose charts fit an age best."""
    if age_days < CHILD_OF_TWO:
        return "0-2"
    return "0-5" if age_days <= LAST_DAY else "5-19"


def charts(sex: str, span: str, measurings: Sequence[Measuring]) -> list[Chart]:
    """Every chart of a span, with the points that fall into it."""
    return [draw(indicator, sex, span, measurings) for indicator in INDICATORS[span]]


def draw(indicator: str, sex: str, span: str, measurings: Sequence[Measuring]) -> Chart:
    """One chart. `sex` is female or male, `span` one of `SPANS`."""
    low, high = _ends(indicator, span)
    rows = [(x, row) for x in _places(low, high) if (row := _row(indicator, sex, span, x)) is not None]
    seen = list(_seen(indicator, span, low, high, measurings))
    values = [row.value(z) for _x, row in rows for z in (-3, 3)] + [value for _x, value, _m in seen]
    floor, ceiling, step = _scale(min(values), max(values))

    def across(x: float) -> float:
        return round(LEFT + (x - low) / (high - low) * (WIDE - LEFT - RIGHT), 1)

    def up(value: float) -> float:
        return round(HIGH - BOTTOM - (value - floor) / (ceiling - floor) * (HIGH - TOP - BOTTOM), 1)

    lines = [Line(z, _path([(across(x), up(r.value(z))) for x, r in rows]), up(rows[-1][1].value(z))) for z in ZS]
    points = [
        Point(across(x), up(value), one, value, one.scores[indicator].z, one.scores[indicator].implausible)
        for x, value, one in seen
    ]
    return Chart(
        indicator,
        span,
        UNITS.get(indicator, "cm"),
        lines,
        list(_across(indicator, span, low, high, across)),
        [Tick(up(v), f"{v:g}") for v in _steps(floor, ceiling, step)],
        points,
        _path([(p.x, p.y) for p in points]) if len(points) > 1 else "",
    )


def _ends(indicator: str, span: str) -> tuple[float, float]:
    if indicator == "weight_for_height":
        return _SIZES[span][1:]
    low, high = _AGES[span]
    return max(low, _FROM.get(indicator, low)), _TO.get((indicator, span), high)


def _places(low: float, high: float) -> list[float]:
    return [low + (high - low) * step / STEPS for step in range(STEPS + 1)]


def _row(indicator: str, sex: str, span: str, place: float) -> tables.Lms | None:
    """The table's row at a place of the axis: months, or cm."""
    if indicator == "weight_for_height":
        return tables.by_size(_SIZES[span][0], sex).at(round(place, 3))
    days = place * MONTH
    return row_for(indicator, sex, min(days, LAST_DAY) if span != "5-19" else max(days, LAST_DAY + 1))


def _seen(
    indicator: str, span: str, low: float, high: float, measurings: Sequence[Measuring]
) -> Iterator[tuple[float, float, Measuring]]:
    """Place and value of each measuring that belongs on the chart."""
    for one in measurings:
        score = one.scores.get(indicator)
        if score is None or (span == "5-19") != (one.age >= LAST_DAY + 1):
            continue
        if indicator == "weight_for_height":
            if one.corrected is None or (one.age < CHILD_OF_TWO) != (span == "0-2"):
                continue
            place = one.corrected
        else:
            place = one.age / MONTH
        if low - 0.05 <= place <= high + 1:
            yield min(max(place, low), high), score.measured, one


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


def _scale(low: float, high: float) -> tuple[float, float, float]:
    """Round ends and a round step for an axis from `low` to `high`: 5 to 11 steps."""
    rough = (high - low) / 8
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * k for k in (1, 2, 2.5, 5, 10) if size * k >= rough)
    return math.floor(low / step) * step, math.ceil(high / step) * step, step


def _steps(low: float, high: float, step: float) -> list[float]:
    return [round(low + step * n, 6) for n in range(round((high - low) / step) + 1)]


def _across(indicator: str, span: str, low: float, high: float, place: object) -> Iterator[Tick]:
    assert callable(place)
    if indicator == "weight_for_height":
        for cm in range(int(low), int(high) + 1, 5):
            yield Tick(place(float(cm)), str(cm), cm % 10 == 0)
    elif span == "5-19":
        for year in range(math.ceil(low / 12), int(high / 12) + 1):
            yield Tick(place(year * 12.0), str(year), True)
    else:
        every = 2 if span == "0-2" else 6
        for month in range(math.ceil(low / every) * every, int(high) + 1, every):
            yield Tick(place(float(month)), str(month), month % 12 == 0)
