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


@dataclass(frozen=True)
class Place:
    """Where to take the person, with the signs that it is for: empty where it is for all of them."""

    to: Receiving | None
    name: str
    signs: list[str]


def places(flags: list[Flag]) -> list[Place]:
    """Each facility once, in the order of the flags."""
    found: dict[str, Place] = {}
    for flag in flags:
        key = flag.to.facility.code if flag.to else ""
        found.setdefault(key, Place(flag.to, flag.to_name, [])).signs.append(flag.words)
    return [Place(one.to, one.name, one.signs if len(found) > 1 else []) for one in found.values()]


def _shown(place: str, one: redflags.RedFlag) -> Flag:
    to = receiving(place, one.service)
    name = to.facility.name.text(language()) if to else ""
    return Flag(one.label.text(language()), one.act_now.text(language()), one.general, to, name)
