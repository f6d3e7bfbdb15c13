"""What the invented people come for: `stories.toml`, read once."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec

Words = dict[str, str]
"""Language → text, in every language of the program."""
Range = tuple[float, float]
Medicine = tuple[str, str, float, str, str, float, int]


class Shape(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """An unknown key is an error."""


class Story(Shape, frozen=True):
    """A complaint with what the crew found and did."""

    code: str
    age: tuple[int, int]
    complaint: Words
    exam: Words
    plan: Words
    weight: int = 1
    sex: Literal["", "female", "male"] = ""
    pregnant: bool = False
    certainty: str = "provisional"
    readings: dict[str, Range] = msgspec.field(default_factory=dict)
    medicine: Medicine | None = None


class Reply(Shape, frozen=True):
    """A specialist's answer."""

    diagnosis: Words
    plan: Words
    advice: Words
    certainty: str
    place: str


class Referral(Shape, frozen=True):
    """A case and how far it came. `unit` counts from 1; `day` days before today; `views`: photographs that its pack
    asks for; `guardian`: who agrees for a child, by name and relation."""

    unit: int
    day: int
    age: tuple[int, int]
    sex: Literal["female", "male"]
    code: str
    urgency: str
    ending: str
    complaint: Words
    history: Words
    exam: Words
    question: Words
    readings: dict[str, Range]
    intake: dict[str, Any]
    specialty: str = "cardiology"
    pregnant: bool = False
    guardian: tuple[str, str] | None = None
    files: tuple[Literal["ecg", "photo"], ...] = ()
    views: tuple[str, ...] = ()
    answer: Reply | None = None
    note: Words = msgspec.field(default_factory=dict)
    asks: Words = msgspec.field(default_factory=dict)
    supplies: Words = msgspec.field(default_factory=dict)


class Stories(Shape, frozen=True):
    """The whole file."""

    country: str
    intake: dict[str, Any]
    story: tuple[Story, ...]
    case: tuple[Referral, ...]


UNSENT = ("draft", "waiting")
"""Endings of cases that the hub does not know yet."""
OPEN_AT_HUB = ("assigned", "late")
EXPLAINED = "explained"
WITH_ANSWER_AT_UNIT = ("on_unit", EXPLAINED)


def outcome(referral: Referral) -> str:
    """The outcome with which the case was closed, "" for one that was not."""
    known = (*UNSENT, *OPEN_AT_HUB, *WITH_ANSWER_AT_UNIT, "cancelled", "accepted", "more_asked", "supplied",
             "declined", "answered")  # fmt: skip
    return "" if referral.ending in known else referral.ending


@cache
def stories() -> Stories:
    """The stories."""
    with (Path(__file__).parent / "stories.toml").open("rb") as file:
        return msgspec.convert(tomllib.load(file), Stories)
