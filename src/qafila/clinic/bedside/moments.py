"""When a reading was taken: the instrument's own clock where it can be right, else the moment it arrived. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

AGREES = timedelta(minutes=10)
"""A live reading whose instrument's clock is farther off than that: the clock is wrong."""
AHEAD = timedelta(minutes=5)
CLOCK = "clock_differs"


def taken_at(taken: datetime | None, received: datetime, zone: tzinfo, *, stored: bool) -> tuple[datetime, bool]:
    """(when it was taken, the instrument's clock was believed). `taken` is without a zone: it shows local time.

    A reading from a memory may be old; none may be from the future.
    """
    if taken is None:
        return received, False
    try:
        own = taken.replace(tzinfo=zone)
        early = received - own
    except OverflowError:
        return received, False
    if early < -AHEAD or (not stored and early > AGREES):
        return received, False
    return min(own, received), True
