"""Red flags of a case: what must be done now, link or no link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qafila.clinic.forms.context import context, pack_of
from qafila.clinic.models import Case
from qafila.packs import intake
from qafila.packs.shapes import Label


@dataclass(frozen=True, slots=True)
class RedFlag:
    """A sign that cannot wait, what to do at once, and the urgency that it asks for."""

    code: str
    label: Label
    act_now: Label
    urgency: str
    source: str


def fired(case: Case, given: dict[str, Any] | None = None) -> list[RedFlag]:
    """The red flags that are up, in the pack's order; `given`: answers of a form that is not saved yet."""
    up = intake.red_flags(pack_of(case), context(case, given)).up
    return [RedFlag(f.code, f.label, f.act_now, f.urgency, f.source) for f in up]


def asks_for(case: Case) -> str:
    """The most urgent level that a fired flag asks for, "" for none."""
    order = [level.code for level in pack_of(case).urgency]
    asked = [flag.urgency for flag in fired(case) if flag.urgency in order]
    return min(asked, key=order.index) if asked else ""
