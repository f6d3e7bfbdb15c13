"""The one place where time is read, and the hybrid logical clock that orders records across nodes.

A hybrid logical clock value (Kulkarni et al. 2014, "Logical Physical Clocks") is one integer:
48 bits of Unix milliseconds, then 16 bits of a counter. It never runs backwards on a node and is always
later than every value the node has accepted, whatever the vehicle's wall clock says.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

COUNTER_BITS = 16
MAX_COUNTER = (1 << COUNTER_BITS) - 1
MAX_AHEAD_MS = 3_600_000
"""A remote clock further ahead than this does not pull ours along: one wrong year must not poison a fleet."""

_source: ContextVar[Callable[[], float] | None] = ContextVar("qafila_time_source", default=None)


def seconds() -> float:
    """Unix time in seconds, as this node sees it."""
    source = _source.get()
    return time.time() if source is None else source()


def now_ms() -> int:
    """Unix time in milliseconds."""
    return int(seconds() * 1000)


def now() -> datetime:
    """The current instant in UTC, at millisecond resolution (what a record can carry)."""
    return from_ms(now_ms())


def from_ms(ms: int) -> datetime:
    """The UTC instant `ms` milliseconds after the Unix epoch."""
    return datetime.fromtimestamp(ms // 1000, UTC).replace(microsecond=ms % 1000 * 1000)


def monotonic() -> float:
    """Seconds that never run backwards; for durations only."""
    return time.monotonic()


@contextmanager
def reading_from(source: Callable[[], float]) -> Iterator[None]:
    """Let `source` (Unix seconds) be the wall clock inside the block: a simulator, a clock set to last year."""
    token = _source.set(source)
    try:
        yield
    finally:
        _source.reset(token)


class HybridClock:
    """A hybrid logical clock. Thread-safe."""

    def __init__(self, last: int = 0) -> None:
        self.last = last
        self._lock = threading.Lock()

    def tick(self) -> int:
        """A new value, later than all that were given or observed."""
        with self._lock:
            self.last = max(self.last + 1, now_ms() << COUNTER_BITS)
            return self.last

    def observe(self, remote: int) -> bool:
        """Take note of another node's value; False when it is too far in the future to be believed."""
        if remote >> COUNTER_BITS > now_ms() + MAX_AHEAD_MS:
            return False
        with self._lock:
            self.last = max(self.last, remote)
        return True


def hlc_time(hlc: int) -> datetime:
    """The wall-clock part of a hybrid clock value."""
    return from_ms(hlc >> COUNTER_BITS)
