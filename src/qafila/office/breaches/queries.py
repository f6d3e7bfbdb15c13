"""Reading the register of breaches: what is open, where its clocks stand, what changed."""

from __future__ import annotations

from dataclasses import dataclass

from qafila.journal.topics import until_changed
from qafila.kernel import clock
from qafila.office.breaches import deadline
from qafila.office.breaches.deadline import Clock
from qafila.office.breaches.models import Breach
from qafila.packs import load


@dataclass(frozen=True)
class Entry:
    """A breach with its clocks."""

    breach: Breach
    authority: Clock
    people: Clock | None

    @property
    def alarms(self) -> bool:
        """Whether somebody has to be told now, and was not in time."""
        return self.breach.closed_at is None and (
            self.authority.overdue or (self.people is not None and self.people.overdue)
        )


def entry(breach: Breach) -> Entry:
    """A breach with its clocks as they stand now."""
    rule, now = load.privacy(breach.country).breach, clock.now()
    return Entry(
        breach,
        deadline.authority(rule, breach.noticed_at, breach.authority_told_at, now),
        deadline.people(rule, breach.authority_told_at, breach.people_told_at, now),
    )


def register() -> list[Entry]:
    """Every breach, open ones first, the nearest deadline first."""
    found = [entry(one) for one in Breach.objects.all()]
    return sorted(found, key=lambda e: (e.breach.closed_at is not None, e.authority.done is not None, e.authority.due))


@until_changed
def pressing() -> tuple[int, int]:
    """How many open breaches the authority or the people have not been told of, and how many of these too late."""
    open_ = [entry(one) for one in Breach.objects.filter(closed_at__isnull=True)]
    waiting = [e for e in open_ if e.authority.done is None or (e.people is not None and e.people.done is None)]
    return len(waiting), sum(e.alarms for e in waiting)
