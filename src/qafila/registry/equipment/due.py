"""When an instrument has to be looked after, and whether its readings could be trusted on a day. Pure: dates alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

SOON = timedelta(days=30)
CALIBRATION, MAINTENANCE, CLEANING, FAULT, REPAIR = "calibration", "maintenance", "cleaning", "fault", "repair"


@dataclass(frozen=True, slots=True)
class Event:
    """What was done or found on a day; `of` is the fault that a repair ends."""

    what: str
    day: date
    good: bool = True
    own: UUID | None = None
    of: UUID | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """One kind of care. `state`: `none` (not done to this kind), `good`, `soon`, `over` or `failed` (the last
    calibration did not pass). `by` is the last day on which it is in order; `last` when it was done."""

    state: str
    last: date | None = None
    by: date | None = None


@dataclass(frozen=True, slots=True)
class Trust:
    """Whether readings of an instrument on a day count as measured rightly. `state`: `good`, `over`, `failed`, `broken`
    (a fault with which it must not be used was open). `since`: from which day on."""

    state: str
    since: date | None = None

    @property
    def doubtful(self) -> bool:
        """It has to be said beside the reading."""
        return self.state != "good"


def due(what: str, since: date, every: int, events: Iterable[Event], on: date) -> Due:
    """The state of one kind of care on a day. An event after that day is not known yet.

    Cleaning and maintenance before the first one count from `since`, the day it came into service.
    """
    if not every:
        return Due("none")
    done = sorted((e.day, place, e.good) for place, e in enumerate(events) if e.what == what and e.day <= on)
    last, _place, passed = done[-1] if done else (since, 0, True)
    until = last + timedelta(days=every)
    known = last if done else None
    if not passed:
        return Due("failed", known, last)
    if until < on:
        return Due("over", known, until)
    soon = min(SOON, timedelta(days=every // 4))
    return Due("soon" if until - on <= soon and every > 1 else "good", known, until)


def open_faults(events: Sequence[Event], on: date) -> list[Event]:
    """Faults that no repair has ended by a day, the oldest first."""
    ended = {e.of for e in events if e.what == REPAIR and e.day <= on}
    return sorted((e for e in events if e.what == FAULT and e.day <= on and e.own not in ended), key=lambda e: e.day)


def trust(since: date, calibrate_days: int, events: Sequence[Event], on: date) -> Trust:
    """Whether a reading taken on a day may be relied on; the gravest reason first."""
    stops = [e for e in open_faults(events, on) if not e.good]
    if stops:
        return Trust("broken", stops[0].day)
    found = due(CALIBRATION, since, calibrate_days, events, on)
    if found.state in ("over", "failed"):
        return Trust(found.state, found.by)
    return Trust("good")
