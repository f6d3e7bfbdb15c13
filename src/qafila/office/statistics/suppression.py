"""Which figures of a table are held back so that nobody can be found behind them. Pure.

A cell is *small* when one to k - 1 people stand behind it. It is held back (primary suppression), and with it as many
other cells as it takes (complementary suppression) until whoever knows all published cells, that cells which should add
up do so, that a count is not negative, and that a count of none is always published as such, cannot place the small
cell within fewer than k values. What an attacker can find is computed as such: the least and the greatest value that
the published figures leave to the cell, by linear programming. (After L. Willenborg and T. de Waal, Elements of
Statistical Disclosure Control, 2001, chapters 4 and 6.)

Nested places, margins and successive releases are all one thing: cells that add up. Of two releases the later cell is
the earlier one and what came since, which is a cell that nobody publishes; what was published once stays published.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Key = Hashable
Sum = tuple[Key, tuple[Key, ...]]
"""A total and the cells that add up to it."""
MOST_CELLS = 4000
"""Beyond that a table is refused: its check would not end in a time that anybody waits for."""


MOST_AGAIN = 60
"""Checks that are spent on publishing totals after all."""


class TooLarge(ValueError):
    """The table has more cells than are checked."""


@dataclass(frozen=True)
class Table:
    """Counts of people. `sums` say which cells add up to which. `published`: cells that are known outside already.
    `hidden`: cells that nobody publishes, but that can be found, such as what was added between two releases."""

    counts: Mapping[Key, int]
    sums: Sequence[Sum] = ()
    published: frozenset[Key] = frozenset()
    hidden: frozenset[Key] = frozenset()
    gone: frozenset[Key] = field(default=frozenset())
    """Cells of earlier releases that were held back then: never published any more."""


def small(count: int, k: int) -> bool:
    """Whether so few people stand behind a count that it is not published."""
    return 0 < abs(count) < k


def suppressed(table: Table, k: int) -> frozenset[Key]:
    """The cells that must not be published, `gone` and `hidden` apart. Any order of the cells gives the same.

    Raises `TooLarge`, `ValueError` for counts that do not add up or k below 2.
    """
    if k < 2:
        raise ValueError("k is at least 2")
    if len(table.counts) > MOST_CELLS:
        raise TooLarge(f"{len(table.counts)} cells")
    for total, parts in table.sums:
        if table.counts[total] != sum(table.counts[one] for one in parts):
            raise ValueError("the cells of a sum do not add up to its total")
    fixed = table.published
    sensitive = sorted((c for c, n in table.counts.items() if small(n, k) and c not in fixed), key=repr)
    unknown = set(sensitive) | table.hidden | table.gone
    attack = Attack(table, unknown)
    totals = {total for total, _ in table.sums}
    besides: list[Key] = []
    for cell in sensitive:
        while _width(attack, cell) < k:
            added = _next(table, cell, unknown, totals)
            if added is None:
                break  # what was published before the rule held cannot be taken back
            unknown.add(added)
            attack.free(added)
            besides.append(added)
    again = sorted((c for c in besides if c in totals), key=lambda c: (-table.counts[c], repr(c)))
    for cell in again if len(again) * len(sensitive) <= MOST_AGAIN else ():
        # A total that was held back on the way and is not needed any more is published after all.
        attack.publish(cell)
        if all(_width(attack, one) >= k for one in sensitive):
            unknown.discard(cell)
        else:
            attack.free(cell)
    return frozenset(unknown - table.hidden - table.gone)


class Attack:
    """What can be found about a cell by whoever knows every published one."""

    def __init__(self, table: Table, unknown: Iterable[Key]) -> None:
        from ortools.linear_solver import pywraplp

        self._table = table
        self._solver: Any = pywraplp.Solver.CreateSolver("GLOP")
        # Farther than any count: a bound out there means that nothing limits the cell.
        self._far = 100.0 * (1 + max((abs(n) for n in table.counts.values()), default=0))
        self._cells = {c: self._solver.NumVar(n, n, "") for c, n in table.counts.items()}
        for total, parts in table.sums:
            row = self._solver.RowConstraint(0, 0, "")
            row.SetCoefficient(self._cells[total], -1)
            for part in parts:
                row.SetCoefficient(self._cells[part], 1)
        self._falls = any(table.counts[c] < 0 for c in table.hidden)
        for cell in unknown:
            self.free(cell)

    def free(self, cell: Key) -> None:
        """The cell is not published: it is at least one (a count of none would be), or, of a difference, not negative
        unless counts have been put right downwards."""
        lowest = (-self._far if self._falls else 0) if cell in self._table.hidden else 1
        self._cells[cell].SetBounds(lowest, self._far)

    def publish(self, cell: Key) -> None:
        """The cell is published."""
        self._cells[cell].SetBounds(self._table.counts[cell], self._table.counts[cell])

    def bounds(self, cell: Key) -> tuple[float, float]:
        """The least and the greatest value that the cell can have."""
        return self._end(cell, self._solver.Minimize), self._end(cell, self._solver.Maximize)

    def _end(self, cell: Key, towards: Callable[[Any], None]) -> float:
        towards(self._cells[cell] + 0)
        if self._solver.Solve() != self._solver.OPTIMAL:
            raise ArithmeticError("the table could not be checked")
        # Rounded to what a count can be: a bound of 2.0000001 is 2.
        return float(round(self._solver.Objective().Value(), 4))


def _width(attack: Attack, cell: Key) -> float:
    low, high = attack.bounds(cell)
    return high - low


def _next(table: Table, cell: Key, unknown: set[Key], totals: set[Key]) -> Key | None:
    """The cell to hold back besides: one that adds up with what is hidden around the small one, the nearest first, then
    a cell rather than a total, then the least known. A count of none is published always."""
    near, seen = {cell}, {cell}
    while near:
        found: set[Key] = set()
        for total, parts in table.sums:
            members = (total, *parts)
            if not near.isdisjoint(members):
                found.update(members)
        open_ = [c for c in found - unknown if table.counts[c] > 0 and c not in table.published]
        if open_:
            return min(open_, key=lambda c: (c in totals, table.counts[c], repr(c)))
        near = (found & unknown) - seen
        seen |= near
    return None
