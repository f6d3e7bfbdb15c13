"""What analytes, strips and kinds of equipment say about each other."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from qafila.packs import bedside
from qafila.packs.analytes import Analyte
from qafila.packs.problem import Problem
from qafila.packs.specialty_check import twice


def bedside_problems(root: Path | None) -> Iterator[Problem]:
    """Problems of `analytes.toml`, `strips.toml` and `equipment.toml`."""
    held = bedside.analytes(root).analyte
    yield from twice("analytes.toml", "$.analyte", (one.key for one in held))
    yield from twice("analytes.toml", "$.analyte.loinc", (code for one in held for code in one.loinc))
    yield from twice("analytes.toml", "$.analyte.names", (name.casefold() for one in held for name in one.names))
    for one in held:
        yield from _analyte(one)
    known = {one.key for one in held}
    strips = bedside.strips(root).strip
    yield from twice("strips.toml", "$.strip", (one.code for one in strips))
    for strip in strips:
        for key in strip.reads:
            if key not in known:
                yield Problem("strips.toml", f"$.strip ({strip.code}).reads", f"unknown analyte {key!r}")
        if len(strip.stock) not in (0, 3):
            yield Problem("strips.toml", f"$.strip ({strip.code}).stock", "medicine, form and strength, or nothing")
    yield from twice("equipment.toml", "$.sort", (one.code for one in bedside.equipment(root).sort))


def _analyte(one: Analyte) -> Iterator[Problem]:
    where = f"$.analyte ({one.key})"
    if bool(one.units) == bool(one.answers):
        yield Problem("analytes.toml", where, "either units or answers")
    if not one.loinc:
        yield Problem("analytes.toml", where, "no LOINC code")
    if one.units and Decimal(one.low) >= Decimal(one.high):
        yield Problem("analytes.toml", where, "what is possible must begin below its end")
    if one.units and (one.units[0].factor, one.units[0].shift) != ("1", "0"):
        yield Problem("analytes.toml", where, "the first unit is the base: factor 1, shift 0")
    for unit in one.units:
        if Decimal(unit.factor) <= 0:
            yield Problem("analytes.toml", f"{where}.units", f"{unit.ucum}: a factor is above 0")
