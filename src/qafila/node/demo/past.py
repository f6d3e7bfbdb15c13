"""A clock that is set by hand: the demonstration's world has a week behind it when it is opened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from qafila.kernel import clock
from qafila.registry.places.here import local_day


class Past:
    """The moment at which the invented people live; each act a little later than the one before."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def go(self, moment: datetime) -> None:
        """Let it be that moment."""
        self.moment = moment

    def wait(self, minutes: float) -> None:
        """Let some time pass."""
        self.moment += timedelta(minutes=minutes)

    @contextmanager
    def lived(self) -> Iterator[None]:
        """Inside the block the node's clock says this moment."""
        with clock.reading_from(lambda: self.moment.timestamp()):  # noqa: PLW0108 - the moment moves
            yield


def opening(day: date, hour: int = 8, minute: int = 30) -> datetime:
    """That time of the day at the place of care."""
    return datetime.combine(day, time(hour, minute), timezone.get_current_timezone())


def this_morning(now: datetime) -> datetime:
    """When today's work began: three hours ago, and never yesterday."""
    return max(opening(local_day(now), 0, 1), now - timedelta(hours=3))
