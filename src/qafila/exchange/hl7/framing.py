"""The frames of MLLP (HL7 v2 Implementation Guide, appendix B; release 1): VT, the message, FS, CR.

Bytes in, whole messages out; no input or output of its own, memory bounded by the limit whatever comes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

START, END, RETURN = 0x0B, 0x1C, 0x0D
MARKS = re.compile(rb"[\x0b\x1c]")
MOST_NOISE = 1024
"""Bytes between messages that belong to none: beyond it the sender speaks something else."""
HEAD = 512
"""Bytes of a message that is too long that are kept: enough to name it in the refusal."""
MOST_SKIPPED = 64_000_000
"""Bytes of it that are read away, so that its sender can read the refusal; beyond it the connection is closed."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A message."""

    data: bytes


@dataclass(frozen=True, slots=True)
class TooLong:
    """A message beyond the limit; the rest of it is read away."""

    head: bytes


class NotMllp(Exception):
    """What comes is no MLLP: the connection is closed."""


class Frames:
    """Cuts what comes in into messages. After `NotMllp` nothing more is taken."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._held = bytearray()
        self._inside = False
        self._noise = 0
        self._skipped = 0

    @property
    def inside(self) -> bool:
        """A message has begun and not ended."""
        return self._inside or bool(self._skipped)

    def feed(self, data: bytes) -> list[Whole | TooLong]:
        """The messages that these bytes complete. Raises `NotMllp`.

        A start inside of a message begins anew: the fragment before it was never whole, so its sender still has it.
        """
        found: list[Whole | TooLong] = []
        for part, mark in _pieces(data):
            self._take(part)
            if self._inside and len(self._held) > self.limit:
                found.append(TooLong(bytes(self._held[:HEAD])))
                self._held.clear()
                self._inside, self._skipped = False, 1
            if mark == START:
                self._inside = True
                self._held.clear()
                self._noise = self._skipped = 0
            elif mark == END and self._skipped:
                self._skipped = 0
            elif mark == END and self._inside:
                found.append(Whole(bytes(self._held)))
                self._held.clear()
                self._inside = False
        return found

    def _take(self, part: bytes) -> None:
        if self._inside:
            self._held += part
            return
        if self._skipped:
            self._skipped += len(part)
            if self._skipped > MOST_SKIPPED:
                raise NotMllp
            return
        # The CR after a message, and line ends that some senders add.
        self._noise += len(part.strip(b"\r\n"))
        if self._noise > MOST_NOISE:
            raise NotMllp


def _pieces(data: bytes) -> list[tuple[bytes, int]]:
    found, begin = [], 0
    for mark in MARKS.finditer(data):
        found.append((data[begin : mark.start()], data[mark.start()]))
        begin = mark.end()
    found.append((data[begin:], 0))
    return found


def framed(message: bytes) -> bytes:
    """A message in its frame."""
    return bytes((START,)) + message + bytes((END, RETURN))
