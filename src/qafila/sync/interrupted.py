"""Frames that were under way when a unit's connection was lost: they go on where they were cut.

The unit names them in its next greeting, and the hub says how much it has of each (`parts`). One of which it has a
useful part is sent again from there, the very same bytes; the records of all others wait for sending as before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from qafila.sync.asked import Sent
from qafila.sync.frames import mark
from qafila.sync.messages import Push

LEAST_FRAME = 2048
"""Smaller ones are not worth the question."""
USEFUL = 1024
"""So much the hub must have, or the frame is made anew."""
MOST = 8
"""As many as are under way at once."""
TRIES = 4
"""So often a frame goes on without having got any further: then its records leave in another one."""


class Interrupted:
    """Empty (false) most of the time. `least`: bytes of the smallest frame that is kept."""

    def __init__(self, least: int = LEAST_FRAME) -> None:
        self.least, self.useful = least, min(USEFUL, least)
        self._frames: list[Sent] = []
        self._ready: list[Sent] = []

    def __bool__(self) -> bool:
        return bool(self._frames or self._ready)

    def keep(self, under_way: Iterable[Sent]) -> None:
        """The connection is gone, and with it these requests: those that carry records are kept."""
        pushes = [s for s in under_way if isinstance(s.message, Push) and len(s.data) >= self.least]
        self._frames = [*pushes, *self._ready, *self._frames][:MOST]
        self._ready = []

    def marks(self) -> list[bytes]:
        """Under what names the hub is asked for them."""
        return [mark(sent.data) for sent in self._frames]

    def records(self) -> set[int]:
        """Numbers of the records in them: these are not to be sent otherwise."""
        return {n for sent in (*self._frames, *self._ready) for n in sent.records}

    def let_go(self, urgent: set[int]) -> None:
        """These records have become urgent: they are not to wait for a frame to go on."""
        self._frames, self._ready = (
            [sent for sent in frames if urgent.isdisjoint(sent.records)] for frames in (self._frames, self._ready)
        )

    def clear(self) -> None:
        """All records of them wait for sending anew."""
        self._frames, self._ready = [], []

    def told(self, asked: Sequence[bytes], sizes: Sequence[int], version: int) -> None:
        """The hub has so many bytes of the frames that it was asked for. What it has taken whole it has nothing of; one
        that is not written in the `version` spoken now it may not understand any more."""
        known = dict(zip(asked, sizes, strict=False))
        for sent in self._frames:
            size = known.get(mark(sent.data), 0)
            if not self.useful <= size < len(sent.data) or sent.version != version:
                continue
            sent.tries = 0 if size > sent.begun else sent.tries + 1
            if sent.tries < TRIES:
                sent.begun = size
                self._ready.append(sent)
        self._frames = []

    def next(self) -> Sent | None:
        """The next frame that goes on, from its byte `begun`."""
        return self._ready.pop(0) if self._ready else None
