"""The unit's side of a conversation with its hub, without a network, a clock or a disk of its own.

    session = UnitSession(store, seal, open_reply, dice)
    while (request := session.next()) is not None:     # as many under way as the link holds
        session.receive(answer to request.data)        # in any order, or
        session.lost()                                 # none will come any more

It decides what goes next: an urgent case with its samples, the answers that wait, then the other records, then files
and bulk in fair shares; what becomes urgent in between overtakes. Nothing is taken for confirmed but by the hub's own
word, and after a loss it begins again with a greeting in which both compare what the hub holds. Repeating a frame
does no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from qafila.journal.ingest import Parcel
from qafila.journal.ranges import Ranges, digest, subtract
from qafila.sync import codec, samples
from qafila.sync.asked import Report, Request, Sent, size_of
from qafila.sync.frames import Frame, FrameError, mark
from qafila.sync.interrupted import Interrupted
from qafila.sync.messages import (
    KINDS,
    Found,
    Get,
    Given,
    Hello,
    Kept,
    Kind,
    Lookup,
    Mail,
    Message,
    Pull,
    Push,
    Taken,
    Wanted,
    Welcome,
)
from qafila.sync.node_store import Store
from qafila.sync.returning import asked_back
from qafila.sync.run_ranges import by_run, told
from qafila.sync.uploads import Uploads
from qafila.sync.versions import Agreement

URGENT, STRICT, LATER = range(1), range(3), range(3, 6)
"""Lanes of records: an urgent case; what goes strictly in order; what shares the link with files."""
SHARES = {"preview": 6, "get": 4, "bulk": 2, "later": 1}
"""Weights of what comes after the strict lanes: files up to lane 3, files asked of the hub, larger files, logs."""
WAITS = {"get": 3, "bulk": 4, "later": 5}
"""What of these waits with which lane, when the node holds lanes back."""
FRAME_BYTES = 8_000
"""Of a frame on the link, until the link was measured: half a second of a thin one."""
FIRST_RAW, LEAST_RAW, MOST_RAW, MAIL_RAW = 60_000, 8_000, 1_000_000, 200_000
"""Bytes of records before compression: the first guess, then what the frames before have taught. Mail is less at a
time: a crew works beside it."""
GETS = 3


class UnitSession:
    """A conversation. Not thread-safe. `frame_bytes`: how large a frame the link takes in about half a second."""

    def __init__(
        self,
        store: Store,
        seal: Callable[[Message, int], bytes],
        open_reply: Callable[[bytes], Frame],
        dice: Random,
        agreement: Agreement | None = None,
    ) -> None:
        """`seal` writes in the version of `agreement`, which follows what the hub says."""
        self.agreement = agreement or Agreement()
        self.store, self.seal, self.open_reply, self.dice = store, seal, open_reply, dice
        self.report = Report()
        self.frame_bytes = FRAME_BYTES
        self.greeted = False
        self.mail = 0
        self._ratio = FIRST_RAW / FRAME_BYTES
        self._tell_own = self._tell_have = False
        self._acks: list[int] = []
        self._noted: set[int] = set()
        self._again = False
        self._out: dict[int, Sent] = {}
        self.interrupted = Interrupted()
        self._uploads = Uploads(store)
        self._used = dict.fromkeys(SHARES, 0.0)

    def next(self, wait_s: int = 0) -> Request | None:
        """The next request to send; None when there is nothing more to say until an answer comes, or at all.

        With `wait_s` there is always one question open that the hub answers when it has something.
        """
        sent = self._choose() or self._listen(wait_s)
        if sent is None:
            return None
        if sent.data:
            self._out[sent.number] = sent
            rest = sent.data[sent.begun :]
            return Request(rest, number=sent.number, goes_on=f"{mark(sent.data).hex()} {sent.begun}")
        sent.number = number = self.dice.getrandbits(63)
        self._out[number] = sent
        frame = self.seal(sent.message, number)
        sent.size = len(frame)
        if isinstance(sent.message, Push):
            sent.data, sent.version = frame, self.agreement.version
        if sent.full:
            self._ratio = self._raw / len(frame)
        if sent.share:
            self._used[sent.share] += len(frame) / SHARES[sent.share]
        held = sent.message.wait_s if isinstance(sent.message, Pull) else 0
        return Request(frame, sent.urgent, held, number, pressing=sent.pressing)

    @property
    def _raw(self) -> int:
        """Bytes of records, before compression, that make a frame of the size wanted."""
        return int(max(LEAST_RAW, min(MOST_RAW, self._ratio * self.frame_bytes)))

    @property
    def idle(self) -> bool:
        """Whether no request is under way but one that the hub may hold."""
        return all(isinstance(s.message, Pull) and s.message.wait_s for s in self._out.values())

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
        """Answers are not to be expected any more: greet again. What is under way is forgotten, but for frames of
        records: the hub may have the beginning of one."""
        self.interrupted.keep(self._out.values())
        self._out.clear()
        self._acks = []  # A hub that was restored gives numbers of mail anew: it sends that mail again.
        self.greeted = self._tell_own = self._tell_have = False
        self.look_again()

    def look_again(self) -> None:
        """Offer and ask for files anew that were refused or missing before: they may be there by now."""
        self._uploads.look_again({name for sent in self._out.values() for name in sent.names})

    def greet_again(self) -> None:
        """Greet once more as soon as nothing else is under way: a conversation of days has to hear of backups."""
        self._again = True

    def _choose(self) -> Sent | None:
        if not self.greeted or (self._again and self.idle):
            self._again = self.greeted = False
            return self._hello() if self.idle else None
        first = self._push(URGENT) or self._next_chunk(URGENT) or self._look_up() or self._pull()
        rest = first or self.interrupted.next() or self._push(STRICT)
        return rest or (None if self._uploads.awaited(self._out.values()) else self._shared())

    def _look_up(self) -> Sent | None:
        """Somebody waits for this one."""
        asked = None if self._under_way(Lookup) else self.store.lookup()
        return Sent(asked, urgent=True) if asked else None

    def _shared(self) -> Sent | None:
        """What comes after the strict lanes, in shares: whoever had the least for its weight goes first."""
        held = self.store.held_back()
        ways: dict[str, Callable[[], Sent | None]] = {
            "preview": lambda: self._next_chunk(range(1, 3) if 3 in held else range(1, 4)),
            "get": self._next_get,
            "bulk": lambda: self._next_chunk(range(4, 6)),
            "later": lambda: self._push(LATER),
        }
        for share in sorted(SHARES, key=lambda s: self._used[s]):
            if share in WAITS and WAITS[share] in held:
                continue
            sent = ways[share]()
            if sent is not None:
                sent.share = share
                # Whoever had nothing to say for long must not claim it all back at once.
                least = max(self._used.values()) - 64_000
                self._used = {s: max(u, least) for s, u in self._used.items()}
                return sent
        return None

    def _pull(self) -> Sent | None:
        if not (self._acks or self.mail) or any(
            isinstance(s.message, Pull) and not s.message.wait_s for s in self._out.values()
        ):
            return None
        return Sent(Pull(list(self._acks), MAIL_RAW, ack_no=self.store.ack_no(), life=self.store.life()))

    def _listen(self, wait_s: int) -> Sent | None:
        if not wait_s or not self.greeted or self._under_way(Pull):
            return None
        return Sent(Pull([], MAIL_RAW, wait_s, waits=self.store.waits()))

    def _under_way(self, shape: type[Message]) -> bool:
        return any(isinstance(s.message, shape) for s in self._out.values())

    def _rows(self, lanes: range) -> list[tuple[int, Parcel]]:
        """The next records to send that are not under way."""
        skip = {n for s in self._out.values() for n in s.records}
        if self.interrupted and lanes == URGENT:
            rows = self.store.pending(URGENT, self._raw, skip)
            self.interrupted.let_go({n for n, _ in rows})
            if self._full(rows):
                # There are more, perhaps in those frames.
                self.interrupted.clear()
            return rows
        return self.store.pending(lanes, self._raw, skip | self.interrupted.records())

    def _hello(self) -> Sent:
        pressing = self._rows(URGENT)
        # What goes on tells how the link is used best: only what cannot wait goes before the answer.
        rows = pressing if self.interrupted else self._rows(STRICT)
        own = told(self.store.own()) if self._tell_own else None
        have, sums = self.store.have() if self._tell_have else (None, None)
        packed = codec.COLUMNS.pack([p for _, p in rows])
        held, seen, parts = self.store.held(), self.store.seen(), self.interrupted.marks()
        digested = digest(held, self.store.sums(held))
        waits = self.store.waits()
        said = Hello(self.store.ack_no(), digested, packed, own, self.store.life(), have, sums, waits, parts)
        return Sent(said, [n for n, _ in rows], raw=size_of(rows), full=self._full(rows), urgent=True,
                    pressing=bool(pressing), seen=seen)  # fmt: skip

    def _push(self, lanes: range) -> Sent | None:
        rows = self._rows(lanes)
        if not rows:
            return None
        packed = codec.COLUMNS.pack([p for _, p in rows])
        urgent = lanes == URGENT
        return Sent(Push(packed), [n for n, _ in rows], raw=size_of(rows), full=self._full(rows), urgent=urgent,
                    pressing=urgent)  # fmt: skip

    def _full(self, rows: Sequence[tuple[int, Parcel]]) -> bool:
        return size_of(rows) > self._raw * 3 // 4

    def _next_chunk(self, lanes: range) -> Sent | None:
        return self._uploads.next(lanes, self._out.values())

    def _next_get(self) -> Sent | None:
        asked = {(s.message.sha256, s.message.index) for s in self._out.values() if isinstance(s.message, Get)}
        if len(asked) >= GETS:
            return None
        wanted = self.store.wanted(self._uploads.done, asked)
        return Sent(Get(*wanted), names=[wanted[0]]) if wanted else None

    def _welcome(self, sent: Sent, message: Message) -> None:
        assert isinstance(message, Welcome) and isinstance(sent.message, Hello)
        self._taken(sent, message.taken)
        self.agreement.welcomed(message.speaks)
        another = sent.message.life not in (0, message.life)
        if another and sent.message.have is None:
            # The hub was restored from a backup: all is compared, mail and its own records as well.
            self._tell_own = self._tell_have = True
            self.greeted = False
            return
        asked_all = sent.message.own is not None
        self._tell_own = self._tell_have = False
        if message.ranges is not None:
            self._tell_own = self._compare(by_run(message.ranges), message, asked_all)
        if sent.message.life != message.life:
            back = asked_back(sent.message, message, self.store.total)
            self.store.begin_life(message.life, message.stands, message.ack_no, back)
        self.store.set_ack_no(message.ack_no)
        if sent.seen is not None and message.ranges is None:
            # Where the two did not agree something waits again that did not when the greeting left.
            self.store.note_backups(sent.seen, message.begun, message.stands)
        self.greeted = not self._tell_own
        if self.greeted:
            self.interrupted.told(sent.message.parts, message.parts, self.agreement.version)
            self._noted = set(self.store.noted())
            self._acks += sorted(self._noted.difference(self._acks))

    def _compare(self, theirs: dict[int, Ranges], message: Welcome, asked_all: bool) -> bool:
        """Mend what the two do not agree on; whether each has to tell all of its runs."""
        own = self.store.own()
        sums = {run: (message.sums or {}).get(f"{run:x}", 0) for run in theirs}
        absent: dict[int, Ranges] = {run: [] for run in own if run not in theirs} if asked_all else {}
        self.store.reconcile(theirs | absent, sums)
        lost_here = any(subtract(ranges, own.get(run, [])) for run, ranges in theirs.items())
        held = self.store.held()
        rest = {run: ranges for run, ranges in held.items() if run not in theirs}
        # One of the two has lost something, and the latest runs alone do not tell what: both say everything.
        return not asked_all and (lost_here or digest(rest, self.store.sums(rest)) != message.rest)

    def _taken(self, sent: Sent, message: Message) -> None:
        assert isinstance(message, Taken)
        aside = [sent.records[i] for i in message.aside if 0 <= i < len(sent.records)]
        self.store.confirm(sent.records, aside)
        self.report.sent += len(sent.records)
        if sent.records:
            self.report.raw_up += sent.raw
            self.report.frames_up += sent.size
        self.report.aside += len(aside)
        self.report.alarms += message.alarms
        if message.alarms:
            # Somebody else writes under this node's run: the memory of a machine was copied. Each goes its own way.
            self.store.seal_runs()
        self.mail = message.mail

    def _mail(self, sent: Sent, message: Message) -> None:
        assert isinstance(message, Mail) and isinstance(sent.message, Pull)
        if sent.message.acks:
            # In any other answer it may count what a clone has acknowledged.
            self.store.set_ack_no(message.ack_no)
            if self._noted.intersection(sent.message.acks):
                self.store.settled(sent.message.acks)
        self._acks = [n for n in self._acks if n not in sent.message.acks]
        parcels = codec.COLUMNS.unpack(message.parcels)
        if len(parcels) != len(message.numbers):
            raise FrameError("unreadable")
        if parcels:
            self.store.take(parcels)
        self._acks += message.numbers
        self.report.received += len(parcels)
        self.mail = message.left

    def _wanted(self, sent: Sent, message: Message) -> None:
        assert isinstance(message, Wanted)
        self.mail = message.mail
        self._uploads.wanted(sent, message)

    def _kept(self, sent: Sent, message: Message) -> None:
        assert isinstance(message, Kept)
        self.mail = message.mail
        self.report.chunks_up += 1
        self.report.files_up += sent.raw
        self._uploads.kept(sent, message, self._out.values())

    def _given(self, sent: Sent, message: Message) -> None:
        assert isinstance(message, Given) and isinstance(sent.message, Get)
        self.mail = message.mail
        if (message.sha256, message.index) != (sent.message.sha256, sent.message.index):
            raise FrameError("unexpected")
        if message.size < 0:
            self._uploads.done.add(message.sha256)
            return
        message.data, message.lag = samples.unpack(message.data, message.lag), 0
        if not self.store.keep(message):
            self._uploads.done.add(message.sha256)
        self.report.chunks_down += 1

    def _found(self, sent: Sent, message: Message) -> None:
        assert isinstance(message, Found) and isinstance(sent.message, Lookup)
        self.mail = message.mail
        self.store.looked_up(sent.message, message)
