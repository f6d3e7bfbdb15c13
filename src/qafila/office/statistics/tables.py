"""Tables of counts by several dimensions, with their margins and with nested places: pure.

A key is a tuple with one code for each dimension; `ALL` in a place is the total over it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from qafila.office.statistics.suppression import Key, Sum, Table

ALL = "*"
Cell = tuple[str, ...]
Parents = Mapping[str, str]
"""Code → the code that it lies in; a code without one lies in `ALL`."""


def tabulated(rows: Iterable[Cell], parents: Sequence[Parents]) -> Table:
    """Counts of rows, each one person's, with all totals. `parents`: one mapping a dimension, empty for a flat one."""
    counts: Counter[Cell] = Counter()
    below: dict[Cell, set[tuple[int, Cell]]] = defaultdict(set)
    for row in rows:
        chains = [_up(code, parents[place]) for place, code in enumerate(row)]
        for key in _product(chains):
            counts[key] += 1
    for key in counts:
        for place, code in enumerate(key):
            if code != ALL:
                upper = parents[place].get(code, ALL)
                below[(*key[:place], upper, *key[place + 1 :])].add((place, key))
    sums: list[Sum] = []
    for total in sorted(below):
        for place in range(len(total)):
            parts = tuple(sorted(key for where, key in below[total] if where == place))
            if parts:
                sums.append((total, _whole(total, place, parts, counts)))
    return Table(dict[Key, int](counts.items()), sums)


def _whole(total: Cell, place: int, parts: tuple[Cell, ...], counts: Counter[Cell]) -> tuple[Cell, ...]:
    """Parts that add up: where somebody is counted at the total's own code and at none below it, that rest is one."""
    rest = counts[total] - sum(counts[part] for part in parts)
    if rest:
        own = (*total[:place], f"{total[place]}/", *total[place + 1 :])
        counts[own] = rest
        return (*parts, own)
    return parts


def _up(code: str, parents: Parents) -> tuple[str, ...]:
    chain, seen = [code], {code}
    while (upper := parents.get(chain[-1])) is not None and upper not in seen:
        chain.append(upper)
        seen.add(upper)
    return (*chain, ALL)


def _product(chains: Sequence[tuple[str, ...]]) -> Iterable[Cell]:
    found: list[Cell] = [()]
    for chain in chains:
        found = [(*begun, code) for begun in found for code in chain]
    return found


def beside(table: Table, earlier: Sequence[tuple[Mapping[Key, int], frozenset[Key]]]) -> Table:
    """The table together with releases that are out already, oldest first (counts, what was held back of each): what
    can be found from all of them is found from this. Keys of the table itself stay as they are."""
    counts: dict[Key, int] = dict(table.counts)
    sums: list[Sum] = list(table.sums)
    published: set[Key] = set()
    hidden: set[Key] = set()
    gone: set[Key] = set()
    for number, (before, held) in enumerate(earlier):
        old = {key: ("release", number, key) for key in before}
        for key, cell in old.items():
            counts[cell] = before[key]
            (gone if key in held else published).add(cell)
        for total, parts in table.sums:
            known = tuple(old[part] for part in parts if part in old)
            if total in old and sum(counts[one] for one in known) == counts[old[total]]:
                sums.append((old[total], known))
        last = number + 1 == len(earlier)
        values = table.counts if last else earlier[number + 1][0]
        for key, cell in old.items():
            if key in values:
                change: Key = ("since", number, key)
                then: Key = key if last else ("release", number + 1, key)
                counts[change], counts[then] = values[key] - before[key], values[key]
                hidden.add(change)
                sums.append((then, (cell, change)))
    return Table(counts, sums, frozenset(published), frozenset(hidden), frozenset(gone))
