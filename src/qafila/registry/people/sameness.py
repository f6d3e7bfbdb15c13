"""Who is whom: the live *same person* links give groups, and one of each group survives.

No row is ever rewritten. Every reading of a group depends on the set of its links alone: the order of merges says
nothing, and a link taken back leaves what was there before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

Edge = tuple[UUID, UUID]
"""The first is the same person as the second, whose record goes on."""


def groups(edges: Iterable[Edge]) -> Mapping[UUID, tuple[UUID, ...]]:
    """Everybody in a link → their group, the survivor first, then by age of the record.

    The survivor was merged into nobody. Where several qualify (one record merged into two, on two nodes), or none (a
    ring made on two nodes), it is the oldest record of those, of all.
    """
    merged: set[UUID] = set()
    held: dict[UUID, set[UUID]] = {}
    for one, into in edges:
        if one == into:
            continue
        merged.add(one)
        both = held.get(one, {one}) | held.get(into, {into})
        for member in both:
            held[member] = both
    found: dict[UUID, tuple[UUID, ...]] = {}
    for member, group in held.items():
        if member not in found:
            first = min(group - merged or group)
            ordered = (first, *sorted(group - {first}))
            found |= dict.fromkeys(group, ordered)
    return found
