"""Small figures: whoever knows everything that was published cannot place a small cell within fewer than k values."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qafila.office.statistics.suppression import MOST_CELLS, Attack, Key, Table, TooLarge, small, suppressed
from qafila.office.statistics.tables import ALL, beside, tabulated

NESTED = {"a1": "a", "a2": "a", "a3": "a", "b1": "b", "b2": "b"}
row = st.tuples(st.sampled_from([*NESTED, "a"]), st.sampled_from(["f", "m"]))
ks = st.integers(2, 6)


def worlds(table: Table, hidden: frozenset[Key], most: int) -> Iterator[dict[Key, int]]:
    """Every set of counts that the published figures allow: the attacker of the test, who tries them all. Leaves that
    are held back are any number from 1 to `most`; totals follow."""
    totals = dict(table.sums)
    leaves = [c for c in sorted(hidden, key=repr) if c not in totals]
    for values in product(range(1, most + 1), repeat=len(leaves)):
        counts = {c: n for c, n in table.counts.items() if c not in hidden} | dict(zip(leaves, values, strict=True))
        waiting = [c for c in totals if c in hidden]
        while waiting:
            ready = [c for c in waiting if all(part in counts for part in totals[c])]
            for c in ready:
                counts[c] = sum(counts[part] for part in totals[c])
                waiting.remove(c)
        if all(counts[total] == sum(counts[part] for part in parts) for total, parts in table.sums):
            yield counts


@settings(max_examples=25)
@given(st.lists(st.integers(0, 7), min_size=2, max_size=4), st.integers(2, 3))
def test_one_who_tries_every_world_finds_no_small_cell(sizes: list[int], k: int) -> None:
    rows = [(f"p{number}",) for number, size in enumerate(sizes) for _ in range(size)]
    table = tabulated(rows, [{}])
    held = suppressed(table, k)
    assert all(cell in held for cell, count in table.counts.items() if small(count, k))
    most = sum(sizes) + k + 1
    found = list(worlds(table, held, most))
    for cell, count in table.counts.items():
        if small(count, k):
            values = {world[cell] for world in found}
            assert max(values) - min(values) >= k


@settings(max_examples=25)
@given(st.lists(row, max_size=60), ks)
def test_nested_places_and_margins_give_no_small_cell_back(rows: list[tuple[str, str]], k: int) -> None:
    table = tabulated(rows, [NESTED, {}])
    held = suppressed(table, k)
    attack = Attack(table, held)
    for cell, count in table.counts.items():
        assert not small(count, k) or cell in held
        if small(count, k):
            low, high = attack.bounds(cell)
            assert low <= count <= high and high - low >= k
    turned = Table(dict(reversed(table.counts.items())), list(reversed(table.sums)))
    assert held == suppressed(turned, k)


@settings(max_examples=12)
@given(st.lists(st.lists(row, max_size=12), min_size=2, max_size=3), ks)
def test_what_was_added_between_releases_is_not_found_either(batches: list[list[tuple[str, str]]], k: int) -> None:
    rows: list[tuple[str, str]] = []
    out: list[tuple[dict[Key, int], frozenset[Key]]] = []
    for batch in batches:
        rows += batch
        table = tabulated(rows, [NESTED, {}])
        joint = beside(table, out)
        held = suppressed(joint, k)
        attack = Attack(joint, held | joint.hidden | joint.gone)
        for cell, count in joint.counts.items():
            if small(count, k) and cell not in joint.published:
                low, high = attack.bounds(cell)
                assert low <= count <= high and high - low >= k
        out.append((dict(table.counts), held))


def test_one_more_person_does_not_show_between_two_releases() -> None:
    before = tabulated([("a",)] * 20 + [("b",)] * 30, [{}])
    after = tabulated([("a",)] * 21 + [("b",)] * 30, [{}])
    assert suppressed(before, 5) == frozenset()
    held = suppressed(beside(after, [(dict(before.counts), frozenset())]), 5)
    # The total would give the one away as well.
    assert ("a",) in held and (ALL,) in held


def test_a_single_small_cell_takes_another_one_with_it() -> None:
    table = tabulated([("a",)] * 2 + [("b",)] * 9 + [("c",)] * 40, [{}])
    assert suppressed(table, 5) == {("a",), ("b",)}
    assert suppressed(tabulated([("a",)] * 9, [{}]), 5) == frozenset()


def test_what_cannot_be_checked_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        suppressed(Table({}), 1)
    with pytest.raises(ValueError, match="add up"):
        suppressed(Table({"t": 3, "a": 1}, [("t", ("a",))]), 5)
    with pytest.raises(TooLarge):
        suppressed(Table(dict.fromkeys(range(MOST_CELLS + 1), 9)), 5)
