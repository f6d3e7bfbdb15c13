"""What the link may cost: bytes a day and line, what waits until tomorrow, what waits until the vehicle is parked.

An urgent case, answers and clinical records (lanes 0 to 2) always go, whatever they cost. The rest waits when the
day's bytes are used up, and large files wait for the parked vehicle where people have chosen so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from qafila.journal.changed import mark
from qafila.journal.here import here
from qafila.journal.models import Lane
from qafila.kernel import clock
from qafila.sync.models import LinkChoice, LinkDay

MB = 1_000_000
MOST_MB = 1_000_000
PARKED = timedelta(hours=2)
"""So long "we are parked" holds; then it ends by itself, because nobody thinks of it when driving off."""
WAITS_FOR_TOMORROW = frozenset({Lane.PREVIEW, Lane.BULK, Lane.LOG})
WAITS_FOR_PARKING = frozenset({Lane.BULK})


@dataclass(frozen=True)
class Budget:
    """What the link may cost today, and what it has cost."""

    line: str
    up: int
    """Bytes of today on this line."""
    down: int
    limit: int
    """Bytes a day; 0: none."""
    anyway: bool
    """Somebody has said that today everything goes."""
    parked_only: bool
    parked_until: datetime | None
    """Set while "we are parked" holds."""
    megabytes: int = 0

    @property
    def used(self) -> int:
        """Bytes of today, both ways."""
        return self.up + self.down

    @property
    def used_up(self) -> bool:
        """Whether the day's bytes are gone and nobody has said "anyway"."""
        return bool(self.limit) and self.used >= self.limit and not self.anyway

    @property
    def held_back(self) -> frozenset[int]:
        """The lanes that wait now."""
        held: frozenset[int] = WAITS_FOR_TOMORROW if self.used_up else frozenset()
        parked = not self.parked_only or self.parked_until is not None
        return held if parked else held | WAITS_FOR_PARKING


def today() -> date:
    """The civil date where this node is."""
    return timezone.localtime(clock.now()).date()


def read() -> Budget:
    """The state of now: two queries."""
    choice = LinkChoice.objects.first() or LinkChoice()
    day = today()
    used = LinkDay.objects.filter(day=day, line=choice.line).first() or LinkDay(day=day)
    until = choice.parked_until
    now = clock.now()
    holds = until is not None and now < until <= now + PARKED
    return Budget(
        line=choice.line,
        up=used.up,
        down=used.down,
        limit=choice.megabytes * MB,
        anyway=choice.anyway == day,
        parked_only=choice.parked_only,
        parked_until=until if holds else None,
        megabytes=choice.megabytes,
    )


def held_back() -> frozenset[int]:
    """The lanes that wait now: one query where nobody has set a limit, for it is asked before each request."""
    if not LinkChoice.objects.filter(Q(megabytes__gt=0) | Q(parked_only=True)).exists():
        return frozenset()
    return read().held_back


def days(count: int = 14) -> list[LinkDay]:
    """The latest days, newest first."""
    return list(LinkDay.objects.order_by("-day", "line")[:count])


def note(up: int, down: int) -> None:
    """So many bytes more have gone."""
    if up <= 0 and down <= 0:
        return
    line = LinkChoice.objects.values_list("line", flat=True).first() or ""
    with transaction.atomic(using=here().database):
        row, _fresh = LinkDay.objects.get_or_create(day=today(), line=line)
        LinkDay.objects.filter(pk=row.pk).update(up=F("up") + max(up, 0), down=F("down") + max(down, 0))


def choose(by: UUID, megabytes: int, line: str, *, parked_only: bool) -> None:
    """Set the day's bytes, the line's name, and whether large files wait for parking. Raises `ValueError`."""
    if not 0 <= megabytes <= MOST_MB:
        raise ValueError("megabytes")
    _change(megabytes=megabytes, line=line.strip()[:40], parked_only=parked_only, set_by=by, set_at=clock.now())


def send_anyway(by: UUID) -> None:
    """Today the budget does not hold."""
    _change(anyway=today(), anyway_by=by)


def park(by: UUID) -> None:
    """The vehicle is parked: for `PARKED` everything may go."""
    _change(parked_until=clock.now() + PARKED, parked_by=by)


def drive_on() -> None:
    """The vehicle leaves: large files wait again."""
    _change(parked_until=None)


def _change(**values: object) -> None:
    with transaction.atomic(using=here().database):
        row, _fresh = LinkChoice.objects.get_or_create(pk=1)
        LinkChoice.objects.filter(pk=row.pk).update(**values)
        # The process that talks to the hub looks again.
        mark(here())
