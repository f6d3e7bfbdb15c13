"""What follows an answer (`loop.toml`), and what a journey costs in a country (`countries/*/savings.toml`)."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

import msgspec

from qafila.packs.shapes import Choice, Identifier, Label, Shape, Status, Text

Days = Annotated[int, msgspec.Meta(ge=1, le=365)]


class Unread(Shape, frozen=True):
    """How long an answer of an urgency may stay unread on a unit before the coordinator is told."""

    urgency: Identifier
    minutes: Annotated[int, msgspec.Meta(ge=1)]


class Nag(Shape, frozen=True):
    """A case that stays in a state: who is reminded after how many days, counted from `since`."""

    code: Identifier
    states: tuple[Identifier, ...]
    since: Literal["opened", "sent", "asked", "answered", "follow_up"]
    unit_days: Days
    coordinator_days: Days
    label: Label


class Result(Shape, frozen=True):
    """How an attempt to reach a person ended."""

    code: Identifier
    label: Label
    reached: bool = False


class Loop(Shape, frozen=True):
    """`loop.toml`."""

    version: int
    status: Status
    valid_from: datetime.date
    source: Text
    unread: tuple[Unread, ...]
    nag: tuple[Nag, ...]
    contact_way: tuple[Choice, ...]
    contact_result: tuple[Result, ...]


class Cost(Shape, frozen=True):
    """One input of what a journey costs: `speed` in km/h by road, `fare` in money a kilometre and person."""

    name: Literal["speed", "fare"]
    value: Annotated[float, msgspec.Meta(gt=0)]
    unit: Text
    source: Text
    date: datetime.date


class Savings(Shape, frozen=True):
    """`savings.toml`. What is not known of a country stands not in it: nothing is computed from it then."""

    source: Text
    cost: tuple[Cost, ...] = ()
