"""What the moves of a stock come to: pure. Any order of the moves gives the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
SOON = timedelta(days=90)
"""A lot that ends within it is shown as ending soon."""
MONTH = 30
LOOK_BACK = 90
"""Days over which use is averaged."""
SHORTEST = 14
"""A stock that is younger is reckoned as if it had been used for so many days."""
MONTHS_TO_HOLD = 2


def balances(moves: Iterable[tuple[K, int]]) -> dict[K, int]:
    """(lot, what the move adds) → what there is of each lot. Below 0: two boxes gave the same pieces; count again."""
    found: Counter[K] = Counter()
    for lot, quantity in moves:
        found[lot] += quantity
    return dict(found)


def expired(expires: date, today: date) -> bool:
    """Whether it may not be given any more: the day printed on it is its last."""
    return expires < today


def first_expiring(lots: Mapping[K, tuple[date, int]], wanted: int, today: date) -> tuple[list[tuple[K, int]], int]:
    """From which lots a quantity is taken, those that end first before others, none that has ended; and what lacks.

    `lots`: lot → (expires, balance).
    """
    taken: list[tuple[K, int]] = []
    usable = [(end, str(lot), lot, held) for lot, (end, held) in lots.items() if held > 0 and not expired(end, today)]
    for _end, _name, lot, held in sorted(usable, key=lambda row: row[:2]):
        if wanted <= 0:
            break
        taken.append((lot, min(held, wanted)))
        wanted -= taken[-1][1]
    return taken, max(wanted, 0)


@dataclass(frozen=True, slots=True)
class Need:
    """Of one product: what is usable, used in a month on average, the least to hold, and what to order."""

    usable: int
    monthly: float
    least: int
    order: int


def need(usable: int, used: Sequence[tuple[date, int]], least: int, today: date) -> Need:
    """What to order. `used`: (day, pieces given or thrown away) of the last `LOOK_BACK` days; `least` of the country.

    Ordered is what brings the stock to `MONTHS_TO_HOLD` months of use, and to the least; nothing while there is more
    than the least and a month's use.
    """
    recent = [(day, pieces) for day, pieces in used if timedelta(0) <= today - day <= timedelta(days=LOOK_BACK)]
    total = sum(pieces for _, pieces in recent)
    days = max(((today - min(day for day, _ in recent)).days + 1) if recent else 0, SHORTEST)
    monthly = total * MONTH / days
    floor = max(least, round(monthly))
    target = max(least, round(monthly * MONTHS_TO_HOLD))
    order = max(target - usable, 0) if usable < floor or usable <= 0 < target else 0
    return Need(usable, round(monthly, 1), least, order)
