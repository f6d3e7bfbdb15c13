"""The one door through which a statistic leaves the hub: small figures are held back, and those that would give them
away, also beside what left before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from qafila.journal.here import here
from qafila.kernel import clock
from qafila.office.statistics.counting import STATISTICS, table_of
from qafila.office.statistics.models import Release
from qafila.office.statistics.suppression import Key, suppressed
from qafila.office.statistics.tables import Cell, beside
from qafila.packs import load
from qafila.registry.places.here import country_code, local_day
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require

RIGHT = "statistics.read"


@dataclass(frozen=True)
class Given:
    """A statistic as it may leave: cell → count, None where it is held back."""

    name: str
    at: datetime
    k: int
    cells: dict[Cell, int | None]


def released(code: str, by: Staff, year: int | None = None) -> Given:
    """A statistic of a year (this one unless said). One that was made lately is given as it was: the pack says how
    often a new one is. Raises `NotAllowed`, `KeyError`, `suppression.TooLarge`."""
    require(by, RIGHT)
    statistic, year = STATISTICS[code], year or local_day().year
    rule, name = load.privacy(country_code()).statistics, f"{code}:{year}"
    with transaction.atomic(using=here().database):
        before = list(Release.objects.select_for_update().filter(name=name).order_by("at", "id"))
        last = before[-1] if before else None
        if last is not None and clock.now() - last.at < timedelta(days=rule.renewed_after_days):
            return _given(last)
        table = table_of(statistic, year)
        if last is not None and dict(table.counts) == _counts(last):
            return _given(last)
        held = suppressed(beside(table, [(dict(_counts(one)), _held(one)) for one in before]), rule.k)
        row = Release.objects.create(
            name=name,
            k=rule.k,
            counts=sorted([list(key), count] for key, count in table.counts.items()),  # type: ignore[call-overload]
            held=sorted(list(key) for key in held if key in table.counts),  # type: ignore[call-overload]
        )
        return _given(row)


def magnitude(value: Decimal | float, people: int) -> Decimal | float | None:
    """A sum over people as it may leave: None where fewer than k stand behind it."""
    return value if people >= load.privacy(country_code()).statistics.k else None


def _counts(row: Release) -> dict[Key, int]:
    return {tuple(key): count for key, count in row.counts}


def _held(row: Release) -> frozenset[Key]:
    return frozenset(tuple(key) for key in row.held)


def _given(row: Release) -> Given:
    held: Sequence[Key] | frozenset[Key] = _held(row)
    cells = {tuple(key): None if tuple(key) in held else count for key, count in row.counts}
    return Given(row.name.partition(":")[0], row.at, row.k, cells)
