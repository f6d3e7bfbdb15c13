"""The hub's side of a stick: what it takes from a unit's bundle, and what it gives back for the unit.

Every frame is one transaction and may be repeated. What a unit said first (`Greeting`) is kept in its row, so that the
answer may be written later, by another process, onto any stick.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import msgspec
import orjson
from django.db import transaction
from django.db.models import Q

from qafila.journal import blobs, canon
from qafila.journal.here import here
from qafila.journal.ingest import parcels_of
from qafila.journal.models import Blob, Quarantine, Record
from qafila.journal.ranges import Ranges, missing, subtract, without
from qafila.sync import anchors, codec, mailbox, restored
from qafila.sync.bundle import BundleError, Greeting, Header, Part, Receipt, by_run
from qafila.sync.hub_store import Desk
from qafila.sync.messages import Chunk, Given, Mail, Offer, Push
from qafila.sync.models import Mail as Waiting
from qafila.sync.models import Peer, Scope
from qafila.sync.signals import arrived
from qafila.sync.stick_load import Load, Tally, batches
from qafila.sync.stick_unit import MARK, MAX_TOLD, travelling

REMEMBERED = 200
"""Bundles of a unit that are known again."""


class Heard(msgspec.Struct, array_like=True):
    """What the last bundle of a unit said, and what came of it."""

    number: int
    greeting: Greeting
    latest_ms: int
    """When the newest bundle that was taken in was written, by the unit's clock."""
    known: list[int] = []
    """Numbers of the last bundles, this one at the end."""


_HEARD = msgspec.msgpack.Decoder(Heard)


def heard(peer: Peer) -> Heard | None:
    """What a unit said last by stick; None: nothing yet."""
    if not peer.heard:
        return None
    try:
        return _HEARD.decode(bytes(peer.heard))
    except msgspec.MsgspecError:
        return None


def take(header: Header, part: Part, tally: Tally) -> None:
    """Take in one part of a unit's bundle, durably. Raises `BundleError` (revoked meanwhile), and `OperationalError`,
    `OSError` where this node is at fault."""
    if isinstance(part, Greeting):
        with transaction.atomic(using=here().database):
            _greeting(_peer(header.sender), header, part)
        tally.greeting = part
    elif isinstance(part, Push):
        parcels = codec.COLUMNS.unpack(part.parcels)
        with transaction.atomic(using=here().database):
            _peer(header.sender)
            outcome = restored.take(parcels, header.sender)
        tally.took(len(parcels), outcome)
    elif isinstance(part, Offer):
        for file in part.files:
            try:
                person = UUID(file.patient) if file.patient else None
                blobs.expect(file.sha256, max(file.size, 0), file.media, person, min(max(file.lane, 0), 5))
                if file.size == 0:
                    blobs.put(b"", file.media)
            except (blobs.BadChunk, ValueError):
                continue
    elif isinstance(part, Chunk):
        _chunk(part, tally)


def _peer(code: str) -> Peer:
    peer = Peer.objects.select_for_update().get(code=code)
    if peer.revoked:
        raise BundleError("revoked")
    return peer


def _chunk(part: Chunk, tally: Tally) -> None:
    try:
        if blobs.have(part.sha256):
            return
        whole = blobs.put_chunk(part.sha256, part.index, part.data)
    except (blobs.BadChunk, blobs.Absent):
        return
    tally.chunks += 1
    if whole:
        arrived.send(sender=Peer, sha256=part.sha256, patient=blobs.expect(part.sha256).patient)


def _greeting(peer: Peer, header: Header, said: Greeting) -> None:
    last = heard(peer)
    if last is not None and header.number in last.known:
        return
    if not _stale(peer, last, header):
        # A unit that was restored from a backup shows itself by an older number, and by records that it lacks.
        if said.ack_no < peer.ack_no and abs(said.life) in (0, restored.life()):
            mailbox.forget_acks(peer.code, said.ack_no)
        _return_lost(peer.code, by_run(said.own))
    mailbox.acknowledge(peer, _meant(peer.code, said.mail))


def finish(header: Header, tally: Tally) -> None:
    """The whole bundle was taken in: it may be answered. One that is read again is not answered again."""
    if tally.greeting is None:
        return
    with transaction.atomic(using=here().database):
        peer = _peer(header.sender)
        anchors.note(peer.code)
        last = heard(peer)
        known = last.known if last else []
        if header.number not in known:
            latest = max(header.time_ms, last.latest_ms if last else 0)
            told = Heard(header.number, tally.greeting, latest, [*known, header.number][-REMEMBERED:])
            peer.heard = msgspec.msgpack.encode(told)
            peer.save(update_fields=["heard"])


