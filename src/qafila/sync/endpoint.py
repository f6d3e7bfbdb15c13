"""The hub's side: a pure function from a request's bytes to a status and a reply's bytes.

Who asks is known by the frame's signature alone. Records, the peer's cursor, mail and every side effect are one
transaction; the reply is built after it. Each request may be repeated.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import orjson
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q

from qafila.journal import blobs
from qafila.journal.here import here
from qafila.journal.models import Run
from qafila.journal.ranges import Ranges, loads, missing
from qafila.kernel import clock
from qafila.sync import codec, intake, mailbox, pki
from qafila.sync.enrolment import keys_folder
from qafila.sync.frames import Frame, FrameError, open_frame, seal
from qafila.sync.messages import (
    Chunk,
    Get,
    Given,
    Hello,
    Kept,
    Kind,
    Mail,
    Message,
    Offer,
    Pull,
    Push,
    Taken,
    Wanted,
    Welcome,
)
from qafila.sync.models import Peer, Scope
from qafila.sync.signals import arrived

SEEN = timedelta(seconds=20)
MAX_MAIL = 200_000
MAX_OFFER = 100
STATUS = {"unknown_sender": 403, "revoked": 403, "too_large": 413}
log = logging.getLogger("qafila.sync")


def handle(data: bytes) -> tuple[int, bytes]:
    """(HTTP status, reply): a signed frame with 200, else the reason in one word. Never raises for what is sent."""
    try:
        frame = open_frame(data, here().node, _key_of)
        reply = _answer(frame)
        now = clock.now_ms()
        return 200, seal(reply, here().node, frame.sender, frame.number, now, pki.signing_key(keys_folder()))
    except (FrameError, codec.CodecError) as error:
        reason = getattr(error, "reason", "unreadable")
        log.warning("a frame was refused: %s", reason)
        return STATUS.get(reason, 400), reason.encode()
    except (OperationalError, InterfaceError, OSError) as error:
        log.error("a frame could not be taken: %s", type(error).__name__)
        return 503, b"busy"


def _key_of(sender: str) -> bytes:
    peer = Peer.objects.filter(code=sender, upward=False).first()
    if peer is None:
        raise FrameError("unknown_sender")
    if peer.revoked:
        raise FrameError("revoked")
    return bytes(peer.signing_key)


def _answer(frame: Frame) -> Message:
    answer = _ANSWERS.get(frame.kind)
    if answer is None:
        raise FrameError("unexpected")
    return answer(frame.sender, frame)


def _peer(code: str) -> Peer:
    """The peer's row, locked; revoked in this very moment counts."""
    peer = Peer.objects.select_for_update().get(code=code)
    if peer.revoked:
        raise FrameError("revoked")
    return peer


def _stale(peer: Peer) -> bool:
    return peer.last_contact is None or peer.last_contact < clock.now() - SEEN


def _seen(peer: Peer, frame: Frame) -> None:
    peer.last_contact = clock.now()
    peer.offset_ms = frame.time_ms - clock.now_ms()
    peer.save(update_fields=["last_contact", "offset_ms"])


def _hello(sender: str, frame: Frame) -> Message:
    said = frame.message
    assert isinstance(said, Hello)
    peer = Peer.objects.get(code=sender)
    if not said.parcels and said.own is None and said.ack_no >= peer.ack_no and not _stale(peer):
        # A node that only asks whether there is news costs no transaction.
        return Welcome(peer.ack_no, sum(map(_size, _held(sender).values())), Taken(mail=mailbox.waiting(sender)))
    with transaction.atomic(using=here().database):
        peer = _peer(sender)
        taken = _take(said.parcels, sender) if said.parcels else Taken()
        if said.ack_no < peer.ack_no:
            mailbox.forget_acks(sender, said.ack_no)
        held = _held(sender)
        if said.own is not None:
            _return_lost(sender, said.own, held)
        _seen(peer, frame)
    taken.mail = mailbox.waiting(sender)
    ranges = {f"{run:x}": r for run, r in held.items()} if said.own is not None else None
    return Welcome(peer.ack_no, sum(_size(r) for r in held.values()), taken, ranges)


