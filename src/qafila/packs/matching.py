"""What agreement between two people's records says: how often each level is seen, and from where on to ask."""

from __future__ import annotations

import datetime
from typing import Annotated

import msgspec

from qafila.packs.shapes import Shape, Status, Text

Chance = Annotated[float, msgspec.Meta(gt=0, lt=1)]
Number = Annotated[float, msgspec.Meta(ge=1)]


class Seen(Shape, frozen=True):
    """How often a level is seen between two records of one person, of one household, of strangers."""

    one: Chance
    household: Chance
    stranger: Chance


class Matching(Shape, frozen=True):
    """`matching.toml`. Thresholds in bits of evidence (`registry.people.matching.weigh`)."""

    version: int
    status: Status
    valid_from: datetime.date
    source: Text
    propose: float
    """From here on two records are shown to a person as perhaps one."""
    stop: float
    """From here on the registration form stops and asks before it saves."""
    strangers: Number
    relatives: Number
    field: dict[Text, dict[Text, Seen]]
