"""Sets of sequence numbers as sorted, disjoint, closed ranges [[first, last], …]."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Mapping

import orjson

Ranges = list[list[int]]


def loads(text: str) -> Ranges:
    """From JSON. Raises `ValueError` where it is no list of ascending ranges."""
    found = orjson.loads(text)
    if not isinstance(found, list):
        raise ValueError("ranges are a list")
    last = 0
    for item in found:
        if not (isinstance(item, list) and len(item) == 2 and all(type(n) is int for n in item)):
            raise ValueError("a range is two numbers")
        if not last < item[0] <= item[1]:
            raise ValueError("ranges ascend")
        last = item[1]
    return found


def add(ranges: Ranges, numbers: Iterable[int]) -> Ranges:
    """The ranges with `numbers` in them; neighbours are joined."""
    return join([*ranges, *([n, n] for n in numbers)])


def join(ranges: Iterable[list[int]]) -> Ranges:
    """Any ranges, overlapping or not, as sorted disjoint ones."""
    out: Ranges = []
    for first, last in sorted(ranges):
        if out and first <= out[-1][1] + 1:
            out[-1][1] = max(out[-1][1], last)
        else:
            out.append([first, last])
    return out


def missing(ranges: Ranges, last: int) -> Ranges:
    """What lacks between 1 and `last`."""
    out: Ranges = []
    expected = 1
    for first, end in ranges:
        if first > expected:
            out.append([expected, min(first - 1, last)])
        expected = max(expected, end + 1)
        if expected > last:
            break
    if expected <= last:
        out.append([expected, last])
    return out


def holds(ranges: Ranges, number: int) -> bool:
    """Whether `number` is in one of the ranges."""
    place = bisect_right(ranges, number, key=lambda r: r[0])
    return place > 0 and number <= ranges[place - 1][1]


def without(ranges: Ranges, numbers: Iterable[int]) -> Ranges:
    """The ranges with `numbers` taken out."""
    return subtract(ranges, join([n, n] for n in numbers))


def subtract(ranges: Ranges, other: Ranges) -> Ranges:
    """What is in the one and not in the other; both ascend."""
    out: Ranges = []
    holes = iter([*other, [1 << 62, 1 << 62]])
    hole = next(holes)
    for first, last in ranges:
        while hole[1] < first:
            hole = next(holes)
        while hole[0] <= last:
            if hole[0] > first:
                out.append([first, hole[0] - 1])
            first = hole[1] + 1
            if hole[1] >= last:
                break
            hole = next(holes)
        if first <= last:
            out.append([first, last])
    return out


def size(ranges: Ranges) -> int:
    """How many numbers."""
    return sum(last - first + 1 for first, last in ranges)


def total(hashes: Iterable[bytes], start: int = 0) -> int:
    """63 bits that stand for a set of records: the exclusive or of their hashes' first bits."""
    for one in hashes:
        start ^= int.from_bytes(one[:8]) >> 1
    return start


def digest(runs: Mapping[int, Ranges], sums: Mapping[int, int]) -> bytes:
    """Eight bytes by which two nodes see whether they mean the same records. Runs without any do not count.

    `sums`: the `total` of each run's records. By it two see that they mean others under the same numbers: somebody
    copied the memory of a running machine.
    """
    told = [[run, ranges, sums.get(run, 0)] for run, ranges in sorted(runs.items()) if ranges]
    return hashlib.sha256(orjson.dumps(told)).digest()[:8]