def _push(sender: str, frame: Frame) -> Message:
    said = frame.message
    assert isinstance(said, Push)
    with transaction.atomic(using=here().database):
        peer = _peer(sender)
        taken = _take(said.parcels, sender)
        _seen(peer, frame)
    taken.mail = mailbox.waiting(sender)
    return taken


def _take(packed: bytes, sender: str) -> Taken:
    outcome = intake.take(codec.COLUMNS.unpack(packed), sender, author=sender)
    return Taken(outcome.aside, outcome.alarms)


def _pull(sender: str, frame: Frame) -> Message:
    said = frame.message
    assert isinstance(said, Pull)
    peer = Peer.objects.get(code=sender)
    if said.acks or _stale(peer):
        with transaction.atomic(using=here().database):
            peer = _peer(sender)
            mailbox.acknowledge(peer, [n for n in said.acks[:1000] if 0 < n < 1 << 63])
            _seen(peer, frame)
    numbers, parcels = mailbox.fetch(sender, min(max(said.limit, 0), MAX_MAIL))
    return Mail(numbers, codec.COLUMNS.pack(parcels), peer.ack_no, max(0, mailbox.waiting(sender) - len(numbers)))


def _offer(sender: str, frame: Frame) -> Message:
    said = frame.message
    assert isinstance(said, Offer)
    found: list[bytes | None] = []
    for file in said.files[:MAX_OFFER]:
        try:
            row = blobs.expect(
                file.sha256, max(file.size, 0), file.media, _person(file.patient), min(max(file.lane, 0), 5)
            )
            found.append(blobs.pack(blobs.missing(row.sha256), row.size))
        except (blobs.BadChunk, blobs.Absent):
            found.append(None)
    return Wanted(found, mailbox.waiting(sender))


def _chunk(sender: str, frame: Frame) -> Message:
    said = frame.message
    assert isinstance(said, Chunk)
    try:
        already = blobs.have(said.sha256)
        whole = blobs.put_chunk(said.sha256, said.index, said.data)
        again = not whole and len(blobs.missing(said.sha256)) == blobs.count(_expected(said.sha256))
    except (blobs.BadChunk, blobs.Absent):
        return Kept(again=True, mail=mailbox.waiting(sender))
    if whole and not already:
        row = blobs.expect(said.sha256)
        arrived.send(sender=Peer, sha256=said.sha256, patient=row.patient)
    return Kept(whole, again, mailbox.waiting(sender))


def _get(sender: str, frame: Frame) -> Message:
    said = frame.message
    assert isinstance(said, Get)
    try:
        data = blobs.chunk(said.sha256, said.index)
    except (blobs.Absent, blobs.Damaged):
        return Given(said.sha256, said.index, -1, mail=mailbox.waiting(sender))
    row = blobs.expect(said.sha256)
    if row.patient is not None and not Scope.objects.filter(person=row.patient, node=sender).exists():
        return Given(said.sha256, said.index, -1, mail=mailbox.waiting(sender))
    return Given(said.sha256, said.index, row.size, row.media, data, mailbox.waiting(sender))


def _expected(name: str) -> int:
    return blobs.expect(name).size


def _person(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _held(node: str) -> dict[int, Ranges]:
    return {r.run: loads(r.ranges) for r in Run._base_manager.filter(node=node)}


def _size(ranges: Ranges) -> int:
    return sum(last - first + 1 for first, last in ranges)


def _return_lost(sender: str, own: dict[str, Ranges], held: dict[int, Ranges]) -> None:
    """Records that the node wrote and does not have any more go back to it."""
    try:
        theirs = {int(run, 16): loads(orjson.dumps(r).decode()) for run, r in own.items()}
    except ValueError as error:
        raise FrameError("unreadable") from error
    for run, ranges in held.items():
        if not ranges:
            continue
        for first, last in missing(theirs.get(run, []), ranges[-1][1]):
            mailbox.return_own(sender, Q(run=run, seq__gte=first, seq__lte=last))


_ANSWERS: dict[Kind, Callable[[str, Frame], Message]] = {
    Kind.HELLO: _hello,
    Kind.PUSH: _push,
    Kind.PULL: _pull,
    Kind.OFFER: _offer,
    Kind.CHUNK: _chunk,
    Kind.GET: _get,
}
