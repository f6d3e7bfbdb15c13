"""Calls the hub: once, or for as long as the node runs."""

from __future__ import annotations

import logging
import random
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from django.db import DatabaseError, close_old_connections

from qafila.journal.here import Here, here
from qafila.kernel import clock
from qafila.kernel.stamp import stamp
from qafila.sync import budget, clock_doubt, lease, outlook, pki, state
from qafila.sync.asked import Report
from qafila.sync.codec import CodecError
from qafila.sync.dictionaries.load import KNOWN, NONE
from qafila.sync.enrolment import keys_folder
from qafila.sync.frames import Frame, FrameError, open_frame, seal
from qafila.sync.messages import Message
from qafila.sync.models import Peer
from qafila.sync.session import FRAME_BYTES, UnitSession
from qafila.sync.store import JournalStore
from qafila.sync.versions import Agreement
from qafila.sync.wire import LinkDown, Wire

HOLD_S = 50
"""How long the hub may hold a question: less than the minute after which many networks forget a silent connection."""
LOOK_S = 0.1
AGAIN_S = 60.0
GREET_S = 1800.0
"""A conversation that lasts greets again, to hear of the hub's backups."""
NOTED_S = 10.0
COST_S = 2.0
"""So often the screens are told how far it is, and the day's bytes are written down."""
FIRST_WAIT_S, LONGEST_WAIT_S = 0.3, 4.0
CROWDED_WAIT_S = 30.0
"""The longest wait where the hub is reached and hangs up without a word: a whole country calls it, and each attempt
costs it a handshake. A link that is down costs nobody anything, so there it is `LONGEST_WAIT_S`."""
GROWS = 1.5
CONNECT_S = (2.0, 8.0)
FRAME_S = 2.2
"""A frame takes the link for so long: large ones compress better, and what is urgent overtakes their parts."""
LEAST_FRAME, MOST_FRAME = 4_000, 64_000
WARY_AHEAD, AHEAD, SURE_AFTER = 1.2, 2.0, 400_000
"""A link that was lost may be lost again, and what is between here and the hub then goes a second time: after a loss
little is ahead, until a connection has carried so many bytes. Frames go on where they were cut, so their size does not
matter."""
KNOWN_AFTER = 16_000
"""Until a connection has carried so many bytes, the one that was lost just before knows its link better."""
log = logging.getLogger("qafila.sync")
_dice = random.SystemRandom()


@dataclass
class Contact:
    """What came of one contact."""

    report: Report = field(default_factory=Report)
    reached: bool = False
    """Everything that was to be said was said, and heard."""
    reason: str = ""
    """Why not: a key of `state.REASONS`."""

    def __str__(self) -> str:
        told = self.report
        words = f"{told.sent} records up, {told.received} down, {told.chunks_up} chunks of files up, "
        words += f"{told.chunks_down} down"
        words += f", {told.aside} set aside by the hub" if told.aside else ""
        return words if self.reached else f"{state.REASONS.get(self.reason, self.reason)} ({words})"


