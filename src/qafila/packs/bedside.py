"""Reading the packs of instruments and tests: kinds of equipment, what laboratories and strips measure, the strips."""

from __future__ import annotations

from pathlib import Path

from qafila.packs.analytes import Analytes, Strips
from qafila.packs.equipment import Equipment
from qafila.packs.load import _load, remembered


@remembered
def equipment(root: Path | None = None) -> Equipment:
    """Kinds of instruments."""
    return _load("equipment.toml", Equipment, root)


@remembered
def analytes(root: Path | None = None) -> Analytes:
    """What laboratories and strips measure: codes, units, answers."""
    return _load("analytes.toml", Analytes, root)


@remembered
def strips(root: Path | None = None) -> Strips:
    """Tests at the bedside."""
    return _load("strips.toml", Strips, root)
