"""Who is let in now, and when the others shall come back: a whole country's units call in the same second when a
backbone comes back, and each attempt costs a handshake.

Whoever is sent away gets a place in a line that moves as fast as requests have been answered of late, and is told when
his turn comes; so nobody has to try twice, and nobody knocks in vain meanwhile.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

PATIENCE_S = 1.5
"""So long a request may wait here: a unit takes four seconds without an answer for a dead link."""
SOONEST_S, LATEST_S = 2, 240
FIRST_RATE = 20.0
"""Requests a second, until it is known."""
HASTE = 1.15
"""The line is told to move a little faster than it does: some of those who are in it will not come."""
_LOOKED_AT = 100


class Admission:
    """The door of one process. `now`: a clock that never goes back, in seconds. Not thread-safe."""

    def __init__(self, now: Callable[[], float], threads: int) -> None:
        self._now, self._threads = now, threads
        self._inside = 0
        self._left: deque[float] = deque(maxlen=_LOOKED_AT)
        self._turn = 0.0
        self._known = FIRST_RATE

    @property
    def rate(self) -> float:
        """Requests a second that were answered of late, with all threads busy."""
        if len(self._left) >= self._threads * 2:
            self._known = (len(self._left) - 1) / max(self._left[-1] - self._left[0], 0.001)
        return self._known

    def enter(self, *, begins: bool, pressing: bool = False) -> int:
        """0: come in, and `leave` then. Else so many seconds to wait. Whoever is in the middle of a conversation, which
        would have to begin anew, is sent away later than who `begins` one; who brings an urgent case, last of all."""
        room = max(self._threads * 2, self.rate * PATIENCE_S) * (3 if pressing else 1 if begins else 2)
        if self._inside < room:
            self._inside += 1
            return 0
        now = self._now()
        turn = max(self._turn, now + SOONEST_S)
        self._turn = min(turn + 1 / (self.rate * HASTE), now + LATEST_S)
        return math.ceil(turn - now)

    def leave(self) -> None:
        """A request was answered."""
        if self._inside > self._threads:
            self._left.append(self._now())
        else:
            # Somebody was waited for: how fast it goes at the most is not seen here.
            self._left.clear()
        self._inside -= 1
