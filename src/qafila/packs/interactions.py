"""Which medicines go badly together: a pack of pairs, each with how bad it is, from where, and from when."""

from __future__ import annotations

import datetime
from typing import Literal

import msgspec

from qafila.packs.shapes import Identifier, Label, Shape, Status, Text

Severity = Literal["contraindicated", "avoid", "caution", "monitor"]
SEVERITIES: tuple[Severity, ...] = ("contraindicated", "avoid", "caution", "monitor")
"""The worst first."""


class Why(Shape, frozen=True):
    """What happens, in words."""

    code: Identifier
    label: Label


class Pair(Shape, frozen=True):
    """Two substances or classes of the formulary, in no order."""

    one: Identifier
    other: Identifier
    severity: Severity
    why: str = ""
    """Code of the pack's `why`; empty: see `words`."""
    words: str = ""
    """The source's own words, where they are in one language only."""


class Interactions(Shape, frozen=True):
    """One list of pairs. `language`: of `words`."""

    version: int
    status: Status
    source: Text
    date: datetime.date
    language: str = ""
    why: tuple[Why, ...] = msgspec.field(default_factory=tuple)
    pair: tuple[Pair, ...] = msgspec.field(default_factory=tuple)


class ThesaurusName(Shape, frozen=True):
    """A name of the thesaurus and the substance or class of the formulary that it means."""

    name: Text
    code: Identifier


class ThesaurusNames(Shape, frozen=True):
    """`formulary/thesaurus.toml`."""

    source: Text
    name: tuple[ThesaurusName, ...]
