"""What of the node's data has changed, told from process to process: by topic, and never what.

A topic is a word: the name of a table, or something narrower that a writer names (`patient:…`). Each has a place in one
small file of the node's directory; whoever commits a change puts a new random number there. A page that remembers the
numbers of the topics it was made of can be told apart from one that is out of date without asking the database. Two
topics may share a place: then somebody looks once too often.

`until_changed` keeps what was read in this process as long as nothing of its tables has changed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast
from zlib import crc32

from django.db import connections

from qafila.journal.here import nobody_or_here
from qafila.kernel import clock

P = ParamSpec("P")
T = TypeVar("T")
FILE = "topics"
PLACES, WIDE = 4096, 8
AGE_S = 5.0
"""What a process keeps it reads again after this long in any case: the word does not come from another machine."""
MOST_KEPT = 512
MOST_OPEN = 16
_lock = threading.Lock()
_open: dict[Path, int] = {}


@lru_cache(maxsize=8192)
def place(topic: str) -> int:
    """Where a topic's number stands."""
    return crc32(topic.encode()) % PLACES


def _descriptor(directory: Path) -> int:
    found = _open.get(directory)
    if found is not None:
        return found
    with _lock:
        if directory not in _open:
            if len(_open) >= MOST_OPEN:
                os.close(_open.pop(next(iter(_open))))
            number = os.open(directory / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            # The room is taken now: on a full disk a number has to find its place all the same.
            os.posix_fallocate(number, 0, PLACES * WIDE)
            _open[directory] = number
        return _open[directory]


def touch(directory: Path, topics: Iterable[str]) -> None:
    """Say that something of these topics has changed. To be called after the commit."""
    try:
        number = _descriptor(directory)
    except FileNotFoundError:  # the node is gone: nobody is left to be told
        return
    for where in {place(topic) for topic in topics}:
        os.pwrite(number, os.urandom(WIDE), where * WIDE)


def every(directory: Path) -> bytes:
    """The numbers of all topics as they stand."""
    return os.pread(_descriptor(directory), PLACES * WIDE, 0)


def numbers(directory: Path, places: Iterable[int]) -> bytes:
    """The numbers at some places as they stand."""
    number = _descriptor(directory)
    return b"".join(os.pread(number, WIDE, where * WIDE) for where in places)


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


_kept: dict[Any, tuple[bytes, float, Any]] = {}


def until_changed(*tables: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Keep what a reading function with hashable arguments gives as long as nothing in these tables is written.

    For what is the same for every reader: no patient's row, nothing that depends on the hour. Inside of a transaction
    nothing is kept and nothing kept is used. What it gives is not to be changed.
    """
    places = tuple(sorted({place(table) for table in tables}))

    def wrap(function: Callable[P, T]) -> Callable[P, T]:
        @wraps(function)
        def reading(*args: P.args, **kwargs: P.kwargs) -> T:
            node = nobody_or_here()
            if node is None or node.directory is None or connections[node.database].in_atomic_block:
                return function(*args, **kwargs)
            key = (node.directory, node.database, function, args, tuple(sorted(kwargs.items())))
            try:
                seen = numbers(node.directory, places)
            except OSError:
                return function(*args, **kwargs)
            held, now = _kept.get(key), clock.monotonic()
            if held is not None and held[0] == seen and now - held[1] < AGE_S:
                return cast(T, held[2])
            found = function(*args, **kwargs)
            if len(_kept) >= MOST_KEPT:
                _kept.clear()
            _kept[key] = seen, now, found
            return found

        reading.tables = tables  # type: ignore[attr-defined]
        return reading

    return wrap
