"""What a country's law and the network's own rules ask about personal data: `countries/*/privacy.toml`."""

from __future__ import annotations

import datetime
from typing import Annotated

import msgspec

from qafila.packs.shapes import Choice, Identifier, Label, Shape, Status, Text


class StatisticRule(Shape, frozen=True):
    """No figure leaves the hub behind which fewer than `k` people stand; a statistic is made anew after so many days
    at the earliest."""

    k: Annotated[int, msgspec.Meta(ge=2, le=100)]
    renewed_after_days: Annotated[int, msgspec.Meta(ge=1, le=366)]
    source: Label


class BreachRule(Shape, frozen=True):
    """Hours from noticing a breach until the authority is told, days from then until the people are (0: the law names
    none). `binding`: the law says so, not the network's own rule."""

    hours: Annotated[int, msgspec.Meta(ge=1, le=720)]
    people_days: Annotated[int, msgspec.Meta(ge=0, le=90)]
    binding: bool
    authority: Label
    source: Label
    report: tuple[Choice, ...]
    """What the report has to hold, in its order."""
    category: tuple[Choice, ...]
    """Categories of data and of people."""


class TransferRule(Shape, frozen=True):
    """Whether records may go abroad under an authorisation alone, and whose."""

    authority: Label
    words: Label
    source: Label


class Processing(Shape, frozen=True):
    """One line of the record of processing."""

    code: Identifier
    purpose: Label
    people: Label
    data: Label
    recipients: Label
    ground: Label
    retention: Text
    """Code of a rule of retention; what it says stands there."""
    abroad: bool
    status: Status
    source: Label


class Privacy(Shape, frozen=True):
    """`privacy.toml`."""

    version: int
    status: Status
    valid_from: datetime.date
    source: Text
    statistics: StatisticRule
    breach: BreachRule
    transfer: TransferRule
    processing: tuple[Processing, ...]
