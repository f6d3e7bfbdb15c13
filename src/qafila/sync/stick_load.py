"""What is put on a stick and taken from it, counted; records batch by batch, in their order, within a limit."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from qafila.journal.models import Record
from qafila.sync.bundle import Greeting, Part, Writer
from qafila.sync.codec import MAX_PARCELS
from qafila.sync.frames import FrameError
from qafila.sync.intake import Outcome

FRAME_BYTES = 150_000
"""Of records in one frame, before compression: many, because a stick has no round trips, and well below the limits."""
log = logging.getLogger("qafila.sync")


class Load:
    """A bundle that is being filled. Whatever does not fit any more is counted and left for the next one."""

    def __init__(self, writer: Writer, limit: int, progress: Callable[[int], None]) -> None:
        """`limit`: bytes of the bundle, 0 for none. `progress` is told the bytes written so far."""
        self.writer, self.limit, self.progress = writer, limit, progress
        self.written = self.left = self.files = self.files_left = 0

    def add(self, part: Part) -> None:
        """Put in one part, whatever the limit. Raises `FrameError` where a receiver would not take it."""
        self.writer.add(part)
        self.progress(self.writer.size)

    def records(self, count: int, part: Callable[[], Part]) -> None:
        """Put in a message with so many records."""
        if self._full():
            self.left += count
            return
        try:
            self.add(part())
            self.written += count
        except FrameError:
            # Too large for any frame: it waits, those behind it do not.
            log.error("a record is too large to be sent")
            self.left += count

    def file(self, size: int, parts: Iterable[Part]) -> None:
        """Put in a whole file."""
        if self._full(size):
            self.files_left += 1
            return
        for part in parts:
            self.add(part)
        self.files += 1

    def _full(self, more: int = 0) -> bool:
        return bool(self.limit) and self.writer.size + more >= self.limit


@dataclass
class Tally:
    """What came out of a bundle."""

    records: int = 0
    chunks: int = 0
    aside: int = 0
    alarms: int = 0
    confirmed: int = 0
    """Own records that the hub has confirmed."""
    confirmed_files: int = 0
    lost: int = 0
    """Own records that the hub had confirmed and does not have any more: they are sent again."""
    answered: set[int] = field(default_factory=set)
    """Numbers of own bundles that the hub has taken in."""
    greeting: Greeting | None = None
    life: int = 0
    """Of the hub that wrote the bundle."""

    def took(self, records: int, outcome: Outcome) -> None:
        """Count a message with records."""
        self.records += records
        self.aside += len(outcome.aside)
        self.alarms += outcome.alarms


def batches(numbers: Sequence[int]) -> Iterator[list[Record]]:
    """The records of these numbers, in that order, as many at once as a frame takes."""
    for start in range(0, len(numbers), MAX_PARCELS):
        some = numbers[start : start + MAX_PARCELS]
        found = Record._base_manager.in_bulk(some)
        batch: list[Record] = []
        size = 0
        for record in (found[n] for n in some if n in found):
            length = len(record.header) + len(record.fields or b"") + 64
            if batch and size + length > FRAME_BYTES:
                yield batch
                batch, size = [], 0
            batch.append(record)
            size += length
        if batch:
            yield batch
