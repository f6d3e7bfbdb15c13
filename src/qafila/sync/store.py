"""The unit's journal, files and cursors, as a session asks for them."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.db import transaction

from qafila.journal import blobs
from qafila.journal.here import here
from qafila.journal.ingest import Parcel, parcels_of
from qafila.journal.models import Blob, Record, Run
from qafila.journal.ranges import Ranges, loads, subtract, without
from qafila.kernel import clock
from qafila.sync import forgetting, intake, lookup
from qafila.sync.codec import MAX_PARCELS
from qafila.sync.messages import File, Found, Given, Lookup
from qafila.sync.models import Aside, Peer, Upload
from qafila.sync.signals import arrived

log = logging.getLogger("qafila.sync")


class JournalStore:
    """What the node at hand has for its hub."""

    def __init__(self, hub: str) -> None:
        self.hub = hub

    def ack_no(self) -> int:
        """The number of the last acknowledgement that the hub confirmed."""
        return Peer.objects.get(code=self.hub).ack_no

    def held(self) -> dict[int, Ranges]:
        """Run → ranges of own records taken to be on the hub."""
        elsewhere: dict[int, list[int]] = {}
        for rows in (Record._base_manager.filter(pending=True), Aside.objects.all()):
            for run, seq in rows.values_list("run", "seq"):
                elsewhere.setdefault(run, []).append(seq)
        return {run: without(ranges, elsewhere.get(run, ())) for run, ranges in self.own().items()}

    def own(self) -> dict[int, Ranges]:
        """Run → ranges of own records."""
        rows = Run._base_manager.filter(node=here().node).values_list("run", "ranges")
        return {run: loads(ranges) for run, ranges in rows}

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
            if aside:
                keys = own.filter(pk__in=list(aside)).values_list("run", "seq")
                Aside.objects.bulk_create([Aside(run=r, seq=q) for r, q in keys], ignore_conflicts=True)
            own.update(pending=False)
        forgetting.try_to_settle()

    def reconcile(self, ranges: dict[int, Ranges]) -> None:
        """Of these runs the hub holds just these ranges: what it lacks waits for sending again."""
        lost = 0
        own = self.own()
        with transaction.atomic(using=here().database):
            believed = self.held()
            for run in ranges.keys() & own.keys():
                mine = Record._base_manager.filter(node=here().node, run=run)
                for first, last in ranges[run]:
                    mine.filter(pending=True, seq__gte=first, seq__lte=last).update(pending=False)
                    Aside.objects.filter(run=run, seq__gte=first, seq__lte=last).delete()
                for first, last in subtract(believed[run], ranges[run]):
                    lost += mine.filter(seq__gte=first, seq__lte=last).update(pending=True)
            if lost:
                # A hub that lost records may have lost what it had set aside, and files, as well.
                for run, seq in Aside.objects.values_list("run", "seq"):
                    Record._base_manager.filter(node=here().node, run=run, seq=seq).update(pending=True)
                Aside.objects.all().delete()
                Blob._base_manager.filter(complete=True).update(sent=False)
        if lost:
            log.warning("the hub lacks %d records that it had confirmed: they are sent again", lost)

    def take(self, parcels: list[Parcel]) -> None:
        """Take in records of the hub."""
        intake.take(parcels, self.hub)
        forgetting.try_to_settle()

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
            forgetting.try_to_settle()

    def wanted(self, skip: set[str], asked: set[tuple[str, int]]) -> tuple[str, int] | None:
        """The next file and chunk to ask for: previews first."""
        if here().directory is None:
            return None
        rows = Blob._base_manager.filter(sent=True, complete=False).exclude(pk__in=skip)
        for row in rows.order_by("lane", "size", "sha256")[: len(asked) + 1]:
            todo = [0] if row.size == blobs.UNKNOWN_SIZE else blobs.missing(row.sha256) or [0]
            for index in todo:
                if (row.sha256, index) not in asked:
                    return row.sha256, index
        return None

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

    def lookup(self) -> Lookup | None:
        """A question about somebody who stands before the crew."""
        return lookup.waiting()

    def looked_up(self, asked: Lookup, found: Found) -> None:
        """Keep the hub's answer."""
        lookup.take(asked, found)
