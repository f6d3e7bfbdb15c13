"""The unit's side of a conversation with its hub, without a network, a clock or a disk of its own.

    session = UnitSession(store, seal, open_reply, dice)
    while (frame := session.next()) is not None:
        session.receive(answer to frame)       # or session.lost() where none came

It decides what goes next: urgent records, then the answers that wait, then the other records, then files; a record
that becomes urgent in between overtakes. Nothing is taken for confirmed but by the hub's own word, and after a loss
it begins again with a greeting. Repeating a frame does no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from qafila.journal.ingest import Parcel
from qafila.sync import codec
from qafila.sync.frames import Frame, FrameError
from qafila.sync.messages import (
    KINDS,
    Chunk,
    File,
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

STRICT = range(3)
LATER = range(3, 6)
FRAME_BYTES = 6_000
"""Of a frame on the link: about half a second of a thin one."""
FIRST_RAW, LEAST_RAW, MOST_RAW = 24_000, 8_000, 120_000
"""Bytes of records before compression: the first guess, then what the frames before have taught."""
OFFERED = 20
CHUNK_BYTES = 32 * 1024
"""As `journal.blobs.CHUNK`, which this file does not import: it knows no disk."""


class Store(Protocol):
    """What the session asks of the node it speaks for."""

    def numbers(self) -> tuple[int, int, int]:
        """(last confirmed acknowledgement, own records taken to be on the hub, own records)."""

    def pending(self, lanes: range, limit: int, skip: set[int]) -> list[tuple[int, Parcel]]:
        """The next records to send, at most `limit` bytes of them."""

    def confirm(self, numbers: Sequence[int], aside: Sequence[int]) -> None:
        """The hub has these for good; those in `aside` in quarantine."""

    def own_ranges(self) -> dict[str, list[list[int]]]:
        """Run → ranges of own records."""

    def reconcile(self, ranges: dict[str, list[list[int]]], held: int) -> None:
        """Own records that are not in the hub's ranges wait for sending again."""

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

    def wanted(self, skip: set[str]) -> tuple[str, int] | None:
        """The next file and chunk to ask the hub for."""

    def keep(self, given: Given) -> bool:
        """Keep a chunk of a file of the hub; False where the file turned out wrong and has to wait."""


@dataclass
class _Sent:
    """A request on its way."""

    message: Message
    records: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    full: bool = False
    """As many records as the limit allows: its size on the link says how well they compress."""


@dataclass
class Report:
    """What came of a session so far."""

    sent: int = 0
    received: int = 0
    chunks_up: int = 0
    chunks_down: int = 0
    aside: int = 0
    alarms: int = 0
    hub_time_ms: int = 0
    """The hub's clock as of the last answer."""


