"""The curves of a session of spirometry as SVG, drawn on the node: flow over volume, volume over time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from qafila.clinic.spirometry.curves import flows
from qafila.clinic.spirometry.session import Manoeuvre

WIDE, TALL, LEFT, LOW = 420, 300, 44, 36
MOST_SHOWN = 400


@dataclass(frozen=True)
class Curve:
    """One line: path data, its number, and how it looks (`phase` and whether it is acceptable)."""

    path: str
    number: int
    look: str


@dataclass(frozen=True)
class Drawing:
    """One diagram; all places are in units of the viewBox."""

    kind: str
    across: list[tuple[float, str]]
    up: list[tuple[float, str]]
    curves: list[Curve]
    wide: int = WIDE
    tall: int = TALL
    left: int = LEFT
    floor: int = TALL - LOW


def drawings(blows: Sequence[tuple[Manoeuvre, bool]]) -> list[Drawing]:
    """Both diagrams of blows that have a curve, each with whether it is acceptable; empty without any."""
    held = [(n, one, good) for n, (one, good) in enumerate(blows, 1) if len(one.volumes) > 2]
    if not held:
        return []
    return [_drawn("flow", held), _drawn("time", held)]


def _drawn(kind: str, held: list[tuple[int, Manoeuvre, bool]]) -> Drawing:
    lines = [(n, blow, good, _points(kind, blow)) for n, blow, good in held]
    most_x = _round_up(max(x for *_, points in lines for x, _y in points))
    most_y = _round_up(max(y for *_, points in lines for _x, y in points))
    room_x, room_y = WIDE - LEFT - 12, TALL - LOW - 12

    def place(x: float, y: float) -> tuple[float, float]:
        return LEFT + x / most_x * room_x, TALL - LOW - max(0.0, y) / most_y * room_y

    curves = [
        Curve(
            "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in (place(*point) for point in points)),
            n,
            f"{blow.phase}{'' if good else ' not'}",
        )
        for n, blow, good, points in lines
    ]
    across = [(place(x, 0)[0], f"{x:g}") for x in _ticks(most_x)]
    up = [(place(0, y)[1], f"{y:g}") for y in _ticks(most_y)]
    return Drawing(kind, across, up, curves)


def _points(kind: str, blow: Manoeuvre) -> list[tuple[float, float]]:
    first = blow.volumes[0]
    volumes = [max(0.0, one - first) for one in blow.volumes]
    if kind == "flow":
        points = list(zip(volumes, flows(blow.volumes, blow.step), strict=True))
    else:
        points = [(n * blow.step, volume) for n, volume in enumerate(volumes)]
    every = max(1, len(points) // MOST_SHOWN)
    return [*points[::every], points[-1]]


def _round_up(value: float) -> float:
    value = max(value, 0.5)
    step = _step(value)
    return math.ceil(value / step - 1e-9) * step


def _step(value: float) -> float:
    return next(step for step in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if value / step <= 8)


def _ticks(most: float) -> list[float]:
    step = _step(most)
    return [round(n * step, 3) for n in range(round(most / step) + 1)]
