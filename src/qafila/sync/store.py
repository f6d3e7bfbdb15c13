"""The unit's journal, files and cursors, as a session asks for them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from django.db import transaction
from django.db.models import Count, Sum

from qafila.journal import blobs, lives
from qafila.journal.here import here
from qafila.journal.ingest import Parcel, parcels_of
from qafila.journal.models import Blob, Lane, Record, Run
from qafila.journal.ranges import Ranges, loads, subtract, total, without
from qafila.kernel import clock
from qafila.sync import budget, erasing, forgetting, intake, keeping, lookup, machine
from qafila.sync.codec import MAX_PARCELS
from qafila.sync.messages import File, Found, Given, Lookup
from qafila.sync.models import Aside, Fork, Peer, StickMail, Upload
from qafila.sync.node_store import Seen
from qafila.sync.signals import arrived

NOTED = 1000
"""As many of them as one question acknowledges."""
log = logging.getLogger("qafila.sync")


class JournalStore:
    """What the node at hand has for its hub."""

    def __init__(self, hub: str) -> None:
        self.hub = hub

    def ack_no(self) -> int:
        """The number of the last acknowledgement that the hub confirmed."""
        return Peer.objects.get(code=self.hub).ack_no

    def life(self) -> int:
        """The hub's life that this node has come to terms with."""
        return Peer.objects.get(code=self.hub).life

    def held(self) -> dict[int, Ranges]:
        """Run → ranges of own records taken to be on the hub."""
        elsewhere: dict[int, list[int]] = {}
        for run, seq, _ in self._elsewhere():
            elsewhere.setdefault(run, []).append(seq)
        return {run: without(ranges, elsewhere.get(run, ())) for run, ranges in self.own().items()}

    def sums(self, held: dict[int, Ranges]) -> dict[int, int]:
        """Run → the total of the records that the hub holds under these numbers."""
        found = dict(Run._base_manager.filter(node=here().node).values_list("run", "sum"))
        for run, _, hash_ in self._elsewhere():
            found[run] = total([hash_], found.get(run, 0))
        forks = dict(Fork.objects.values_list("run", "other"))
        return {run: found.get(run, 0) ^ forks.get(run, 0) for run in held}

    def _elsewhere(self) -> Iterator[tuple[int, int, bytes]]:
        """Run, number and hash of own records that are not in the hub's journal."""
        own = Record._base_manager.filter(node=here().node)
        for run, seq, hash_ in own.filter(pending=True).values_list("run", "seq", "hash"):
            yield run, seq, bytes(hash_)
        aside = list(Aside.objects.filter(there=False).values_list("run", "seq"))
        for run in {run for run, _ in aside}:
            numbers = [seq for r, seq in aside if r == run]
            rows = own.filter(run=run, seq__in=numbers, pending=False)
            for seq, hash_ in rows.values_list("seq", "hash"):
                yield run, seq, bytes(hash_)

    def have(self) -> tuple[dict[str, dict[str, Ranges]], dict[str, dict[str, int]]]:
        """Node → run → ranges of the records of others that are here with their fields, and → their total."""
        found: dict[str, dict[str, Ranges]] = {}
        sums: dict[str, dict[str, int]] = {}
        rows = Run._base_manager.exclude(node=here().node).values_list("node", "run", "ranges", "sum")
        for node, run, ranges, number in rows:
            found.setdefault(node, {})[f"{run:x}"] = loads(ranges)
            sums.setdefault(node, {})[f"{run:x}"] = number
        for (node, run), taken_away in self._emptied().items():
            name = f"{run:x}"
            found[node][name] = without(found[node][name], list(taken_away))
            sums[node][name] = total(taken_away.values(), sums[node][name])
        return found, sums

    def total(self, node: str, run: int, ranges: Ranges) -> int:
        """The total of these records."""
        return keeping.total_of(node, run, ranges)

    def _emptied(self) -> dict[tuple[str, int], dict[int, bytes]]:
        """(Node, run) → number → hash of records of others of which the header alone is left: nobody gets them from
        here."""
        gone: dict[tuple[str, int], dict[int, bytes]] = {}
        rows = Record._base_manager.exclude(node=here().node).filter(fields=None)
        for node, run, seq, hash_ in rows.values_list("node", "run", "seq", "hash"):
            gone.setdefault((node, run), {})[seq] = bytes(hash_)
        return gone

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
            rows = Record._base_manager.filter(pk__in=list(numbers), pending=True)
            if aside:
                keys = rows.filter(pk__in=list(aside), node=here().node).values_list("run", "seq")
                Aside.objects.bulk_create([Aside(run=r, seq=q) for r, q in keys], ignore_conflicts=True)
            rows.update(pending=False)
        forgetting.try_to_settle()

    def reconcile(self, ranges: dict[int, Ranges], sums: dict[int, int]) -> None:
        """Of these runs the hub holds just these ranges: what it lacks waits for sending again."""
        lost = 0
        own = self.own()
        with transaction.atomic(using=here().database):
            believed = self.held()
            for run in ranges.keys() & own.keys():
                mine = Record._base_manager.filter(node=here().node, run=run)
                for first, last in subtract(believed[run], ranges[run]):
                    Aside.objects.filter(run=run, seq__gte=first, seq__lte=last).delete()
                    lost += mine.filter(seq__gte=first, seq__lte=last).update(pending=True)
                # What is not here cannot be compared; it comes back, and then it can.
                if not subtract(ranges[run], own[run]):
                    keeping.agree(run, ranges[run], sums.get(run, 0))
            if lost:
                # A hub that lost records may have lost what it had set aside, and files, as well.
                keeping.offer_again(0)
        if lost:
            log.warning("the hub lacks %d records that it had confirmed: they are sent again", lost)

    def seen(self) -> Seen:
        """What is here now."""
        return keeping.seen()

    def note_backups(self, seen: Seen, begun: int, stands: int) -> None:
        """The hub had all that was `seen` but not waiting, before backup `begun` + 1; backup `stands` is safe."""
        keeping.note_backups(self.hub, seen, begun, stands)
        forgetting.try_to_settle()

    def begin_life(self, life: int, stands: int, ack_no: int, wanted: dict[str, dict[int, Ranges]]) -> None:
        """The hub was restored, and the two have compared what they have."""
        keeping.begin_life(self.hub, life, stands, ack_no, wanted)

    def seal_runs(self) -> None:
        """Whoever writes here opens a new run."""
        lives.seal(here())

    def noted(self) -> list[int]:
        """Mail of this life that came by stick."""
        rows = StickMail.objects.filter(life=self.life()).order_by("number")
        return list(rows.values_list("number", flat=True)[:NOTED])

    def settled(self, numbers: Sequence[int]) -> None:
        """The hub knows that this mail is here."""
        StickMail.objects.filter(pk__in=list(numbers)).delete()

    def take(self, parcels: list[Parcel]) -> None:
        """Take in records of the hub."""
        if intake.take(parcels, self.hub).alarms:
            # Perhaps another machine's records under this node's run.
            self.seal_runs()
        erasing.try_to_settle()
        forgetting.try_to_settle()

    def set_ack_no(self, number: int) -> None:
        """Keep the number of the last confirmed acknowledgement."""
        Peer.objects.filter(code=self.hub).exclude(ack_no=number).update(ack_no=number)

    def held_back(self) -> frozenset[int]:
        """Lanes that wait for tomorrow's bytes or for the parked vehicle."""
        return budget.held_back()

    def waits(self) -> list[int]:
        """What has not left: [records, files, bytes of files], and `machine.Machine.numbers`; cheap, for it is said
        often."""
        files = Blob._base_manager.filter(sent=False, complete=True).aggregate(n=Count("pk"), size=Sum("size"))
        left = [Record._base_manager.filter(pending=True).count(), files["n"] or 0, files["size"] or 0]
        return left + machine.read(here().directory).numbers

    def files(self, skip: set[str]) -> list[File]:
        """The next files that the hub has not confirmed: lane by lane, the small ones (previews) first."""
        rows = Blob._base_manager.filter(sent=False, complete=True).exclude(pk__in=skip)
        rows = rows.exclude(lane__in=self.held_back())
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
        held = self.held_back()
        # A new program is large and can wait as long as series and video do.
        held = held | {Lane.LOG} if Lane.BULK in held else held
        rows = Blob._base_manager.filter(sent=True, complete=False).exclude(pk__in=skip).exclude(lane__in=held)
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
                self.progress(given.sha256, 0, 0)
                return True
            whole = blobs.put_chunk(given.sha256, given.index, given.data)
            left = blobs.missing(given.sha256)
        except (blobs.BadChunk, blobs.Absent):
            return False
        if whole:
            self.progress(given.sha256, blobs.count(given.size), blobs.count(given.size))
            arrived.send(sender=Peer, sha256=given.sha256, patient=row.patient)
        return whole or len(left) < blobs.count(given.size)

    def lookup(self) -> Lookup | None:
        """A question about somebody who stands before the crew."""
        return lookup.waiting()

    def looked_up(self, asked: Lookup, found: Found) -> None:
        """Keep the hub's answer."""
        lookup.take(asked, found)
