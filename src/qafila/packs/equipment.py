"""Kinds of instruments that a unit may have, and how often each is usually looked after."""

from __future__ import annotations

import datetime
from typing import Annotated

import msgspec

from qafila.packs.shapes import Identifier, Label, Shape, Status, Text

Days = Annotated[int, msgspec.Meta(ge=0, le=3650)]


class Sort(Shape, frozen=True):
    """A kind of instrument. Days are proposed when one is entered (0: not done); the maker's word goes first."""

    code: Identifier
    label: Label
    icon: Text
    calibrate_days: Days = 0
    maintain_days: Days = 0
    clean_days: Days = 0


class Equipment(Shape, frozen=True):
    """`equipment.toml`."""

    version: int
    status: Status
    valid_from: datetime.date
    source: Text
    sort: tuple[Sort, ...]

    def find(self, code: str) -> Sort | None:
        """The kind of that code."""
        return next((one for one in self.sort if one.code == code), None)
