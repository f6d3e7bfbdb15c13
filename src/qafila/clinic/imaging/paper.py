"""The grid of ECG paper, and an ecg_plot chart written as small SVG.

Small by whole twentieths of a millimetre, relative steps, and no point that cannot be seen.
"""

from __future__ import annotations

import re
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import TYPE_CHECKING

from qafila.kernel.text import FSI, PDI

if TYPE_CHECKING:
    from ecg_plot import ECGChart
    from numpy import ndarray

FONT = 2.6
"""Millimetres. ecg_plot sets rows `3 * font + 2` apart, ten at least: at 2.6 they keep to the grid."""
NAME_ABOVE = 9.0
"""Millimetres from a lead's baseline up to its name."""
GRID = ((1.0, "#f3d6d6", 0.08), (5.0, "#e0a3a3", 0.16))
"""Millimetres apart, colour, line width in millimetres."""
INK = 0.25
"""Millimetres: the width of a trace."""
TOLERANCE = 0.05
"""Millimetres: how far a dropped point may lie from the line drawn. A fifth of the line's width, 5 microvolts."""
UNITS = 20
"""SVG user units a millimetre: a fifth of the line's width, and each point takes four characters instead of six."""
SVG = "{http://www.w3.org/2000/svg}"

Line = tuple[tuple[float, float], tuple[float, float]]


def lead_names(chart: ECGChart) -> list[tuple[float, float, str]]:
    """Where each lead's name stands (mm): close above its own trace, away from the one before."""
    return [(panel.x + 1, panel.baseline - NAME_ABOVE, chart.record.names[panel.lead]) for panel in chart.panels]


def grid_lines(chart: ECGChart, step: float) -> list[Line]:
    """Lines `step` mm apart over the whole sheet, through the start of the traces and through every baseline."""
    left, top, right, bottom = 0.0, 0.0, chart.width_mm, chart.height_mm - 8
    x, y = chart.panels[0].x % step, chart.panels[0].baseline % step
    across = [((left, y + n * step), (right, y + n * step)) for n in range(int((bottom - y) / step) + 1)]
    down = [((x + n * step, top), (x + n * step, bottom)) for n in range(int((right - x) / step) + 1)]
    return across + down


def write_svg(chart: ECGChart, words: Sequence[str]) -> str:
    """The chart as ecg_plot draws it, under it the grid, below it `words[1:]`; `words[0]` is the title read aloud."""
    drawn = ET.fromstring(chart.to_svg())  # noqa: S314 - ecg_plot wrote it just now
    width, height = _units(chart.width_mm), _units(chart.height_mm)
    root = ET.Element(
        "svg",
        xmlns=SVG[1:-1],
        width=f"{width / UNITS:g}mm",
        height=f"{height / UNITS:g}mm",
        viewBox=f"0 0 {width} {height}",
        role="img",
    )
    ET.SubElement(root, "title").text = words[0]
    ET.SubElement(root, "rect", width=str(width), height=str(height), fill="#fff")
    for step, colour, thick in GRID:
        ET.SubElement(
            root,
            "path",
            {
                "class": f"grid-{step:g}mm",
                "d": _segments(grid_lines(chart, step)),
                "stroke": colour,
                "stroke-width": f"{thick * UNITS:g}",
            },
        )
    ink = ET.SubElement(
        root,
        "g",
        {
            "fill": "none",
            "stroke": "#111",
            "stroke-width": f"{INK * UNITS:g}",
            "stroke-linejoin": "round",
            "stroke-linecap": "round",
        },
    )
    text = ET.SubElement(
        root, "g", {"font-family": "sans-serif", "font-size": f"{FONT * UNITS:g}", "fill": "#111", "direction": "ltr"}
    )
    for element in drawn:
        if element.tag == SVG + "path":
            trace = "clip-path" in element.attrib
            path = ET.SubElement(
                ink, "path", {"d": trace_path(_points(element.get("d", "")), TOLERANCE if trace else 0)}
            )
            path.set("class", "trace" if trace else "pulse")
    for x, y, name in lead_names(chart):
        ET.SubElement(text, "text", x=str(_units(x)), y=str(_units(y))).text = name
    _foot(text, words[1:], width, height)
    return ET.tostring(root, encoding="unicode")


def _foot(text: ET.Element, words: Sequence[str], width: int, height: int) -> None:
    """The line below the traces, from the side on which its script begins; each word keeps its own direction."""
    rtl = any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in "".join(words))
    start, direction = (width - _units(12), "rtl") if rtl else (_units(12), "ltr")
    line = ET.SubElement(text, "text", x=str(start), y=str(height - _units(3)), direction=direction)
    line.text = " · ".join(f"{FSI}{word}{PDI}" for word in words)


def _units(millimetres: float) -> int:
    return round(millimetres * UNITS)


def _segments(lines: Sequence[Line]) -> str:
    return "".join(
        f"M{_units(x1)} {_units(y1)}" + (f"H{_units(x2)}" if y1 == y2 else f"V{_units(y2)}")
        for (x1, y1), (x2, y2) in lines
    )


def _points(path: str) -> ndarray:
    import numpy

    return numpy.array(re.findall(r"-?[\d.]+", path), dtype=float).reshape(-1, 2)


def trace_path(points: ndarray, tolerance: float) -> str:
    """Path data in `UNITS`, each step relative, of the points (mm) that `kept` keeps."""
    import numpy

    whole = numpy.rint(points[kept(points, tolerance)] * UNITS).astype(int)
    steps = numpy.diff(whole, axis=0)
    steps = steps[steps.any(axis=1)]
    moves = "".join(
        f"{' ' if dx >= 0 and n else ''}{dx}{' ' if dy >= 0 else ''}{dy}" for n, (dx, dy) in enumerate(steps.tolist())
    )
    return f"M{whole[0, 0]} {whole[0, 1]}" + (f"l{moves}" if moves else "h0")


def kept(points: ndarray, tolerance: float) -> ndarray:
    """Indices of the points to keep so that none dropped lies further than `tolerance` above or below the line.

    Ramer 1972, Douglas and Peucker 1973.
    """
    import numpy

    if tolerance <= 0 or len(points) < 3:
        return numpy.arange(len(points))
    keep = numpy.zeros(len(points), dtype=bool)
    keep[[0, -1]] = True
    todo = [(0, len(points) - 1)]
    x, y = points[:, 0], points[:, 1]
    while todo:
        first, last = todo.pop()
        if last - first < 2:
            continue
        line = y[first] + (x[first + 1 : last] - x[first]) * ((y[last] - y[first]) / (x[last] - x[first]))
        away = numpy.abs(y[first + 1 : last] - line)
        worst = int(away.argmax())
        if away[worst] > tolerance:
            keep[first + 1 + worst] = True
            todo += [(first, first + 1 + worst), (first + 1 + worst, last)]
    return numpy.flatnonzero(keep)
