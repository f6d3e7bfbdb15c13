"""The half-days and who is on duty: pure, from shifts, leave and what people said of themselves.

What somebody says (on duty, on a break, off) is a `Duty` and goes before the roster while it lasts; else whoever has a
published shift is on duty. A duty that was begun before a leave does not outlast its first day.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Literal
from uuid import UUID

HALVES: dict[str, tuple[time, time]] = {
    "am": (time(8), time(14)),
    "pm": (time(14), time(20)),
    "night": (time(20), time(8)),
}
"""From when to when, where the hub stands; the night ends on the next day."""
ON, BREAK, OFF = "on", "break", "off"


def span(day: date, half: str, zone: tzinfo) -> tuple[datetime, datetime]:
    """From when until when a half-day lasts. On the days on which clocks change it is an hour shorter or longer."""
    begins, ends = HALVES[half]
    last = day if ends > begins else day + timedelta(days=1)
    return datetime.combine(day, begins, zone), datetime.combine(last, ends, zone)


def half_at(moment: datetime) -> tuple[date, str]:
    """The day and half-day of a local moment."""
    for half, (begins, ends) in HALVES.items():
        if begins < ends and begins <= moment.time() < ends:
            return moment.date(), half
    night = moment.date() if moment.time() >= HALVES["night"][0] else moment.date() - timedelta(days=1)
    return night, "night"


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said of themselves for a specialty, and since when."""

    staff: UUID
    specialty: str
    status: str
    """`ON`, `BREAK` or `OFF`."""
    since: datetime


Serving = tuple[UUID, str]


def serving(
    shifts: Iterable[Serving], said: Iterable[Said], away_since: dict[UUID, datetime]
) -> dict[Serving, Literal["on", "break"]]:
    """Who is on duty or on a break, for which specialty. `shifts`: published ones of this half-day; `said`: what holds
    at this moment; `away_since`: who is on leave, and since when."""
    found: dict[Serving, Literal["on", "break"]] = {one: "on" for one in shifts if one[0] not in away_since}
    for one in sorted(said, key=lambda s: s.since):
        key = (one.staff, one.specialty)
        if one.staff in away_since and one.since < away_since[one.staff]:
            continue
        if one.status == OFF:
            found.pop(key, None)
        else:
            found[key] = "break" if one.status == BREAK else "on"
    return found
