"""What the unit's side of a conversation asks of its node: records, cursors and files behind one seam.

`store.JournalStore` keeps them in the node's database; the simulation keeps them in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from qafila.journal.ingest import Parcel
from qafila.journal.ranges import Ranges
from qafila.sync.messages import File, Found, Given, Lookup


class Store(Protocol):
    """What the session asks of the node it speaks for."""

    def ack_no(self) -> int:
        """The number of the last acknowledgement of mail that the hub confirmed."""

    def held(self) -> dict[int, Ranges]:
        """Run → ranges of own records that are taken to be on the hub."""

    def own(self) -> dict[int, Ranges]:
        """Run → ranges of all own records."""

    def pending(self, lanes: range, limit: int, skip: set[int]) -> list[tuple[int, Parcel]]:
        """The next records to send, at most `limit` bytes of them."""

    def confirm(self, numbers: Sequence[int], aside: Sequence[int]) -> None:
        """The hub has these for good; those in `aside` in quarantine."""

    def reconcile(self, ranges: dict[int, Ranges]) -> None:
        """Of these runs the hub holds just these ranges: what it lacks waits for sending again."""

    def take(self, parcels: list[Parcel]) -> None:
        """Take in records of the hub, durably."""

    def set_ack_no(self, number: int) -> None:
        """Keep the number of the last confirmed acknowledgement."""

    def files(self, skip: set[str]) -> list[File]:
        """The next files that the hub has not confirmed, best first."""

    def chunk(self, name: str, index: int) -> bytes | None:
        """One chunk of an own file; None where it cannot be read any more."""

    def progress(self, name: str, confirmed: int, chunks: int) -> None:
        """So much of an own file is on the hub; all of it when the numbers are equal."""

    def wanted(self, skip: set[str], asked: set[tuple[str, int]]) -> tuple[str, int] | None:
        """The next file and chunk to ask the hub for, none of the files in `skip` and chunks in `asked`."""

    def keep(self, given: Given) -> bool:
        """Keep a chunk of a file of the hub; False where the file turned out wrong and has to wait."""

    def lookup(self) -> Lookup | None:
        """A question about somebody who stands before the crew, asked not long ago and not answered."""

    def looked_up(self, asked: Lookup, found: Found) -> None:
        """Keep the hub's answer."""
