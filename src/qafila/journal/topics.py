"""Which tables are read and which are written: for lists that follow by themselves, and for what a process keeps.

Every statement comes by here (`guard.SqlGuard`). `until_changed` keeps what was read in this process as long as nothing
of its tables has changed, on this machine at once (`kernel.topics`), on another after `AGE_S`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache, wraps
from pathlib import Path
from threading import Lock
from typing import Any, ParamSpec, TypeVar, cast

from django.db import connections

from qafila.journal import wall
from qafila.journal.here import nobody_or_here
from qafila.kernel import clock
from qafila.kernel.topics import at, every, numbers, place, touch

P = ParamSpec("P")
T = TypeVar("T")
AGE_S = 5.0
"""What a process keeps it reads again after this long in any case: the word does not come from another machine."""
MOST_KEPT = 512


_named: ContextVar[bool] = ContextVar("qafila_named", default=False)


def elsewhere(table: str) -> str:
    """The topic of what was written in a table by whoever did not name it narrower (`named`)."""
    return f"{table} elsewhere"


@contextmanager
def named() -> Iterator[None]:
    """Whoever writes in the block names with `wrote` whom each row concerns (`Recorded.concerns`)."""
    token = _named.set(True)
    try:
        yield
    finally:
        _named.reset(token)


def wrote_table(connection: Any, table: str) -> None:
    """A statement has written a table."""
    wrote(connection, [table] if _named.get() else [table, elsewhere(table)])


class Told:
    """Called when a transaction is committed: tells the topics that were written in it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.topics: set[str] = set()

    def __call__(self) -> None:
        """Tell them."""
        touch(self.directory, self.topics)


def wrote(connection: Any, topics: Iterable[str]) -> None:
    """Tell these topics once the transaction at hand is committed, at once where there is none."""
    node = nobody_or_here()
    if node is None or node.directory is None or connection.alias != node.database:
        return
    if not connection.in_atomic_block:
        touch(node.directory, topics)
        return
    for _, waiting, *_more in connection.run_on_commit:
        if isinstance(waiting, Told) and waiting.directory == node.directory:
            waiting.topics.update(topics)
            return
    told = Told(node.directory)
    told.topics.update(topics)
    connection.on_commit(told)


_FROM = re.compile(r'\b(?:FROM|JOIN)\s+"?([a-z]\w*)"?', re.I)
_reading: ContextVar[set[str] | None] = ContextVar("qafila_reading", default=None)


@contextmanager
def reading() -> Iterator[set[str]]:
    """The names of the tables that are read in the block, also where what was read is kept (`until_changed`)."""
    tables, outer = set[str](), _reading.get()
    token = _reading.set(tables)
    try:
        yield tables
    finally:
        _reading.reset(token)
        if outer is not None:
            outer |= tables


@contextmanager
def narrowed(*tables: str) -> Iterator[set[str]]:
    """Of these tables the block reads only what the topics put into the given set stand for. Whoever writes names whom
    a row concerns (`named`); what is written in any other way counts for the whole table all the same."""
    topics = set[str]()
    with reading() as found:
        yield topics
        found -= set(tables)
        found |= topics | {elsewhere(one) for one in tables}


@contextmanager
def unnoticed() -> Iterator[None]:
    """What is read in the block is beside the point: it moves all the time, or stands outside of any list."""
    token = _reading.set(None)
    try:
        yield
    finally:
        _reading.reset(token)


def read(sql: str) -> None:
    """A statement is run that reads."""
    tables = _reading.get()
    if tables is not None:
        tables |= _tables(sql)


@lru_cache(maxsize=4096)
def _tables(sql: str) -> frozenset[str]:
    return frozenset(name.lower() for name in _FROM.findall(sql))


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a function gave: when, of which tables, and their numbers before it looked."""

    given: Any
    at: float
    tables: frozenset[str]
    places: tuple[int, ...]
    numbers: bytes


_kept: dict[Any, _Kept] = {}
_making: dict[Any, Lock] = {}


def _current(key: Any, directory: Path) -> _Kept | None:
    """What is kept under that key, where it is still true."""
    held = _kept.get(key)
    young = held is not None and abs(clock.seconds() - held.at) < AGE_S
    return held if held is not None and young and numbers(directory, held.places) == held.numbers else None


def _made(key: Any, directory: Path, make: Callable[[], Any]) -> _Kept:
    """Make it, and keep it."""
    now, before = clock.seconds(), every(directory)
    with reading() as tables:
        given = make()
    if len(_kept) >= MOST_KEPT:
        forget()
    places = tuple(sorted({place(table) for table in tables}))
    _kept[key] = found = _Kept(given, now, frozenset(tables), places, at(before, places))
    return found


def until_changed(function: Callable[P, T]) -> Callable[P, T]:
    """Keep what a reading function with hashable arguments gives until something is written in a table that it read.

    For what is the same for every reader with these arguments; behind the wall of PostgreSQL whoever sees less than all
    is given nothing that was read for somebody else. Inside of a transaction nothing is kept and nothing kept is used.
    What it gives is not to be changed.
    """

    @wraps(function)
    def reader(*args: P.args, **kwargs: P.kwargs) -> T:
        node = nobody_or_here()
        if node is None or node.directory is None or connections[node.database].in_atomic_block:
            return function(*args, **kwargs)
        key = (node.directory, node.database, function, args, tuple(sorted(kwargs.items())), wall.whose())
        held = _current(key, node.directory)
        if held is None:
            # Whoever asks for the same meanwhile waits for it, instead of doing the same work beside.
            with _making.setdefault(key, Lock()):
                held = _current(key, node.directory) or _made(key, node.directory, lambda: function(*args, **kwargs))
        outer = _reading.get()
        if outer is not None:
            outer |= held.tables
        return cast(T, held.given)

    return reader


def forget() -> None:
    """Keep nothing any more: what is asked for is read again."""
    _kept.clear()
    _making.clear()
