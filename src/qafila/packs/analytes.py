"""What laboratories and strips measure, and the strips themselves: codes, units, answers; no number of a person."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from qafila.packs.shapes import Code, Identifier, Label, Shape, Status, Text

Factor = Annotated[str, msgspec.Meta(pattern=r"^-?\d+(\.\d+)?$")]


class AnalyteUnit(Shape, frozen=True):
    """A unit in which a value may come: `base = (value + shift) * factor`. `sent`: how else it is written."""

    ucum: Text
    shown: Text
    factor: Factor = "1"
    shift: Factor = "0"
    sent: tuple[Text, ...] = ()

    def base(self, value: Decimal) -> Decimal:
        """The value in the analyte's first unit."""
        return (value + Decimal(self.shift)) * Decimal(self.factor)


class Answer(Shape, frozen=True):
    """An answer of a coded analyte. `sent`: words by which analysers say it. `alert`: somebody has to be told."""

    code: Code
    label: Label
    sent: tuple[Text, ...] = ()
    alert: bool = False


class Analyte(Shape, frozen=True):
    """One thing that is measured. `reading`: the key of the clinic's readings where it is one of these.

    `loinc`: its codes, the first is stored. `names`: what analysers call it that know no LOINC.
    `low`, `high`: what is possible, in the first unit.
    """

    key: Identifier
    label: Label
    loinc: tuple[Code, ...]
    names: tuple[Text, ...] = ()
    reading: str = ""
    units: tuple[AnalyteUnit, ...] = ()
    low: Factor = "0"
    high: Factor = "0"
    decimals: int = 0
    answers: tuple[Answer, ...] = ()

    def unit(self, text: str) -> AnalyteUnit | None:
        """The unit that somebody wrote; the first for none written."""
        if not text:
            return self.units[0] if self.units else None
        plain = text.strip()
        for one in self.units:
            if plain in (one.ucum, one.shown, *one.sent):
                return one
        return next((o for o in self.units if plain.lower() in {w.lower() for w in (o.ucum, o.shown, *o.sent)}), None)

    def answer(self, text: str) -> Answer | None:
        """The answer that somebody wrote, by code or word."""
        plain = text.strip().casefold()
        return next((a for a in self.answers if plain in {a.code.casefold(), *(w.casefold() for w in a.sent)}), None)


class Analytes(Shape, frozen=True):
    """`analytes.toml`."""

    version: int
    status: Status
    valid_from: datetime.date
    source: Text
    analyte: tuple[Analyte, ...]

    def find(self, key: str) -> Analyte | None:
        """By key."""
        return next((one for one in self.analyte if one.key == key), None)

    def by_code(self, code: str, system: str) -> Analyte | None:
        """By the code of a message: LOINC where `system` is `LN`, else one of the names that analysers use."""
        if system == "LN":
            return next((one for one in self.analyte if code in one.loinc), None)
        plain = code.casefold()
        return next((one for one in self.analyte if plain in {n.casefold() for n in one.names}), None)


class Strip(Shape, frozen=True):
    """A test at the bedside. `reads`: analytes in the order of the strip. `control`: `line` (the control line has to be
    there, or the test says nothing) or `none`. `stock`: the product of the formulary (medicine, form, strength)."""

    code: Identifier
    label: Label
    icon: Text
    kind: Literal["pads", "cassette", "meter"]
    reads: tuple[Identifier, ...]
    source: Text
    control: Literal["line", "none"] = "none"
    minutes: int = 0
    stock: tuple[Text, ...] = ()
    women: bool = False


class Strips(Shape, frozen=True):
    """`strips.toml`."""

    version: int
    status: Status
    valid_from: datetime.date
    source: Text
    strip: tuple[Strip, ...]

    def find(self, code: str) -> Strip | None:
        """By code."""
        return next((one for one in self.strip if one.code == code), None)