class UnitSession:
    """A conversation. Not thread-safe; one request is under way at a time for each call of `next`."""

    def __init__(
        self, store: Store, seal: Callable[[Message, int], bytes], open_reply: Callable[[bytes], Frame], dice: Random
    ) -> None:
        self.store, self.seal, self.open_reply, self.dice = store, seal, open_reply, dice
        self.report = Report()
        self.greeted = False
        self.mail = 0
        self._raw = FIRST_RAW
        self._tell_ranges = False
        self._acks: list[int] = []
        self._out: dict[int, _Sent] = {}
        self._uploads: dict[str, list[int]] = {}
        self._chunks: dict[str, int] = {}
        self._done_files: set[str] = set()

    def next(self) -> bytes | None:
        """The next request to send; None when there is nothing more to say until an answer comes, or at all."""
        sent = self._choose()
        if sent is None:
            return None
        number = self.dice.getrandbits(63)
        self._out[number] = sent
        frame = self.seal(sent.message, number)
        if sent.full:
            self._raw = max(LEAST_RAW, min(MOST_RAW, self._raw * FRAME_BYTES // len(frame)))
        return frame

    @property
    def idle(self) -> bool:
        """Whether no request is under way."""
        return not self._out

    def receive(self, data: bytes) -> None:
        """Take the answer to a request. One that answers nothing that was asked is passed over.

        Raises `FrameError`; nothing of the answer was used then.
        """
        frame = self.open_reply(data)
        sent = self._out.get(frame.number)
        if sent is None:
            return
        expected = Kind(KINDS[type(sent.message)] + 1)
        if frame.kind is not expected:
            raise FrameError("unexpected")
        self.report.hub_time_ms = frame.time_ms
        getattr(self, f"_{expected.name.lower()}")(sent, frame.message)
        del self._out[frame.number]

    def lost(self) -> None:
        """Answers are not to be expected any more: forget what is under way and greet again."""
        self._out.clear()
        self._uploads.clear()
        self._acks = []
        self.greeted = self._tell_ranges = False

    def _choose(self) -> _Sent | None:
        if not self.greeted:
            return None if self._out else self._hello()
        urgent = self._push(range(1))
        if urgent:
            return urgent
        if not self._under_way(Pull) and (self._acks or self.mail):
            return _Sent(Pull(list(self._acks), self._raw))
        return self._push(STRICT) or self._next_chunk() or self._next_get() or self._push(LATER)

    def _under_way(self, shape: type[Message]) -> bool:
        return any(isinstance(s.message, shape) for s in self._out.values())

    def _skip(self) -> set[int]:
        return {n for s in self._out.values() for n in s.records}

    def _hello(self) -> _Sent:
        ack_no, confirmed, total = self.store.numbers()
        rows = self.store.pending(STRICT, self._raw, set())
        own = self.store.own_ranges() if self._tell_ranges else None
        packed = codec.COLUMNS.pack([p for _, p in rows])
        return _Sent(Hello(ack_no, confirmed, total, packed, own), [n for n, _ in rows])

    def _push(self, lanes: range) -> _Sent | None:
        rows = self.store.pending(lanes, self._raw, self._skip())
        if not rows:
            return None
        packed = codec.COLUMNS.pack([p for _, p in rows])
        return _Sent(Push(packed), [n for n, _ in rows], full=len(packed) > self._raw // 2)

    def _next_chunk(self) -> _Sent | None:
        for name, todo in list(self._uploads.items()):
            while todo:
                index = todo.pop(0)
                data = self.store.chunk(name, index)
                if data is not None:
                    return _Sent(Chunk(name, index, data), names=[name])
                self._done_files.add(name)
                todo.clear()
            if not any(name in s.names for s in self._out.values()):
                del self._uploads[name]
        if self._under_way(Offer) or self._uploads:
            return None
        files = self.store.files(self._done_files)[:OFFERED]
        return _Sent(Offer(files), names=[f.sha256 for f in files]) if files else None

    def _next_get(self) -> _Sent | None:
        if self._under_way(Get):
            return None
        wanted = self.store.wanted(self._done_files)
        return _Sent(Get(*wanted), names=[wanted[0]]) if wanted else None

    def _welcome(self, sent: _Sent, message: Message) -> None:
        assert isinstance(message, Welcome) and isinstance(sent.message, Hello)
        self._taken(sent, message.taken)
        self.store.set_ack_no(message.ack_no)
        if message.ranges is not None:
            self.store.reconcile(message.ranges, message.held)
            self.greeted = True
            return
        # After the confirmation both must count the same; if not, one of them has lost something, and ranges tell what.
        agree = self._agrees(message.held) or sent.message.own is not None
        self._tell_ranges = not agree
        self.greeted = agree

    def _agrees(self, held: int) -> bool:
        _, confirmed, _ = self.store.numbers()
        return confirmed == held

    def _taken(self, sent: _Sent, message: Message) -> None:
        assert isinstance(message, Taken)
        aside = [sent.records[i] for i in message.aside if 0 <= i < len(sent.records)]
        self.store.confirm(sent.records, aside)
        self.report.sent += len(sent.records)
        self.report.aside += len(aside)
        self.report.alarms += message.alarms
        self.mail = message.mail

    def _mail(self, sent: _Sent, message: Message) -> None:
        assert isinstance(message, Mail) and isinstance(sent.message, Pull)
        self.store.set_ack_no(message.ack_no)
        confirmed = set(sent.message.acks)
        self._acks = [n for n in self._acks if n not in confirmed]
        parcels = codec.COLUMNS.unpack(message.parcels)
        if len(parcels) != len(message.numbers):
            raise FrameError("unreadable")
        if parcels:
            self.store.take(parcels)
        self._acks += message.numbers
        self.report.received += len(parcels)
        self.mail = message.left

    def _wanted(self, sent: _Sent, message: Message) -> None:
        assert isinstance(message, Wanted) and isinstance(sent.message, Offer)
        self.mail = message.mail
        for file, bits in zip(sent.message.files, message.missing, strict=False):
            self._done_files.add(file.sha256)
            if bits is None:
                continue
            todo = _numbers(bits, file.size)
            self._chunks[file.sha256] = _count(file.size)
            self._uploads[file.sha256] = todo
            self.store.progress(file.sha256, _count(file.size) - len(todo), _count(file.size))

    def _kept(self, sent: _Sent, message: Message) -> None:
        assert isinstance(message, Kept) and isinstance(sent.message, Chunk)
        self.mail = message.mail
        self.report.chunks_up += 1
        name = sent.message.sha256
        total = self._chunks.get(name, 0)
        if message.again:
            # Once a session: a file that never fits its name must not hold the link.
            self._uploads.pop(name, None)
            self.store.progress(name, 0, total)
        elif message.whole:
            self._uploads.pop(name, None)
            self.store.progress(name, total, total)
        elif total:
            left = len(self._uploads.get(name, ())) + sum(name in s.names for s in self._out.values()) - 1
            self.store.progress(name, min(total - left, total - 1), total)

    def _given(self, sent: _Sent, message: Message) -> None:
        assert isinstance(message, Given) and isinstance(sent.message, Get)
        self.mail = message.mail
        if (message.sha256, message.index) != (sent.message.sha256, sent.message.index):
            raise FrameError("unexpected")
        if message.size < 0:
            self._done_files.add(message.sha256)
            return
        if not self.store.keep(message):
            self._done_files.add(message.sha256)
        self.report.chunks_down += 1


def _count(size: int) -> int:
    return -(-size // CHUNK_BYTES)


def _numbers(bits: bytes, size: int) -> list[int]:
    return [i for i in range(_count(size)) if i >> 3 < len(bits) and bits[i >> 3] >> (i & 7) & 1]
