"""For how long what is kept (`countries/*/retention.toml`), and the rule by which it falls due. Pure."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec

from qafila.packs.shapes import Identifier, Label, Shape, Status, Text

WHOLE = "*"
"""The one kind of a line that means the whole record of a person."""
Years = Annotated[int, msgspec.Meta(ge=1, le=150)]


class Keep(Shape, frozen=True):
    """How long rows of some kinds are kept. A draft is shown and never carried out."""

    code: Identifier
    label: Label
    kinds: tuple[Text, ...]
    """As records name them, or `WHOLE` alone."""
    years: Years
    counted_from: Literal["last_contact", "written"]
    source: Label
    status: Status
    until_age: Annotated[int, msgspec.Meta(ge=0, le=60)] = 0
    """Never before the person is so old; 0: whatever the age."""
    after_death_years: Annotated[int, msgspec.Meta(ge=0, le=150)] = 0
    """Of somebody who died: never before so many years after; 0: as of anybody."""


class Retention(Shape, frozen=True):
    """`retention.toml`. What stands not in it is kept for ever."""

    version: int
    keep: tuple[Keep, ...] = ()


def due(keep: Keep, *, written: date, last_contact: date, born: date | None = None, died: date | None = None) -> date:
    """The first day on which it need not be kept any more.

    `born`: where it is known in part, the last day that it can be; not known at all: as if the person had been born on
    the day on which it was written, so that a child's record is never erased too early.
    """
    start = max(written, last_contact) if keep.counted_from == "last_contact" else written
    day = later(start, keep.years)
    if keep.until_age:
        day = max(day, later(born or written, keep.until_age))
    if died is not None and keep.after_death_years:
        day = max(day, later(died, keep.after_death_years))
    return day


def later(day: date, years: int) -> date:
    """The same day of a later year; of 29 February, where there is none, 1 March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
