"""How a device writes an ECG as a table: one TOML file a layout under `ecg_layouts/`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from qafila.packs import load
from qafila.packs.shapes import Code, Label, Shape, Text

Lead = Literal["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]


class Layout(Shape, frozen=True):
    """One device's table. A file is of this layout when one of its first lines names every column of it."""

    code: Code
    label: Label
    source: Text
    columns: dict[str, Lead]
    """Column name as it stands in the file → lead."""
    unit: Literal["V", "mV", "uV", "nV"]
    factor: float = 1.0
    """What a number of the file is multiplied by to be in `unit`."""
    resolution_uv: Annotated[float, msgspec.Meta(gt=0, le=100)] = 1.0
    """Microvolts of one step of the device's converter: to this the values are kept."""
    frequency: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """Samples a second; 0: from `time_column`."""
    time_column: str = ""
    time_unit: Literal["s", "ms", "us"] = "s"
    delimiter: Annotated[str, msgspec.Meta(min_length=1, max_length=1)] = ","
    decimal: Literal[".", ","] = "."
    encoding: Literal["utf-8", "utf-16", "latin-1"] = "utf-8"

    def problem(self) -> str:
        """What is wrong with the description, "" where nothing is."""
        if not {"I", "II", "V1", "V2", "V3", "V4", "V5", "V6"} <= set(self.columns.values()):
            return "the eight measured leads must all be named"
        if bool(self.frequency) == bool(self.time_column):
            return "either a frequency or a column of times"
        return "the decimal comma parts the columns, too" if self.decimal == self.delimiter else ""


@load.remembered
def layouts(root: Path | None = None) -> tuple[Layout, ...]:
    """Every layout, by file name. Raises `PackError`."""
    found = []
    for name in load._names("ecg_layouts/*.toml", root):
        file = f"ecg_layouts/{name}.toml"
        layout = load._load(file, Layout, root)
        if wrong := layout.problem():
            raise load.PackError(file, "$", wrong)
        found.append(layout)
    return tuple(found)
