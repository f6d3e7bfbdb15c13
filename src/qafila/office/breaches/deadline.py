"""By when a breach has to be told: pure, from the country's rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from qafila.packs.privacy import BreachRule


@dataclass(frozen=True, slots=True)
class Clock:
    """Where a clock stands. `due`: by when; `left`: negative once it has run out; `done`: told, in time or not."""

    due: datetime
    left: timedelta
    done: datetime | None

    @property
    def overdue(self) -> bool:
        """Nobody has told yet, and the time is over."""
        return self.done is None and self.left < timedelta()

    @property
    def late(self) -> bool:
        """It was told after its time."""
        return self.done is not None and self.done > self.due


def authority(rule: BreachRule, noticed: datetime, told: datetime | None, now: datetime) -> Clock:
    """The clock of telling the authority: it runs from the moment the breach was noticed, day and night."""
    due = noticed + timedelta(hours=rule.hours)
    return Clock(due, due - now, told)


def people(rule: BreachRule, authority_told: datetime | None, told: datetime | None, now: datetime) -> Clock | None:
    """The clock of telling the people: it runs once the authority knows; None where it does not run."""
    if not rule.people_days or authority_told is None:
        return None
    due = authority_told + timedelta(days=rule.people_days)
    return Clock(due, due - now, told)
