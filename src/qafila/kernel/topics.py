"""What of a node's data has changed, told from process to process: by topic, and never what.

A topic is a word: the name of a table, or something narrower that a writer names. Each has a place in one small file
of the node's directory; whoever commits a change puts a new random number there. Who remembers the numbers of the
topics of which a page was made can say whether it is out of date, without asking the database. Two topics may share a
place: then somebody looks once too often. There are many places, because a list is made of some thirty topics: with
few of them, what is written all the time (drafts, sessions) wakes lists that it does not concern.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from zlib import crc32

FILE = "topics"
PLACES, WIDE = 65_536, 8
NODE = "node"
"""The topic of what is no table: the node is ordered to close, its disk is full."""
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
    return b"".join([os.pread(number, WIDE, where * WIDE) for where in places])


def at(numbers: bytes, places: Iterable[int]) -> bytes:
    """Of the numbers of all topics those at some places."""
    return b"".join(numbers[where * WIDE : (where + 1) * WIDE] for where in places)


def mark(numbers: bytes, places: Iterable[int]) -> str:
    """One short word for the numbers at some places: another one as soon as one of them is."""
    return hashlib.blake2b(at(numbers, places), digest_size=8).hexdigest()