def _stale(peer: Peer, last: Heard | None, header: Header) -> bool:
    """Whether the unit has been heard, by network or stick, after it wrote that bundle (by its own clock)."""
    if last is not None and header.time_ms <= last.latest_ms:
        return True
    if peer.last_contact is None:
        return False
    contact_ms = int(peer.last_contact.timestamp() * 1000) + (peer.offset_ms or 0)
    return header.time_ms <= contact_ms


def _meant(node: str, mail: list[tuple[int, bytes]]) -> list[int]:
    """What is to be acknowledged: numbers that still stand for the records that the unit has (a restored hub gives
    numbers anew)."""
    found: list[int] = []
    for start in range(0, len(mail), 500):
        marks = dict(mail[start : start + 500])
        rows = Waiting.objects.filter(to=node, pk__in=list(marks), acked__isnull=True).values_list("pk", "record__hash")
        found += [n for n, hash_ in rows if hash_ is not None and bytes(hash_)[:MARK] == marks[n]]
    return found


def _return_lost(node: str, own: dict[int, Ranges]) -> None:
    for run, ranges in Desk(node).held().items():
        for first, last in missing(own.get(run, []), ranges[-1][1]) if ranges else ():
            mailbox.return_own(node, Q(run=run, seq__gte=first, seq__lte=last))


def receipt(peer: Peer) -> Receipt:
    """What this hub holds of a unit's."""
    here_now = Desk(peer.code).held()
    sums = {f"{run:x}": number for run, number in Desk(peer.code).sums().items()}
    aside, keys = _aside(peer.code)
    told = heard(peer)
    if told is None:
        return Receipt(travelling(here_now), aside=aside, life=restored.life(), sums=sums)
    lost = {
        run: without(subtract(ranges, here_now.get(run, [])), [s for r, s in keys if r == run])
        for run, ranges in by_run(told.greeting.confirmed).items()
    }
    files = Blob._base_manager.filter(complete=True)
    whole: list[str] = []
    for start in range(0, len(told.greeting.files), 500):
        names = told.greeting.files[start : start + 500]
        whole += files.filter(sha256__in=names).values_list("sha256", flat=True)
    numbers = [n for n, _ in told.greeting.mail]
    return Receipt(
        travelling(here_now), travelling(lost), aside, told.number, told.greeting.ack_no,
        _acknowledged(peer, told.greeting), numbers, whole, restored.life(), sums,
    )  # fmt: skip


def _acknowledged(peer: Peer, said: Greeting) -> int:
    """The number that the unit may take for its own: only where everything that was acknowledged since its greeting
    was acknowledged by that greeting. Otherwise −1, and it acknowledges once more."""
    since = Waiting.objects.filter(to=peer.code, acked__gt=said.ack_no)
    mine = {n for n, _ in said.mail}
    if since.count() > len(mine) or not mine.issuperset(since.values_list("pk", flat=True)):
        return -1
    return peer.ack_no


def _aside(node: str) -> tuple[list[bytes], set[tuple[int, int]]]:
    """Hashes and keys of what is kept aside. A unit looks for its own among them: what another node sent under its name
    has another hash, and what could not be read at all bears no name."""
    hashes: list[bytes] = []
    keys: set[tuple[int, int]] = set()
    rows = Quarantine._base_manager.filter(node__in=[node, ""]).order_by("-pk")[:MAX_TOLD]
    for row in rows:
        try:
            said = orjson.loads(bytes(row.raw))
            hashes.append(canon.link(bytes.fromhex(said["prev"]), bytes.fromhex(said["header"])))
        except (ValueError, KeyError, TypeError):
            continue
        if row.node:
            keys.add((row.run, row.seq))
    return hashes, keys


def load(peer: Peer, load: Load) -> None:
    """Put what waits for a unit into a bundle: the receipt, mail lane by lane, the files it waits for."""
    load.add(receipt(peer))
    waiting = Waiting.objects.filter(to=peer.code, acked__isnull=True).order_by("lane", "id")
    number_of = {record: number for number, record in waiting.values_list("pk", "record_id")}
    for records in batches(list(number_of)):
        load.records(len(records), lambda: _mail(peer, records, number_of))  # noqa: B023
    told = heard(peer)
    for name in told.greeting.wanted if told else ():
        row = Blob._base_manager.filter(sha256=name, complete=True).first()
        if row is None:
            continue
        if row.patient is None or Scope.objects.filter(person=row.patient, node=peer.code).exists():
            load.file(row.size, _parts_of(row))


def _mail(peer: Peer, records: list[Record], number_of: dict[int, int]) -> Mail:
    return Mail([number_of[r.no] for r in records], codec.COLUMNS.pack(parcels_of(records)), peer.ack_no, 0)


def _parts_of(row: Blob) -> Iterator[Part]:
    for index in range(blobs.count(row.size)):
        try:
            yield Given(row.sha256, index, row.size, row.media, blobs.chunk(row.sha256, index))
        except (blobs.Absent, blobs.Damaged):
            return
    if row.size == 0:
        yield Given(row.sha256, 0, 0, row.media)