class Caller:
    """Keeps the connection of a node to its hub."""

    def __init__(self, node: Here) -> None:
        self.node = node
        self.retry_s = 0
        """The hub asked to be left alone for so long."""
        self.shut = False
        """The hub was reached, and hung up before it had said a word."""
        self._tickets: dict[str, tuple[ssl.SSLContext, ssl.SSLSession | None]] = {}
        self._shown = 0
        self._connect_s = CONNECT_S[0]
        self._wary, self._rate = False, 0
        """The last connection was lost; bytes a second that it had carried."""
        self._session: tuple[Peer, UnitSession] | None = None
        self._agreement: Agreement | None = None
        self._spoken = range(0)
        """With "too_old" and "too_new": the versions that the hub speaks."""
        self._dictionaries = [*KNOWN, NONE]
        """The first of these is used; one that the hub lacks goes."""
        self._dictionaries.sort(reverse=True)

    def call(self, stopped: Callable[[], bool] = lambda: False, *, stay: bool = False) -> Contact:
        """Say and hear all that there is, with `stay` until the link goes or `stopped`; keeps the state that the
        screens show. Never raises for the link's sake."""
        self.retry_s, self.shut = 0, False
        peer = Peer.objects.filter(upward=True).first()
        if peer is None:
            return Contact(reason="not_enrolled")
        self._agreement = agreement = self._agreement or Agreement(peer.version)
        contact = self._contact(peer, agreement, stopped, stay=stay)
        if contact.reason in ("too_old", "too_new") and agreement.refused(self._spoken):
            contact = self._contact(peer, agreement, stopped, stay=stay)
        elif peer.version != agreement.version:
            # Sticks are written in it, and the next life of this process begins with it.
            with suppress(DatabaseError):
                Peer.objects.filter(pk=peer.pk).update(version=agreement.version)
        if contact.reason:
            state.note_try(contact.reason, None)
        return contact

    def _contact(self, peer: Peer, agreement: Agreement, stopped: Callable[[], bool], *, stay: bool) -> Contact:
        contact = Contact()
        wire: Wire | None = None
        talk: _Talk | None = None
        try:
            session = self._conversation(peer, agreement)
            contact.report = session.report
            wire = self._open(peer)
            talk = _Talk(self.node, session, wire, peer, wary=self._wary, rate=self._rate)
            contact.reached = talk.run(stopped, stay=stay)
            self._wary = talk.wary
        except LinkDown as down:
            contact.reason, self.retry_s, self._spoken = down.reason, down.retry_s, down.spoken
            self._wary = True
            if talk is not None:
                self.shut = down.reason == "no_link" and not talk.heard
            if down.reason == "dictionary" and len(self._dictionaries) > 1:
                self._dictionaries.pop(0)
        except (FrameError, CodecError) as error:
            log.warning("the hub's answer was refused: %s", error)
            contact.reason = "garbled"
        except (OSError, DatabaseError) as error:
            log.error("what the hub said could not be kept: %s", type(error).__name__)
            contact.reason = "disk"
        finally:
            if talk is not None:
                # A line that broke has cost its bytes all the same.
                with suppress(OSError, DatabaseError):
                    talk.tell()
                self._rate = talk.rate
            if wire is not None:
                self._tickets[peer.url] = (self._tickets[peer.url][0], wire.ticket)
                wire.close()
        return contact

    def _conversation(self, peer: Peer, agreement: Agreement) -> UnitSession:
        """The conversation with this hub: it remembers what it did not hear confirmed."""
        if self._session is None or bytes(self._session[0].signing_key) != bytes(peer.signing_key):
            self._session = peer, _session(self.node, peer, lambda: self._dictionaries[0], agreement)
        self._session[1].lost()
        return self._session[1]

    def _open(self, peer: Peer) -> Wire:
        shown = stamp(keys_folder() / "client.crt")
        if shown != self._shown:
            # Renewed: a session that began with the old certificate is not resumed.
            self._tickets.clear()
            self._shown = shown
        context, ticket = self._tickets.get(peer.url) or (_context(keys_folder()), None)
        self._tickets[peer.url] = (context, ticket)
        wire = Wire(peer.url, context, ticket)
        try:
            wire.open(self._connect_s)
        except LinkDown:
            self.shut = wire.stood
            # A slow link answers late: be more patient each time, and begin anew with the next contact.
            self._connect_s = min(CONNECT_S[1], self._connect_s * 1.15)
            raise
        self._connect_s = CONNECT_S[0]
        return wire


class _Talk:
    """One connection's worth of a conversation."""

    def __init__(self, node: Here, session: UnitSession, wire: Wire, peer: Peer, *, wary: bool, rate: int) -> None:
        self.session, self.wire, self.peer, self.wary = session, wire, peer, wary
        self.rate = rate if wary else 0
        self.changed = (node.directory or Path()) / "changed"
        self.stamp = -1
        self.noted = -NOTED_S
        self.heard = False
        self.asked: dict[int, int] = {}
        self.sizes: dict[int, int] = {}
        self.carried = 0
        self.paid = -COST_S
        self.bytes = (0, 0)
        self.before = session.report.raw_up + session.report.files_up
        self.again = clock.monotonic() + AGAIN_S
        self.greet = clock.monotonic() + GREET_S

    def run(self, stopped: Callable[[], bool], *, stay: bool) -> bool:
        """Until all is said (or with `stay`, until the link goes); whether all was said."""
        while not stopped():
            quiet = self._say(HOLD_S if stay else 0)
            if quiet and not stay and not self.wire.under_way:
                return True
            for number, body in self.wire.poll(LOOK_S):
                self._hear(number, body)
            if clock.monotonic() - self.paid >= COST_S:
                self.tell()
            if clock.monotonic() > self.again:
                self.again = clock.monotonic() + AGAIN_S
                self.session.look_again()
                self.stamp = -1
            if clock.monotonic() > self.greet:
                self.greet = clock.monotonic() + GREET_S
                self.session.greet_again()
                self.stamp = -1
        return False

    def tell(self) -> None:
        """Write down what went over the link since the last time, and how far it is."""
        self.paid = clock.monotonic()
        told, report = self.wire.measured(), self.session.report
        budget.note(told.up - self.bytes[0], told.down - self.bytes[1])
        self.bytes = (told.up, told.down)
        confirmed = report.raw_up + report.files_up
        thin = report.frames_up / report.raw_up if report.raw_up else None
        outlook.note_sent(confirmed - self.before, self.wire.rate, thin, self.session.mail)
        self.before = confirmed

    def _say(self, hold_s: int) -> bool:
        """Send what there is while the link has room; whether there was nothing more to say."""
        seen = stamp(self.changed)
        if seen == self.stamp:
            return True
        self._size()
        while self.wire.hungry:
            request = self.session.next(hold_s)
            if request is None:
                # Nothing until something is written here or an answer comes.
                self.stamp = seen
                return True
            number = self.wire.send(request.data, urgent=request.urgent, held_s=request.held_s, headers=request.headers)
            self.sizes[number] = len(request.data)
            if not request.held_s:
                self.asked[number] = clock.now_ms()
        return False

    def _size(self) -> None:
        """How large frames are and how much goes ahead of the answers, by the rate and by what the link has held."""
        self.wary = self.wary and self.carried < SURE_AFTER
        if self.carried > KNOWN_AFTER:
            self.rate = self.wire.rate or self.rate
        rate = max(self.wire.rate, self.rate)
        size = max(LEAST_FRAME, min(MOST_FRAME, rate * FRAME_S)) if rate else FRAME_BYTES
        self.wire.ahead = WARY_AHEAD if self.wary else AHEAD
        self.session.frame_bytes = int(size)

    def _hear(self, number: int, body: bytes) -> None:
        self.session.receive(body)
        self.heard = True
        self.stamp = -1
        self.carried += self.sizes.pop(number, 0)
        asked = self.asked.pop(number, None)
        if clock.monotonic() - self.noted >= NOTED_S:
            self.noted = clock.monotonic()
            # The clocks are compared by a question that was answered at once.
            offset = None if asked is None else self.session.report.hub_time_ms - (asked + clock.now_ms()) // 2
            _note(self.peer, offset)
            state.note_try("", self.wire.measured().least_rtt_s)


