"""Who may open whose record for how long, what is confidential, which reading is asked about (`access.toml`)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec

from qafila.packs.shapes import Identifier, Label, Shape, Status, Text

Level = Literal["normal", "restricted", "very_restricted"]
LEVELS: tuple[Level, ...] = ("normal", "restricted", "very_restricted")
Positive = Annotated[int, msgspec.Meta(ge=1)]
Hour = Annotated[int, msgspec.Meta(ge=0, le=23)]


class BreakGlass(Shape, frozen=True):
    """Emergency access: how long it lasts, how much of a reason it needs."""

    hours: Annotated[int, msgspec.Meta(ge=1, le=72)]
    reason_letters: Positive


class Labelled(Shape, frozen=True):
    """A label: the right that sees its rows; the right that learns that there are some (empty: nobody else does)."""

    level: Level
    sees: Text
    label: Label
    knows: str = ""


class Confidential(Shape, frozen=True):
    """What carries a label from the start: beginnings of ICD-10 codes."""

    level: Level
    label: Label
    conditions: tuple[str, ...] = ()


class Unusual(Shape, frozen=True):
    """A rule of the list of unusual reading; which of the numbers count is the rule's own."""

    code: Identifier
    label: Label
    records: Positive = 1
    minutes: Positive = 60
    hours: Positive = 24
    days: Positive = 30
    from_hour: Hour = 22
    to_hour: Hour = 5


class Access(Shape, frozen=True):
    """`access.toml`."""

    version: int
    status: Status
    valid_from: datetime.date
    source: Text
    case_grace_days: Annotated[int, msgspec.Meta(ge=0, le=366)]
    presence_hours: Annotated[int, msgspec.Meta(ge=1, le=72)]
    presence_tries: Positive
    presence_tries_minutes: Positive
    break_glass: BreakGlass
    label: tuple[Labelled, ...]
    confidential: tuple[Confidential, ...] = ()
    unusual: tuple[Unusual, ...] = ()

    def labelled(self, level: int) -> Labelled:
        """The label of a number (0 normal, 1 restricted, 2 very restricted)."""
        return next(one for one in self.label if one.level == LEVELS[level])

    def of_condition(self, code: str) -> int:
        """The number of the label that a diagnosis carries from the start."""
        return self._most(one for one in self.confidential if code.startswith(one.conditions or ("\0",)))

    @staticmethod
    def _most(found: Iterable[Confidential]) -> int:
        return max((LEVELS.index(one.level) for one in found), default=0)
