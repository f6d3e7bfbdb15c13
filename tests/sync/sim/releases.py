"""Releases of the program, as a fleet has them side by side: which conversation each speaks, which layouts it knows.

The steps between the layouts go through the real `journal.upcast`, versions through the real `sync.frames`.
"""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any

from qafila.journal.header import CREATE
from qafila.journal.upcast import Upcast, climb

LATEST = 4
NOTE, LATER = "clinic.note", "clinic.later"
_SCHEMAS = {NOTE: (1, 2, 3, 3), LATER: (0, 0, 1, 2)}
"""Kind → number of its layout in each release; 0: not known. All other kinds never changed."""


def _loud(fields: dict[str, Any]) -> dict[str, Any]:
    return {**fields, "words": fields["words"].upper()} if "words" in fields else fields


_STEPS = {
    NOTE: {1: Upcast(origin={"words": "text"}), 2: Upcast(unsaid={"tone": "calm"}, fields=_loud)},
    LATER: {1: Upcast(origin={"newer": "new"})},
}


@cache
def spoken(release: int) -> range:
    """Versions of the conversation: its own and the two before."""
    return range(max(1, release - 2), release + 1)


def schema(kind: str, release: int) -> int:
    """The number of a kind's layout in a release; 0 where it is not known."""
    return _SCHEMAS[kind][release - 1] if kind in _SCHEMAS else 1


def note(release: int, dice: Random) -> dict[str, Any]:
    """What a release writes as a note."""
    text = dice.randbytes(4).hex()
    if schema(NOTE, release) == 1:
        return {"text": text}
    return {"words": text} if schema(NOTE, release) == 2 else {"words": text.upper(), "tone": "loud"}


def later(release: int) -> dict[str, Any]:
    """What a release writes under a kind that the first ones do not have."""
    return {"new": 1} if schema(LATER, release) < 2 else {"newer": 2}


def understood(kind: str, number: int, fields: dict[str, Any], release: int) -> dict[str, Any] | None:
    """The row of a record as a release sees it; None where it can only keep it."""
    known = schema(kind, release)
    if not known or number > known:
        return None
    return climb(_STEPS.get(kind, {}), known, number, CREATE, fields, {})[0]
