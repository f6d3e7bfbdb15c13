"""The hub's journal, mailboxes and files, as the hub's side of a conversation asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from qafila.journal import blobs, tables
from qafila.journal.here import here
from qafila.journal.ingest import Parcel
from qafila.journal.models import Run
from qafila.journal.ranges import Ranges, loads
from qafila.kernel import clock
from qafila.sync import anchors, lookup, mailbox, parts, restored
from qafila.sync.frames import FrameError
from qafila.sync.hub import Have, Sums
from qafila.sync.messages import File, Found, Given, Lookup
from qafila.sync.models import Peer, Scope
from qafila.sync.signals import arrived

SEEN = timedelta(seconds=20)
_ROW = ("code", "revoked", "last_contact", "offset_ms", "version", "ack_no", "life", "stands")
"""What is read of the sender's row with each request; the rest when it is asked for."""


class Desk:
    """What the node at hand keeps for one of the nodes that call it."""

    def __init__(self, sender: str, version: int = 0) -> None:
        """`version`: of the conversation with it."""
        self.sender, self.version = sender, version
        self._peer: Peer | None = None

    @property
    def peer(self) -> Peer:
        """The sender's row, as last read."""
        if self._peer is None:
            self._peer = self._read()
        return self._peer

    def _read(self, *, locked: Sequence[str] = ()) -> Peer:
        rows = tables.among(Peer, "code", [self.sender], _ROW, here().database, locked=locked)
        if not rows:
            raise FrameError("unknown_sender")
        return Peer.from_db(here().database, _ROW, rows[0])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One transaction with the sender's row locked; revoked in this very moment counts."""
        with transaction.atomic(using=here().database):
            self._peer = self._read(locked=("code",))
            if self._peer.revoked:
                raise FrameError("revoked")
            yield

    def ack_no(self) -> int:
        """The number of the last acknowledgement."""
        return self.peer.ack_no

    def acknowledge(self, numbers: Sequence[int]) -> None:
        """The sender has this mail for good."""
        mailbox.acknowledge(self.peer, numbers)

    def forget_acks(self, after: int) -> None:
        """Mail acknowledged after that number waits again."""
        mailbox.forget_acks(self.sender, after)

    def life(self) -> int:
        """The number of this hub's life."""
        return restored.life()

    def backups(self, life: int) -> tuple[int, int]:
        """How many were begun; the last one that stands, or that a node of another life shares."""
        return restored.backups(life)

    def compare(self, have: Have, sums: Sums) -> tuple[Have, Sums]:
        """What of it a restore has cost this hub, and totals of what it has of the runs in question; mail counts as
        acknowledged where the sender has the record."""
        return restored.compare(self.peer, have, sums)

    def sums(self) -> dict[int, int]:
        """Run → the total of the sender's own records."""
        return dict(self._runs("run", "sum"))

    def held(self) -> dict[int, Ranges]:
        """Run → ranges of the sender's own records."""
        return {run: loads(ranges) for run, ranges in self._runs("run", "ranges")}

    def _runs(self, *names: str) -> list[tuple[Any, ...]]:
        return tables.among(Run, "node", [self.sender], names, here().database)

    def recent(self, count: int) -> list[int]:
        """The sender's runs that came to be known last."""
        rows = Run._base_manager.filter(node=self.sender).order_by("-opened", "-run")
        return list(rows.values_list("run", flat=True)[:count])

    def take(self, parcels: list[Parcel]) -> tuple[list[int], int]:
        """Take in the sender's records."""
        outcome = restored.take(parcels, self.sender)
        return outcome.aside, outcome.alarms

    def return_own(self, run: int, first: int, last: int) -> None:
        """Mail the sender its own records of that range."""
        mailbox.return_own(self.sender, Q(run=run, seq__gte=first, seq__lte=last))

    def waiting(self) -> int:
        """How much mail waits, counted up to a thousand."""
        return mailbox.waiting(self.sender)

    def fetch(self, limit: int) -> tuple[list[int], list[Parcel]]:
        """The next mail."""
        return mailbox.fetch(self.sender, limit)

    def quiet(self) -> bool:
        """Whether no contact was noted in the last seconds."""
        return self.peer.last_contact is None or self.peer.last_contact < clock.now() - SEEN

    def seen(self, time_ms: int | None, waits: Sequence[int] = ()) -> None:
        """Note a contact, how far the sender's clock is ahead, and what it says waits there."""
        self.peer.last_contact = clock.now()
        if time_ms is not None:
            self.peer.offset_ms = time_ms - clock.now_ms()
        self.peer.version = self.version or self.peer.version
        changed = ["last_contact", "offset_ms", "version"]
        if waits:
            self.peer.waits = list(waits)
            changed.append("waits")
            # Said at the beginning of a conversation and when all of it was said: not with every frame.
            anchors.note(self.sender)
        self.peer.save(update_fields=changed)

    def expect(self, file: File) -> bytes | None:
        """Bitmap of the chunks that are not here."""
        lane = min(max(file.lane, 0), 5)
        try:
            row = blobs.expect(file.sha256, max(file.size, 0), file.media, _person(file.patient), lane)
            return blobs.pack(blobs.missing(row.sha256), row.size)
        except (blobs.BadChunk, blobs.Absent):
            return None

    def put(self, name: str, index: int, data: bytes) -> tuple[bool, bool]:
        """Keep a chunk: (the file is whole, it has to start anew)."""
        try:
            already = blobs.have(name)
            whole = blobs.put_chunk(name, index, data)
            row = blobs.expect(name)
            again = not whole and len(blobs.missing(name)) == blobs.count(row.size)
        except (blobs.BadChunk, blobs.Absent):
            return False, True
        if whole and not already:
            arrived.send(sender=Peer, sha256=name, patient=row.patient)
        return whole, again

    def give(self, name: str, index: int) -> Given:
        """A chunk of a file whose person the sender holds."""
        try:
            data = blobs.chunk(name, index)
        except (blobs.Absent, blobs.Damaged):
            return Given(name, index, -1)
        row = blobs.expect(name)
        if row.patient is not None and not Scope.objects.filter(person=row.patient, node=self.sender).exists():
            return Given(name, index, -1)
        return Given(name, index, row.size, row.media, data)

    def part(self, mark: bytes) -> int:
        """Bytes that are here of the beginning of an interrupted frame."""
        return parts.size(mark)

    def look_up(self, said: Lookup) -> Found:
        """Whom the sender's crew means."""
        return lookup.answer(self.sender, said)


def _person(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
