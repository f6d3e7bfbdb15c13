"""The unit's journal, files and cursors, as a session asks for them."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.db import transaction
from django.db.models import F

from qafila.journal import blobs
from qafila.journal.here import here
from qafila.journal.ingest import Parcel, parcels_of
from qafila.journal.models import Blob, Record, Run
from qafila.journal.ranges import loads, missing
from qafila.kernel import clock
from qafila.sync import intake
from qafila.sync.codec import MAX_PARCELS
from qafila.sync.messages import File, Given
from qafila.sync.models import Peer, Upload
from qafila.sync.signals import arrived

log = logging.getLogger("qafila.sync")


class JournalStore:
    """What the node at hand has for its hub."""

    def __init__(self, hub: str) -> None:
        self.hub = hub

    def numbers(self) -> tuple[int, int, int]:
        """(last confirmed acknowledgement, own records taken to be on the hub, own records)."""
        peer = Peer.objects.get(code=self.hub)
        pending = Record._base_manager.filter(pending=True).count()
        total = sum(last - first + 1 for _, ranges in self._runs() for first, last in ranges)
        return peer.ack_no, total - pending - peer.quarantined, total

    def pending(self, lanes: range, limit: int, skip: set[int]) -> list[tuple[int, Parcel]]:
        """The next records to send."""
        rows = Record._base_manager.filter(pending=True, lane__gte=lanes.start, lane__lt=lanes.stop)
        found: list[tuple[int, Parcel]] = []
        size = 0
        for record in rows.exclude(pk__in=skip).order_by("lane", "no")[:MAX_PARCELS]:
            parcel = parcels_of([record])[0]
            size += len(parcel.header) + len(parcel.fields or b"") + 16
            if found and size > limit:
                break
            found.append((record.no, parcel))
        return found

    def confirm(self, numbers: Sequence[int], aside: Sequence[int]) -> None:
        """The hub has these for good."""
        if not numbers:
            return
        with transaction.atomic(using=here().database):
            own = Record._base_manager.filter(pk__in=list(numbers), pending=True)
            fresh = own.filter(pk__in=list(aside)).count() if aside else 0
            own.update(pending=False)
            if fresh:
                Peer.objects.filter(code=self.hub).update(quarantined=F("quarantined") + fresh)

    def own_ranges(self) -> dict[str, list[list[int]]]:
        """Run → ranges of own records."""
        return {f"{run:x}": ranges for run, ranges in self._runs()}

    def reconcile(self, ranges: dict[str, list[list[int]]], held: int) -> None:
        """Own records that are not in the hub's ranges wait for sending again; those that are do not."""
        records = Record._base_manager.filter(node=here().node)
        lost = 0
        with transaction.atomic(using=here().database):
            for run, own in self._runs():
                theirs = ranges.get(f"{run:x}", [])
                mine = records.filter(run=run)
                for first, last in theirs:
                    mine.filter(pending=True, seq__gte=first, seq__lte=last).update(pending=False)
                for first, last in missing(theirs, own[-1][1] if own else 0):
                    lost += mine.filter(pending=False, seq__gte=first, seq__lte=last).update(pending=True)
            # What was set aside there is not in its ranges: it is sent again and counted again.
            Peer.objects.filter(code=self.hub).update(quarantined=0)
            if lost:
                Blob._base_manager.filter(complete=True).update(sent=False)
        if lost:
            log.warning("the hub lacks %d records that it had confirmed: they are sent again", lost)

    def take(self, parcels: list[Parcel]) -> None:
        """Take in records of the hub."""
        intake.take(parcels, self.hub)

    def set_ack_no(self, number: int) -> None:
        """Keep the number of the last confirmed acknowledgement."""
        Peer.objects.filter(code=self.hub).exclude(ack_no=number).update(ack_no=number)

    def files(self, skip: set[str]) -> list[File]:
        """The next files that the hub has not confirmed: lane by lane, the small ones (previews) first."""
        rows = Blob._base_manager.filter(sent=False, complete=True).exclude(pk__in=skip)
        return [
            File(b.sha256, b.size, b.media, b.lane, b.patient.hex if b.patient else "")
            for b in rows.order_by("lane", "size", "sha256")[:20]
        ]

    def chunk(self, name: str, index: int) -> bytes | None:
        """One chunk of an own file."""
        try:
            return blobs.chunk(name, index)
        except (blobs.Absent, blobs.Damaged):
            log.error("file %s cannot be read any more and is not sent", name)
            return None

    def progress(self, name: str, confirmed: int, chunks: int) -> None:
        """So much of an own file is on the hub."""
        values = {"confirmed": confirmed, "chunks": chunks, "at": clock.now()}
        Upload.objects.update_or_create(sha256=name, defaults=values)
        if confirmed == chunks:
            Blob._base_manager.filter(sha256=name).update(sent=True)

    def wanted(self, skip: set[str]) -> tuple[str, int] | None:
        """The next file and chunk to ask for: previews first."""
        if here().directory is None:
            return None
        rows = Blob._base_manager.filter(sent=True, complete=False).exclude(pk__in=skip)
        row = rows.order_by("lane", "size", "sha256").first()
        if row is None:
            return None
        if row.size == blobs.UNKNOWN_SIZE:
            return row.sha256, 0
        todo = blobs.missing(row.sha256)
        return row.sha256, todo[0] if todo else 0

    def keep(self, given: Given) -> bool:
        """Keep a chunk of a file of the hub."""
        try:
            row = blobs.expect(given.sha256, given.size, given.media, sent=True)
            if given.size == 0:
                blobs.put(b"", given.media)
                return True
            whole = blobs.put_chunk(given.sha256, given.index, given.data)
            left = blobs.missing(given.sha256)
        except (blobs.BadChunk, blobs.Absent):
            return False
        if whole:
            arrived.send(sender=Peer, sha256=given.sha256, patient=row.patient)
        return whole or len(left) < blobs.count(given.size)

    def _runs(self) -> list[tuple[int, list[list[int]]]]:
        rows = Run._base_manager.filter(node=here().node).values_list("run", "ranges")
        return [(run, loads(ranges)) for run, ranges in rows]
