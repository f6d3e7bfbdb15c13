"""What the checks take and what they say: lines, facts about the person, findings, and what was not checked. Pure.

Texts are `Message`s. A parameter such as `@name:warfarin` or `@note:reye` stands for a label of the packs: `said` puts
it into the reader's language, so that what is stored can be read in any.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from qafila.clinic.rules.words import Message
from qafila.packs.catalogue import Catalogue
from qafila.packs.interactions import SEVERITIES, Severity

Check = Literal["allergy", "double", "interaction", "pregnancy", "lactation", "dose", "renal"]
CHECKS: tuple[Check, ...] = ("allergy", "double", "interaction", "pregnancy", "lactation", "dose", "renal")
NEEDS_REASON: frozenset[Severity] = frozenset({"avoid"})
"""May be written all the same with a reason. Milder findings are shown and need none."""
NEVER: frozenset[Severity] = frozenset({"contraindicated"})
"""No reason is enough: the line, or what the record says, has to change."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a prescription: formulary code ("" = free text), the words as printed, the dose as far as given."""

    medicine: str
    words: str
    form: str = ""
    strength: str = ""
    dose: Decimal | None = None
    dose_unit: str = ""
    route: str = ""
    per_day: Decimal | None = None
    days: int = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """A medicine that the person takes already: formulary code or "", and words."""

    medicine: str
    words: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the person. None is *not known*, never *no*."""

    allergies: tuple[str, ...] | None = None
    """Names of substances; empty: none known; None: not asked."""
    taking: tuple[Taken, ...] = ()
    taking_asked: bool = False
    age_days: float | None = None
    weight_kg: Decimal | None = None
    weight_why: Message | None = None
    """Why there is no weight to reckon with."""
    pregnant: bool | None = None
    lactating: bool | None = None
    egfr: int | None = None
    egfr_why: Message | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at beside a line."""

    check: Check
    position: int
    severity: Severity
    message: Message
    source: str = ""


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A check that could not be made of a line, and why."""

    check: Check
    position: int
    message: Message


@dataclass(frozen=True)
class Checked:
    """Findings, the worst first; what was not checked; and which checks of which lines found nothing."""

    found: tuple[Finding, ...]
    not_checked: tuple[Unchecked, ...]
    passed: frozenset[tuple[Check, int]]

    @property
    def never(self) -> tuple[Finding, ...]:
        """What no reason overrides."""
        return tuple(one for one in self.found if one.severity in NEVER)

    @property
    def reasoned(self) -> tuple[Finding, ...]:
        """What needs a reason."""
        return tuple(one for one in self.found if one.severity in NEEDS_REASON)

    @property
    def reasons(self) -> tuple[Message, ...]:
        """Why something was not checked, each once."""
        return tuple(dict.fromkeys(one.message for one in self.not_checked))


def sorted_findings(found: list[Finding]) -> tuple[Finding, ...]:
    """The worst first, then by line; each once."""
    order = {name: n for n, name in enumerate(SEVERITIES)}
    return tuple(sorted(dict.fromkeys(found), key=lambda f: (order[f.severity], f.position, CHECKS.index(f.check))))


def said(message: Message, catalogue: Catalogue, language: str) -> Message:
    """The message with the labels of the packs in the reader's language; its own msgid is still to be translated."""
    values = {
        name: _label(value, catalogue, language) if isinstance(value, str) and value.startswith("@") else value
        for name, value in message.params.items()
    }
    return Message(message.text, **values)


def _label(token: str, catalogue: Catalogue, language: str) -> str:
    kind, _, code = token[1:].partition(":")
    if kind == "why":
        pack, _, why = code.partition(":")
        held = catalogue.interactions.get(pack)
        label = next((w.label for w in held.why if w.code == why), None) if held else None
    elif kind == "form":
        form = catalogue.forms.get(code)
        label = form.label if form else None
    elif kind == "cross":
        rows = catalogue.cross.cross
        label = rows[int(code)].note if code.isdecimal() and int(code) < len(rows) else None
    else:
        tables = {"name": catalogue.labels, "note": catalogue.notes, "unit": catalogue.units}
        label = tables.get(kind, catalogue.labels).get(code)
    return label.text(language) if label is not None else code or token
