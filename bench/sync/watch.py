"""Looks at the hub's database until it holds what is waited for; a look costs one small query."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from typing import Any

import psycopg

LOOK_S = 0.05
Rows = psycopg.Connection[tuple[Any, ...]]


class TooLong(Exception):
    """What was waited for did not come in time; the message says what there was."""


def holds(hub: Rows, node: str, runs: dict[str, list[list[int]]]) -> bool:
    """Whether the hub's own account of what it has of a node covers these runs."""
    found = {str(run): json.loads(ranges) for run, ranges in _runs(hub, node)}
    return all(_covers(found.get(run, []), first, last) for run, ranges in runs.items() for first, last in ranges)


def held(hub: Rows, node: str) -> int:
    """How many records of a node the hub has."""
    return sum(last - first + 1 for _, ranges in _runs(hub, node) for first, last in json.loads(ranges))


def _runs(hub: Rows, node: str) -> list[tuple[Any, ...]]:
    return hub.execute("SELECT run, ranges FROM journal_run WHERE node = %s", [node]).fetchall()


def _covers(ranges: list[list[int]], first: int, last: int) -> bool:
    return any(one <= first and last <= other for one, other in ranges)


def files(hub: Rows, names: Iterable[str]) -> int:
    """How many of these files are wholly on the hub."""
    query = "SELECT count(*) FROM journal_blob WHERE complete AND sha256 = ANY(%s)"
    row = hub.execute(query, [list(names)]).fetchone()
    return int(row[0]) if row else 0


def until(look: Callable[[], bool], seconds: float, what: Callable[[], str]) -> float:
    """`time.monotonic()` of when `look` became true. Raises `TooLong`."""
    end = time.monotonic() + seconds
    while not look():
        if time.monotonic() > end:
            raise TooLong(f"not within {seconds:.0f} s: {what()}")
        time.sleep(LOOK_S)
    return time.monotonic()
