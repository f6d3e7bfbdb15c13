"""What the unit's side of a conversation asks of its node: records, cursors and files behind one seam.

`store.JournalStore` keeps them in the node's database; the simulation keeps them in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from qafila.journal.ingest import Parcel
from qafila.journal.ranges import Ranges
from qafila.sync.messages import File, Found, Given, Lookup


class Seen(NamedTuple):
    """What was here at a moment: when the hub answers a greeting that left then, it has all but what waited."""

    top: int
    """The number of the last record."""
    waiting: Ranges
    """Numbers of those that the hub has not confirmed."""
    files: list[str]
    """Files that it had confirmed, of which no backup is known yet."""


class Store(Protocol):
    """What the session asks of the node it speaks for."""

    def life(self) -> int:
        """The hub's life that this node has come to terms with; 0: none yet."""

    def have(self) -> tuple[dict[str, dict[str, Ranges]], dict[str, dict[str, int]]]:
        """Node → run (hexadecimal) → ranges of all records that other nodes wrote, and → their total."""

    def total(self, node: str, run: int, ranges: Ranges) -> int:
        """The total of the records of a run that are here under these numbers; all of them are."""

    def seen(self) -> Seen:
        """What is here now."""

    def note_backups(self, seen: Seen, begun: int, stands: int) -> None:
        """The hub had all that was `seen` but not waiting, before backup `begun` + 1; backup `stands` is safe."""

    def begin_life(self, life: int, stands: int, ack_no: int, wanted: dict[str, dict[int, Ranges]]) -> None:
        """The hub was restored, and the two have compared what they have. In one transaction: `wanted` is sent to it,
        files and what it had set aside are offered again as far as backup `stands` does not cover them."""

    def seal_runs(self) -> None:
        """Whoever writes here opens a new run: the ones before are not this node's alone."""

    def noted(self) -> list[int]:
        """Mail of this life that came by stick and that the hub does not know to be here."""

    def settled(self, numbers: Sequence[int]) -> None:
        """The hub knows that this mail is here."""

    def ack_no(self) -> int:
        """The number of the last acknowledgement of mail that the hub confirmed."""

    def held(self) -> dict[int, Ranges]:
        """Run → ranges of own records that are taken to be on the hub."""

    def sums(self, held: dict[int, Ranges]) -> dict[int, int]:
        """Run → the total of the records that the hub holds under these numbers, as far as it is known here."""

    def own(self) -> dict[int, Ranges]:
        """Run → ranges of all own records."""

    def pending(self, lanes: range, limit: int, skip: set[int]) -> list[tuple[int, Parcel]]:
        """The next records to send, at most `limit` bytes of them."""

    def confirm(self, numbers: Sequence[int], aside: Sequence[int]) -> None:
        """The hub has these for good; those in `aside` in quarantine."""

    def reconcile(self, ranges: dict[int, Ranges], sums: dict[int, int]) -> None:
        """Of these runs the hub holds just these ranges, with that total: what it lacks waits for sending again, and
        what waits and is there counts as confirmed where all is the same."""

    def take(self, parcels: list[Parcel]) -> None:
        """Take in records of the hub, durably."""

    def set_ack_no(self, number: int) -> None:
        """Keep the number of the last confirmed acknowledgement."""

    def held_back(self) -> frozenset[int]:
        """Lanes above 2 that wait for another day or for the parked vehicle."""

    def waits(self) -> list[int]:
        """What has not left: [records, files, bytes of files], then `machine.Machine.numbers`."""

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
