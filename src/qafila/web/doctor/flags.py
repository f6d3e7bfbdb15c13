"""Red flags as a page or a sheet of paper shows them: the sign, what to do now, where to take the person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qafila.clinic.cases.models import Case
from qafila.clinic.forms import redflags
from qafila.registry.places.receiving import Receiving, receiving
from qafila.web.reception.words import language


@dataclass(frozen=True)
class Flag:
    """One red flag in the reader's language."""

    words: str
    act: str
    general: bool
    """General clinical knowledge: no published source was checked for it."""
    to: Receiving | None
    """The nearest facility that can take the person; None: not known."""
    to_name: str


def shown(case: Case, given: dict[str, Any] | None = None) -> list[Flag]:
    """The red flags that are up; `given`: answers that are not saved yet. Raises `PackError` without the pack."""
    fired = redflags.fired(case, given)
    place = redflags.place_of(case) if fired else ""
    return [_shown(place, one) for one in fired]


def _shown(place: str, one: redflags.RedFlag) -> Flag:
    to = receiving(place, one.service)
    name = to.facility.name.text(language()) if to else ""
    return Flag(one.label.text(language()), one.act_now.text(language()), one.general, to, name)
