"""What a specialty pack says: intake, gate, red flags, deadlines, the answer, the close-out.

A file under `specialties/` holds only what is its own; `core.toml` holds what every specialty
shares, and `load.load_specialty` joins the two. Expressions are FHIRPath over the context that
`packs.expressions` documents.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from qafila.packs.shapes import Choice, Code, Identifier, Label, Shape, Status, Text

ItemType = Literal["boolean", "choice", "integer", "decimal", "date", "text", "quantity"]
ViewKind = Literal["ecg", "photo", "audio", "video", "image", "series", "curve", "document"]


SUBSPECIALTY = "subspecialty"
"""The question whose answer is a sub-specialty."""


class Option(Shape, frozen=True):
    """One choice of an item. `exclusive` ("none of these") cannot stand beside others."""

    code: Identifier
    label: Label
    exclusive: bool = False


class Coding(Shape, frozen=True):
    """What a question is in a published code system: LOINC as kept in `codes/subset.toml`, or ICD-10."""

    system: Literal["loinc", "icd10"]
    code: Code


class Item(Shape, frozen=True):
    """One question. `link_id` is unique in the joined pack and is the FHIR linkId.

    A question without a sure code has none: its answers are then codes of the pack's own system
    (`urn:qafila:pack:<specialty>:<link_id>`).

    `unit` is a UCUM code (type quantity). `low`/`high` bound what is plausible: a value outside
    is confirmed by the person, never refused. `enable_when` is FHIRPath; absent = always asked.
    """

    link_id: Identifier
    type: ItemType
    label: Label
    hint: Label | None = None
    options: tuple[Option, ...] = ()
    unit: str = ""
    low: float | None = None
    high: float | None = None
    required: bool = False
    repeats: bool = False
    enable_when: str = ""
    codes: tuple[Coding, ...] = ()


class Group(Shape, frozen=True):
    """A titled group of items, in the order they are asked."""

    code: Identifier
    label: Label
    enable_when: str = ""
    item: tuple[Item, ...] = ()


class Requirement(Shape, frozen=True):
    """One thing that a case must hold before it may be sent.

    Met when `met` is true. Asked for only when `when` is absent or true. `jump` names the place
    on the screen that fills it (`consent`, `case.question`, `vitals`, `attachments`, or
    `intake.<link_id>`). `emergency = "waived"`: an emergency goes without it.
    """

    code: Identifier
    label: Label
    met: Text
    jump: Text
    when: str = ""
    emergency: Literal["needed", "waived"] = "waived"


class View(Shape, frozen=True):
    """A recording or picture that the specialist wants to see, and how to take it."""

    code: Identifier
    kind: ViewKind
    label: Label
    hint: Label | None = None
    least: int = 1
    when: str = ""


class Example(Shape, frozen=True):
    """A made-up patient on whom a red flag must fire, or must stay quiet."""

    fires: bool
    answers: dict[str, Any] = msgspec.field(default_factory=dict)
    obs: dict[str, Any] = msgspec.field(default_factory=dict)
    patient: dict[str, Any] = msgspec.field(default_factory=dict)
    case: dict[str, Any] = msgspec.field(default_factory=dict)


class RedFlag(Shape, frozen=True):
    """A sign that cannot wait. `act_now` is shown at once on the unit, with or without a link.

    `basis`: `general` is general clinical knowledge that no published source was checked for, and is
    shown as such. `service`: what the facility must offer to take the person, a service code of the
    country's facilities (any that receives emergencies where empty).
    """

    code: Identifier
    label: Label
    fires_when: Text
    act_now: Label
    source: Text
    basis: Literal["general", "sourced"] = "general"
    service: str = ""
    urgency: Identifier = "emergency"
    example: tuple[Example, ...] = ()


class Urgency(Shape, frozen=True):
    """An urgency level; `minutes` from receipt to the answer that is promised.

    `calendar`: `elapsed` counts every minute, `working` only the hub's working hours.
    """

    code: Identifier
    label: Label
    minutes: int
    calendar: Literal["elapsed", "working"] = "elapsed"


class Outcome(Shape, frozen=True):
    """How a case ended. `needs` names what the person must add; `spares_journey`: nobody had to travel to a
    specialist, if the answer said so too."""

    code: Identifier
    label: Label
    needs: Literal["", "note", "facility", "date"] = ""
    died: bool = False
    spares_journey: bool = False


class Core(Shape, frozen=True):
    """`core.toml`: what every specialty shares."""

    version: int
    status: Status
    valid_from: datetime.date
    source: Text
    group: tuple[Group, ...] = ()
    requirement: tuple[Requirement, ...] = ()
    view: tuple[View, ...] = ()
    urgency: tuple[Urgency, ...] = ()
    answer: tuple[Item, ...] = ()
    outcome: tuple[Outcome, ...] = ()
    decline_reason: tuple[Choice, ...] = ()
    red_flag: tuple[RedFlag, ...] = ()


class Specialty(Shape, frozen=True):
    """A specialty as used: its own file joined with the core (core first, own entries after).

    An own entry of the same code (urgency, outcome, requirement, …) replaces the core's.
    `version` is the file's; an old answer keeps `(code, version, core_version)`.
    """

    code: Code
    label: Label
    version: int
    status: Status
    valid_from: datetime.date
    source: Text
    approved_by: str = ""
    confidentiality: Literal["normal", "restricted", "very_restricted"] = "normal"
    core_version: int = 0
    story: tuple[Item, ...] = ()
    """Own questions that are asked in the core's group `story`."""
    group: tuple[Group, ...] = ()
    requirement: tuple[Requirement, ...] = ()
    view: tuple[View, ...] = ()
    urgency: tuple[Urgency, ...] = ()
    answer: tuple[Item, ...] = ()
    outcome: tuple[Outcome, ...] = ()
    decline_reason: tuple[Choice, ...] = ()
    red_flag: tuple[RedFlag, ...] = ()

    def items(self) -> Iterator[Item]:
        """Every intake item, in the order asked."""
        for group in self.group:
            yield from group.item

    def subspecialties(self) -> tuple[Option, ...]:
        """The fields that the specialty keeps apart when a case is routed."""
        return next((item.options for item in self.items() if item.link_id == SUBSPECIALTY), ())

    def deadline_minutes(self, urgency: str) -> int:
        """Minutes promised for `urgency`; KeyError for a level the pack does not know."""
        return {level.code: level.minutes for level in self.urgency}[urgency]

    def digest(self) -> str:
        """SHA-256 (hex) of all that the joined pack says: what an approver signs, and what changes with any word."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()
