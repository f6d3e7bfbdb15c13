"""Whether what a person said lets something be done: pure. The last word counts, whoever wrote it down and wherever."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from qafila.packs.encounter import Purpose

PERMIT, EMERGENCY = "permit", "emergency"
DAY = timedelta(hours=24)
"""How long the word of an emergency stands that is not bound to one visit."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said to one purpose. `decision`: permit, deny, emergency, withdrawn."""

    decision: str
    at: datetime
    visit: UUID | None = None
    reason: str = ""
    withdrawn: bool = False


def holds(purpose: Purpose, words: Iterable[Said], now: datetime, visit: UUID | None = None) -> bool:
    """Whether the purpose may be followed now, in `visit` where it is one's.

    An emergency's word stands for its visit or its day alone: after that the word before it counts again.
    """
    for said in sorted(words, key=lambda one: one.at, reverse=True):
        if said.decision == EMERGENCY:
            if not said.withdrawn and _stands(purpose, said, now, visit):
                return True
            continue
        return said.decision == PERMIT and not said.withdrawn
    return purpose.needs == "no_refusal"


def refused(words: Iterable[Said]) -> bool:
    """Whether the last word, an emergency's apart, is no or a yes taken back."""
    asked = [one for one in words if one.decision != EMERGENCY]
    if not asked:
        return False
    last = max(asked, key=lambda one: one.at)
    return last.decision != PERMIT or last.withdrawn


def _stands(purpose: Purpose, said: Said, now: datetime, visit: UUID | None) -> bool:
    if not purpose.emergency or not said.reason.strip():
        return False
    if said.visit is not None and said.visit == visit:
        return True
    return purpose.emergency == "day" and timedelta() <= now - said.at < DAY
