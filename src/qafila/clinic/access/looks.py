"""Who saw a patient's record: the looks of every node, summed up by day, and those of this node since.

A look is a plain row of the node where it was made (`journal.Read`): a record for each would cost the link more than
the visit it belongs to. What travels is one `DayOfLooks` a patient, node and day, with the logs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from typing import Any
from uuid import UUID

from django.db import transaction

from qafila.clinic.access.identity import FAILED
from qafila.clinic.access.models import AccessGrant, DayOfLooks, Summed
from qafila.journal.here import here
from qafila.journal.models import Read
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.registry.people.queries import one_with
from qafila.registry.units.queries import unit_of_node

MOST = 5000
"""Looks that are summed up in one go."""
PAGES = 6
"""Pages named of one reader's day; the rest is in the number."""
A_TRANSACTION = 200


@dataclass(frozen=True)
class Look:
    """What one reader looked at of one patient on one day at one node, for one reason."""

    day: date
    node: str
    unit: UUID | None
    staff: UUID | None
    basis: str
    first: datetime
    last: datetime
    count: int
    pages: tuple[str, ...]
    reason: str = ""
    """Of an emergency access."""


@dataclass(frozen=True)
class Seen:
    """One look, as the summing takes it."""

    staff: UUID | None
    basis: str
    at: datetime
    page: str


def summed(seen: Iterable[Seen]) -> list[list[Any]]:
    """The looks of one patient on one day, as `DayOfLooks.looks` keeps them, the first reader first.

    >>> from datetime import UTC
    >>> summed([Seen(None, "unit", datetime(2026, 1, 5, 8, n, tzinfo=UTC), "page") for n in (9, 30)])
    [['', 'unit', 489, 510, 2, ['page']]]
    """
    found: dict[tuple[str, str], list[Any]] = {}
    for one in sorted(seen, key=lambda s: s.at):
        minute = one.at.hour * 60 + one.at.minute
        key = (one.staff.hex if one.staff else "", one.basis)
        row = found.setdefault(key, [*key, minute, minute, 0, []])
        row[3], row[4] = minute, row[4] + 1
        if one.page not in row[5] and len(row[5]) < PAGES:
            row[5].append(one.page)
    return list(found.values())


def sum_up() -> int:
    """Write down the looks of the days that are over (UTC), once; how many rows were written. A job of every node."""
    today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    written = 0
    while some := _next(today):
        with transaction.atomic(using=here().database):
            written += _write(some)
            Summed.objects.update_or_create(pk=1, defaults={"upto": some[-1].pk})
    return written


def _next(today: datetime) -> list[Read]:
    rows = list(Read.objects.filter(pk__gt=upto()).order_by("pk")[:MOST])
    # Only what is over: a clock that was set back leaves later looks to the next day.
    over = next((n for n, row in enumerate(rows) if row.at >= today), len(rows))
    return rows[:over]


def upto() -> int:
    """The last look that was summed up."""
    return Summed.objects.filter(pk=1).values_list("upto", flat=True).first() or 0


def _write(rows: list[Read]) -> int:
    days: dict[tuple[UUID, date], list[Seen]] = {}
    for row in rows:
        if row.page != FAILED:
            days.setdefault((row.patient, row.at.date()), []).append(Seen(row.actor, row.basis, row.at, row.page))
    unit = unit_of_node(here().node)
    made = list(days.items())
    for start in range(0, len(made), A_TRANSACTION):
        with writing(None, "access.looks") as write:
            for (person, day), seen in made[start : start + A_TRANSACTION]:
                write.save(DayOfLooks(person_id=person, day=day, node=here().node, unit=unit, looks=summed(seen)))
    return len(made)


def of_patient(person: UUID, limit: int = 1000) -> list[Look]:
    """Who saw a patient's record, latest first: what other nodes have told, and what this one has seen. Six queries."""
    ids = one_with(person)
    found = [
        look for row in DayOfLooks.objects.filter(person_id__in=ids).order_by("-day")[:limit] for look in lines(row)
    ]
    since = Read.objects.filter(patient__in=ids, pk__gt=upto()).exclude(page=FAILED).order_by("pk")
    days: dict[date, list[Seen]] = {}
    for row in since:
        days.setdefault(row.at.date(), []).append(Seen(row.actor, row.basis, row.at, row.page))
    unit = unit_of_node(here().node)
    for day, seen in days.items():
        here_ = DayOfLooks(person_id=person, day=day, node=here().node, unit=unit, looks=summed(seen))
        found += lines(here_)
    grants = list(AccessGrant.objects.filter(person_id__in=ids, way=AccessGrant.Way.BROKEN).order_by("at"))
    told = [_with_reason(look, grants) for look in found]
    return sorted(told, key=lambda look: (look.first, look.node), reverse=True)[:limit]


def broken_of(person: UUID) -> list[AccessGrant]:
    """The emergency accesses to a patient's record, latest first: they stand in it whether anything was looked at."""
    rows = AccessGrant.objects.filter(person_id__in=one_with(person), way=AccessGrant.Way.BROKEN)
    return list(rows.order_by("-at", "-id")[:100])


def told_until(person: UUID) -> dict[str, date]:
    """Other nodes → the last day of which their looks at this patient are known here."""
    rows = DayOfLooks.objects.filter(person_id__in=one_with(person)).exclude(node=here().node)
    found: dict[str, date] = {}
    for node, day in rows.values_list("node", "day"):
        found[node] = max(day, found.get(node, day))
    return found


def lines(row: DayOfLooks) -> list[Look]:
    """The looks of a day; a line that another node wrote otherwise is left out, never an error."""
    start = datetime.combine(row.day, clock_time(), tzinfo=clock.now().tzinfo)
    found = []
    for line in row.looks if isinstance(row.looks, list) else ():
        try:
            staff, basis, first, last, count, pages = line
            found.append(
                Look(
                    day=row.day,
                    node=row.node,
                    unit=row.unit_id,
                    staff=UUID(staff) if staff else None,
                    basis=str(basis),
                    first=start + timedelta(minutes=min(1440, max(0, int(first)))),
                    last=start + timedelta(minutes=min(1440, max(0, int(last)))),
                    count=int(count),
                    pages=tuple(str(page) for page in pages[:PAGES]),
                )
            )
        except (TypeError, ValueError, AttributeError):
            continue
    return found


def _with_reason(look: Look, grants: list[AccessGrant]) -> Look:
    if look.basis != "broken":
        return look
    why = [g.reason for g in grants if g.staff_id == look.staff and g.at <= look.last + timedelta(minutes=1)
           and g.until >= look.first]  # fmt: skip
    return Look(**{**look.__dict__, "reason": why[-1]}) if why else look


JOBS = {"looks_sum": sum_up}