def _context(keys: Path) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(keys / "hub-ca.crt"))
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(str(keys / "client.crt"), str(keys / "client.pem"))
        context.set_alpn_protocols(["h2"])
    except (OSError, ssl.SSLError) as error:
        raise LinkDown("no_certificate") from error
    return context


def _session(node: Here, peer: Peer, dictionary: Callable[[], int], agreement: Agreement) -> UnitSession:
    key = pki.signing_key(keys_folder())

    def seal_request(message: Message, number: int) -> bytes:
        return seal(message, node.node, peer.code, number, clock.now_ms(), key, dictionary(), agreement.version)

    def open_reply(data: bytes) -> Frame:
        return open_frame(data, node.node, key_of)

    def key_of(sender: str) -> bytes:
        if sender != peer.code:
            raise FrameError("unknown_sender")
        return bytes(peer.signing_key)

    return UnitSession(JournalStore(peer.code), seal_request, open_reply, _dice, agreement)


def _note(peer: Peer, offset_ms: int | None) -> None:
    """Keep the time of the contact, without writing to the disk at every one."""
    told = peer.last_contact
    if told is not None and timedelta(0) <= clock.now() - told < timedelta(seconds=NOTED_S):
        return
    peer.last_contact = clock.now()
    peer.offset_ms = peer.offset_ms if offset_ms is None else offset_ms
    Peer.objects.filter(pk=peer.pk).update(last_contact=peer.last_contact, offset_ms=peer.offset_ms)
    lease.met()
    clock_doubt.look()


def run_once(directory: Path | None = None) -> Contact:
    """One contact of the node at hand with its hub. Raises `RuntimeError` where `directory` is another node's."""
    if directory is not None and here().directory != directory.absolute():
        raise RuntimeError("this process belongs to another node")
    return Caller(here()).call()


def run_forever(stop: threading.Event) -> None:
    """Stay in contact; after failures call again with growing pauses."""
    caller = Caller(here())
    wait = FIRST_WAIT_S
    said = None
    while not stop.is_set():
        close_old_connections()
        began = clock.monotonic()
        reason = _one(caller, stop)
        if reason != said:
            said = reason
            log.info("link: %s", reason or "up")
        if clock.monotonic() - began > LONGEST_WAIT_S * 2 and not caller.shut:
            wait = FIRST_WAIT_S
        # Jitter, so that a whole fleet does not call at once when a mast comes back.
        stop.wait(caller.retry_s + wait * _dice.uniform(0.5, 1.0))
        wait = longer(wait, shut=caller.shut)
    close_old_connections()


def longer(wait_s: float, *, shut: bool) -> float:
    """The wait after the next failure; `shut`: the hub hangs up without a word."""
    return min(wait_s * GROWS, CROWDED_WAIT_S if shut else LONGEST_WAIT_S)


def _one(caller: Caller, stop: threading.Event) -> str:
    try:
        return caller.call(stop.is_set, stay=True).reason
    except Exception as error:  # noqa: BLE001 - whatever it is, the node has to call again
        log.error("a contact failed: %s", type(error).__name__)
        return "failed"
