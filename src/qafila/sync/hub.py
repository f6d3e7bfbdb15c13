"""The hub's side of a conversation, without a network, a clock or a disk of its own: a request in, its answer out.

Who asks is known already (the frame's signature). Records, the peer's cursor, mail and every side effect are one
transaction of the store; the answer says only what is durable. Each request may be repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from qafila.journal.ingest import Parcel
from qafila.journal.ranges import Ranges, digest, missing
from qafila.sync import codec, samples, versions
from qafila.sync.frames import Frame, FrameError
from qafila.sync.messages import (
    Chunk,
    File,
    Found,
    Get,
    Given,
    Hello,
    Kept,
    Kind,
    Lookup,
    Mail,
    Message,
    Offer,
    Pull,
    Push,
    Taken,
    Wanted,
    Welcome,
)
from qafila.sync.run_ranges import by_run, told

Have = dict[str, dict[int, Ranges]]
"""Node → run → ranges."""
Sums = dict[str, dict[int, int]]
"""Node → run → total."""
MAX_MAIL = 400_000
MAX_OFFER = 100
MAX_ACKS = 1000
MOST_WAITS = 1 << 50
"""A larger number of what waits on a unit is not believed."""
MOST_PARTS = 16
"""Of so many interrupted frames a greeting is told what is here."""
RECENT_RUNS = 8
"""Of so many runs the ranges are told at once: what a cut leaves in doubt lies in the latest."""


class HubStore(Protocol):
    """What the hub's side asks of its node, for one sender."""

    def transaction(self) -> AbstractContextManager[None]:
        """Everything inside is durable when it ends, or nothing. The sender's cursor is locked in it.

        Raises `FrameError` where the sender was revoked meanwhile.
        """

    def ack_no(self) -> int:
        """The number of the sender's last acknowledgement of mail."""

    def acknowledge(self, numbers: Sequence[int]) -> None:
        """The sender has this mail for good; its acknowledgements count one more."""

    def forget_acks(self, after: int) -> None:
        """The sender lost what it had acknowledged after that number: it waits again."""

    def life(self) -> int:
        """The number of this hub's life."""

    def backups(self, life: int) -> tuple[int, int]:
        """How many were begun; the last one that stands elsewhere, or that a node of another life shares with us."""

    def compare(self, have: Have, sums: Sums) -> tuple[Have, Sums]:
        """What of it a restore has cost this hub, or is another record here; of runs of which it lacks a part, the
        total of the rest. The sender's mail counts as acknowledged where it has the record, and waits where not."""

    def held(self) -> dict[int, Ranges]:
        """Run → ranges of the sender's own records that are here."""

    def sums(self) -> dict[int, int]:
        """Run → the total of these."""

    def recent(self, count: int) -> list[int]:
        """The sender's runs that came to be known last."""

    def take(self, parcels: list[Parcel]) -> tuple[list[int], int]:
        """Take in the sender's records: places of those set aside, number of alarms."""

    def return_own(self, run: int, first: int, last: int) -> None:
        """Mail the sender its own records of that range, which it lost."""

    def waiting(self) -> int:
        """How much mail waits."""

    def fetch(self, limit: int) -> tuple[list[int], list[Parcel]]:
        """The next mail, at most `limit` bytes (one record at least): numbers and records."""

    def quiet(self) -> bool:
        """Whether the last note of a contact is old enough for another."""

    def seen(self, time_ms: int | None, waits: Sequence[int] = ()) -> None:
        """Note a contact; `time_ms` as the sender's clock said, None where the frame may have been long under way.
        `waits`: what it says waits there; empty: not said."""

    def expect(self, file: File) -> bytes | None:
        """Bitmap of the chunks of a file that are not here; None where it is not taken."""

    def put(self, name: str, index: int, data: bytes) -> tuple[bool, bool]:
        """Keep a chunk, durably: (the file is whole, it has to start anew)."""

    def give(self, name: str, index: int) -> Given:
        """A chunk for the sender; size −1 where it may not have it."""

    def part(self, mark: bytes) -> int:
        """Bytes that are here of the beginning of an interrupted frame of that mark."""

    def look_up(self, said: Lookup) -> Found:
        """Whom the sender's crew means, or the word that the record of the one chosen follows."""


def answer(store: HubStore, frame: Frame) -> Message:
    """The answer to a request. Raises `FrameError`, `CodecError`, and what the store raises when it is at fault."""
    how = _ANSWERS.get(frame.kind)
    if how is None:
        raise FrameError("unexpected")
    return how(store, frame)


def _hello(store: HubStore, frame: Frame) -> Message:
    said = frame.message
    assert isinstance(said, Hello)
    welcome = _greeted(store, frame)
    welcome.speaks = versions.VERSION
    welcome.parts = [store.part(mark) for mark in said.parts[:MOST_PARTS]]
    return welcome


