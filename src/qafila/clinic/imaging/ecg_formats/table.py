"""A device's table of numbers (CSV), read by a layout described in packs/ecg_layouts/*.toml."""

from __future__ import annotations

import csv
import io
import itertools
import math
from statistics import median

from qafila.clinic.imaging import refused
from qafila.clinic.imaging.ecg_formats.recording import (
    BYTES,
    MOST_SAMPLES,
    Lead,
    Recording,
    broken,
    recording,
)
from qafila.clinic.imaging.refused import Refused
from qafila.packs.ecg_layout import Layout

NAME = "CSV"
MICROVOLTS = {"V": 1e6, "mV": 1e3, "uV": 1.0, "nV": 1e-3}
SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
WHOLE = 32_000
"""Largest stored number: DICOM's samples are 16 bits."""
HEAD_LINES = 60


def layout_of(data: bytes, layouts: list[Layout]) -> Layout | None:
    """The layout whose column names stand in the file's head; None: no described layout fits."""
    for layout in layouts:
        if _heading(_lines(data, layout, HEAD_LINES), layout) is not None:
            return layout
    return None


def read(data: bytes, layout: Layout) -> Recording:
    """The leads that the layout names. Raises `Refused` and nothing else."""
    if len(data) > BYTES:
        raise Refused(refused.TOO_BIG, limit=BYTES // 1024 // 1024)
    lines = _lines(data, layout, MOST_SAMPLES + HEAD_LINES + 1)
    heading = _heading(lines, layout)
    if heading is None or len(lines) > MOST_SAMPLES + HEAD_LINES:
        raise broken(NAME)
    names = _cells(lines[heading], layout)
    try:
        rows = [[float(_plain(cell, layout)) for cell in _cells(line, layout)] for line in lines[heading + 1 :] if line]
    except ValueError as error:
        raise broken(NAME) from error
    if len(rows) < 2 or any(len(row) != len(names) for row in rows):
        raise broken(NAME)
    columns = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    if not all(math.isfinite(value) for row in rows for value in row):
        raise broken(NAME)
    leads = [_lead(lead, columns[name], layout) for name, lead in layout.columns.items() if name in columns]
    return recording(leads, _frequency(columns, layout), f"{NAME} ({layout.code})")


def _lines(data: bytes, layout: Layout, most: int) -> list[str]:
    """The first lines as text; a file in another encoding has no heading that fits."""
    try:
        text = data.decode(layout.encoding)
    except UnicodeDecodeError:
        try:
            text = data[: 1 << 16].decode(layout.encoding, "ignore") if most == HEAD_LINES else ""
        except UnicodeDecodeError:
            return []
    lines = []
    for line in io.StringIO(text, newline=None):
        lines.append(line.strip("\ufeff\r\n \0")[:4000])
        if len(lines) >= most:
            break
    return lines


def _heading(lines: list[str], layout: Layout) -> int | None:
    """Number of the line that names every lead of the layout."""
    wanted = set(layout.columns) | ({layout.time_column} if layout.time_column else set())
    for number, line in enumerate(lines[:HEAD_LINES]):
        cells = _cells(line, layout)
        if wanted <= set(cells) and len(set(cells)) == len(cells):
            return number
    return None


def _cells(line: str, layout: Layout) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=layout.delimiter), [])]
    except csv.Error:
        return []


def _plain(cell: str, layout: Layout) -> str:
    return cell.replace(",", ".") if layout.decimal == "," else cell


def _frequency(columns: dict[str, list[float]], layout: Layout) -> float:
    if not layout.time_column:
        return layout.frequency
    times = columns[layout.time_column]
    step = (times[-1] - times[0]) / (len(times) - 1) * SECONDS[layout.time_unit]
    each = [(after - before) * SECONDS[layout.time_unit] for before, after in itertools.pairwise(times)]
    # a lost row would shift all that follows against the clock
    if step <= 0 or max(each) > 1.6 * median(each):
        raise broken(NAME)
    return 1 / step


def _lead(name: str, values: list[float], layout: Layout) -> Lead:
    """Whole numbers of the layout's resolution; a value between two of them is rounded to the nearer."""
    scale = MICROVOLTS[layout.unit] * layout.factor
    step = layout.resolution_uv
    whole = [round(value * scale / step) for value in values]
    if max(map(abs, whole), default=0) > WHOLE:
        raise Refused(refused.STEEP_ECG)
    return Lead(name, whole, step)
