"""A unit's side of a stick: what it gives along for its hub, and what it takes from the hub's bundle.

Own records stay pending until the hub's receipt comes back. Mail that a stick brought is noted (`StickMail`) until the
hub has confirmed its acknowledgement, which leaves with every bundle.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db import transaction

from qafila.journal import blobs, canon, lives
from qafila.journal.here import here
from qafila.journal.ingest import Parcel, parcels_of
from qafila.journal.models import Blob, Record
from qafila.journal.ranges import Ranges
from qafila.sync import codec, intake, keeping
from qafila.sync.bundle import Greeting, Part, Receipt, by_run
from qafila.sync.messages import Chunk, File, Given, Mail, Offer, Push
from qafila.sync.models import Peer, StickMail
from qafila.sync.stick_load import Load, Tally, batches
from qafila.sync.store import JournalStore

MARK = 8
"""Bytes of a record's hash that tell it from another one under the same number."""
MAX_TOLD = 20_000
"""Numbers or names in one greeting; the others follow with the next bundle."""


def load(peer: Peer, load: Load) -> None:
    """Put what waits for the hub into a bundle: records lane by lane, then files, the small ones first."""
    load.add(greeting(peer))
    pending = Record._base_manager.filter(pending=True).order_by("lane", "no").values_list("no", flat=True)
    for records in batches(list(pending)):
        load.records(len(records), lambda: Push(codec.COLUMNS.pack(parcels_of(records))))  # noqa: B023
    files = Blob._base_manager.filter(sent=False, complete=True).order_by("lane", "size", "sha256")
    store = JournalStore(peer.code)
    for row in list(files):
        file = File(row.sha256, row.size, row.media, row.lane, row.patient.hex if row.patient else "")
        load.file(row.size, _parts_of(store, file))


def _parts_of(store: JournalStore, file: File) -> Iterator[Part]:
    yield Offer([file])
    for index in range(-(-file.size // blobs.CHUNK)):
        data = store.chunk(file.sha256, index)
        if data is None:
            return
        yield Chunk(file.sha256, index, data)


def greeting(peer: Peer) -> Greeting:
    """What the hub is told first."""
    store = JournalStore(peer.code)
    unsent = Blob._base_manager.filter(sent=False, complete=True).order_by("lane", "size", "sha256")
    wanted = Blob._base_manager.filter(sent=True, complete=False).order_by("lane", "size", "sha256")
    return Greeting(
        peer.ack_no,
        travelling(store.own()),
        travelling(store.held()),
        [(n, bytes(m)) for n, m in StickMail.objects.order_by("number").values_list("number", "mark")[:MAX_TOLD]],
        list(unsent.values_list("sha256", flat=True)[:MAX_TOLD]),
        list(wanted.values_list("sha256", flat=True)[:MAX_TOLD]) if here().directory else [],
        peer.life,
    )


def travelling(ranges: dict[int, Ranges]) -> dict[str, Ranges]:
    """Ranges as they are sent: runs in hexadecimal, empty ones left away."""
    return {f"{run:x}": r for run, r in ranges.items() if r}


def take(peer: Peer, part: Part, tally: Tally) -> None:
    """Take in one part of the hub's bundle, durably.

    Raises `OperationalError`, `OSError` where this node is at fault.
    """
    if isinstance(part, Receipt):
        with transaction.atomic(using=here().database):
            keeping.heard_by_stick(peer.code, part.life)
            _receipt(peer.code, part, tally)
        tally.life = part.life
    elif isinstance(part, Mail):
        parcels = codec.COLUMNS.unpack(part.parcels)
        with transaction.atomic(using=here().database):
            outcome = intake.take(parcels, peer.code)
            _note(part.numbers, parcels, tally.life)
        if outcome.alarms:
            lives.seal(here())
        tally.took(len(parcels), outcome)
    elif isinstance(part, Given) and part.size >= 0:
        JournalStore(peer.code).keep(part)
        tally.chunks += 1


def _note(numbers: Sequence[int], parcels: Sequence[Parcel], life: int) -> None:
    rows = [
        StickMail(number=number, mark=canon.link(parcel.prev, parcel.header)[:MARK], life=life)
        for number, parcel in zip(numbers, parcels, strict=True)
    ]
    StickMail.objects.bulk_create(rows, update_conflicts=True, unique_fields=["number"], update_fields=["mark", "life"])


def _receipt(hub: str, said: Receipt, tally: Tally) -> None:
    own = Record._base_manager.filter(node=here().node)
    store = JournalStore(hub)
    for run, ranges in by_run(said.held).items():
        if not keeping.same(run, ranges, said.sums.get(f"{run:x}", 0)):
            # Not all of it is here, or it is not the same: the next contact compares more.
            continue
        for first, last in ranges:
            rows = own.filter(run=run, pending=True, seq__gte=first, seq__lte=last)
            tally.confirmed += rows.update(pending=False)
    lost = 0
    for run, ranges in by_run(said.lost).items():
        for first, last in ranges:
            lost += own.filter(run=run, pending=False, seq__gte=first, seq__lte=last).update(pending=True)
    if lost:
        Blob._base_manager.filter(complete=True, stays=False).update(sent=False)
    tally.lost += lost
    for start in range(0, len(said.aside), 500):
        numbers = list(own.filter(pending=True, hash__in=said.aside[start : start + 500]).values_list("no", flat=True))
        store.confirm(numbers, numbers)
        tally.confirmed += len(numbers)
    _settle_mail(hub, said)
    whole = Blob._base_manager.filter(sent=False, complete=True)
    for start in range(0, len(said.files), 500):
        for name, size in whole.filter(sha256__in=said.files[start : start + 500]).values_list("sha256", "size"):
            chunks = -(-size // blobs.CHUNK)
            store.progress(name, chunks, chunks)
            tally.confirmed_files += 1
    tally.answered.add(said.number)


def _settle_mail(hub: str, said: Receipt) -> None:
    """The hub has our acknowledgements. Believed only where this node still has what it acknowledged with them: one
    that was restored from a backup since shows its older number instead, and is sent the mail again."""
    peer = Peer.objects.select_for_update().get(code=hub)
    if said.ack_no < 0 or peer.ack_no != said.base or abs(peer.life) != said.life:
        return
    noted = 0
    for start in range(0, len(said.mail), 500):
        noted += StickMail.objects.filter(number__in=said.mail[start : start + 500]).count()
    if noted != len(set(said.mail)):
        return
    for start in range(0, len(said.mail), 500):
        StickMail.objects.filter(number__in=said.mail[start : start + 500]).delete()
    JournalStore(hub).set_ack_no(said.ack_no)