def _greeted(store: HubStore, frame: Frame) -> Welcome:
    said = frame.message
    assert isinstance(said, Hello)
    life = store.life()
    before = store.held()
    agree = said.own is None and digest(before, store.sums()) == said.held
    # A number of another life says nothing: what was acknowledged in it may be lost, or given anew.
    known = said.life in (0, life)
    if agree and not said.parcels and said.ack_no >= store.ack_no() and not store.quiet():
        # A node that only asks whether there is news costs no transaction.
        return Welcome(store.ack_no(), Taken(mail=store.waiting()), None, b"", life, *store.backups(said.life))
    wanted = shared = None
    with store.transaction():
        taken = _take(store, said.parcels) if said.parcels else Taken()
        if known and said.ack_no < store.ack_no():
            store.forget_acks(said.ack_no)
        held, totals = ({}, {}) if agree else (store.held(), store.sums())
        if said.own is not None:
            _return_lost(store, said.own, held)
        if not known and said.have is not None:
            have = {node: by_run(runs) for node, runs in said.have.items()}
            sums = {n: {run: (said.sums or {}).get(n, {}).get(f"{run:x}", 0) for run in have[n]} for n in have}
            asked, rest_of = store.compare(have, sums)
            wanted = {node: told(runs) for node, runs in asked.items()}
            shared = {n: {f"{run:x}": total for run, total in runs.items()} for n, runs in rest_of.items()}
        store.seen(frame.time_ms, _counts(said.waits))
        number = store.ack_no()
    taken.mail = store.waiting()
    # After the transaction: a backup that begins after this has what was confirmed by now.
    begun, stands = store.backups(said.life)
    if agree:
        return Welcome(number, taken, None, b"", life, begun, stands)
    shown = held if said.own is not None else {run: held[run] for run in store.recent(RECENT_RUNS) if run in held}
    rest = digest({run: ranges for run, ranges in held.items() if run not in shown}, totals)
    of_told = {f"{run:x}": totals[run] for run in shown if run in totals}
    return Welcome(number, taken, told(shown), rest, life, begun, stands, of_told, wanted, shared=shared)


def _push(store: HubStore, frame: Frame) -> Message:
    said = frame.message
    assert isinstance(said, Push)
    with store.transaction():
        taken = _take(store, said.parcels)
        if store.quiet():
            # It may be large, and have been cut and gone on: when it was sealed says nothing of the clock.
            store.seen(None)
    taken.mail = store.waiting()
    return taken


def _take(store: HubStore, packed: bytes) -> Taken:
    aside, alarms = store.take(codec.COLUMNS.unpack(packed))
    return Taken(aside, alarms)


def _pull(store: HubStore, frame: Frame) -> Message:
    said = frame.message
    assert isinstance(said, Pull)
    if said.acks and said.life != store.life():
        # This hub was restored in the middle of the conversation: these numbers are of before.
        raise FrameError("greet_again")
    if said.acks or store.quiet():
        with store.transaction():
            if said.acks and said.ack_no < store.ack_no():
                # Somebody else acknowledged in this node's name: a clone, or a process that is gone.
                store.forget_acks(said.ack_no)
            store.acknowledge(_numbers(said.acks))
            store.seen(frame.time_ms, _counts(said.waits))
    numbers, parcels = store.fetch(min(max(said.limit, 0), MAX_MAIL))
    left = max(0, store.waiting() - len(numbers)) if numbers else 0
    return Mail(numbers, codec.COLUMNS.pack(parcels), store.ack_no(), left)


def _numbers(said: list[int]) -> list[int]:
    return [n for n in said[:MAX_ACKS] if 0 < n < 1 << 63]


def _counts(said: list[int]) -> list[int]:
    return [min(max(n, 0), MOST_WAITS) for n in said[:6]] if len(said) >= 3 else []


def _offer(store: HubStore, frame: Frame) -> Message:
    said = frame.message
    assert isinstance(said, Offer)
    return Wanted([store.expect(file) for file in said.files[:MAX_OFFER]], store.waiting())


def _chunk(store: HubStore, frame: Frame) -> Message:
    said = frame.message
    assert isinstance(said, Chunk)
    whole, again = store.put(said.sha256, said.index, samples.unpack(said.data, said.lag))
    return Kept(whole, again, store.waiting())


def _get(store: HubStore, frame: Frame) -> Message:
    said = frame.message
    assert isinstance(said, Get)
    given = store.give(said.sha256, said.index)
    given.lag, given.data = samples.pack(given.data)
    given.mail = store.waiting()
    return given


def _lookup(store: HubStore, frame: Frame) -> Message:
    said = frame.message
    assert isinstance(said, Lookup)
    with store.transaction():
        found = store.look_up(said)
    found.mail = store.waiting()
    return found


def _return_lost(store: HubStore, own: dict[str, Ranges], held: dict[int, Ranges]) -> None:
    """Records that the node wrote and does not have any more go back to it."""
    theirs = by_run(own)
    for run, ranges in held.items():
        for first, last in missing(theirs.get(run, []), ranges[-1][1]) if ranges else []:
            store.return_own(run, first, last)


_ANSWERS: dict[Kind, Callable[[HubStore, Frame], Message]] = {
    Kind.HELLO: _hello,
    Kind.PUSH: _push,
    Kind.PULL: _pull,
    Kind.OFFER: _offer,
    Kind.CHUNK: _chunk,
    Kind.GET: _get,
    Kind.LOOKUP: _lookup,
}
