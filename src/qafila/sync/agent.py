"""Calls the hub: once, or for as long as the node runs."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from django.db import DatabaseError, close_old_connections

from qafila.journal.here import Here, here
from qafila.journal.models import Blob, Lane, Record
from qafila.kernel import clock
from qafila.sync import pki, state
from qafila.sync.codec import CodecError
from qafila.sync.enrolment import keys_folder
from qafila.sync.frames import Frame, FrameError, open_frame, seal
from qafila.sync.messages import Message
from qafila.sync.models import Peer
from qafila.sync.session import Report, UnitSession
from qafila.sync.store import JournalStore
from qafila.sync.transport import LinkDown, Transport

POLL_S = 2.0
NOTED_S = 10.0
GLANCE_S = 0.25
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 8.0
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
        self._transport: Transport | None = None
        self._url = ""

    def hang_up(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def call(self, stopped: Callable[[], bool] = lambda: False) -> Contact:
        """Say and hear all that there is; keeps the state that the screens show. Never raises for the link's sake."""
        contact = Contact()
        peer = Peer.objects.filter(upward=True).first()
        if peer is None:
            contact.reason = "not_enrolled"
            return contact
        try:
            transport = self._connection(peer)
            session = _session(self.node, peer)
            contact.report = session.report
            contact.reached = self._talk(session, transport, peer, stopped)
        except LinkDown as down:
            contact.reason = down.reason
        except (FrameError, CodecError) as error:
            log.warning("the hub's answer was refused: %s", error)
            contact.reason = "garbled"
        except (OSError, DatabaseError) as error:
            log.error("what the hub said could not be kept: %s", type(error).__name__)
            contact.reason = "disk"
        if contact.reason:
            self.hang_up()
        state.note_try(contact.reason, self._transport.rtt_s if self._transport else None)
        return contact

    def _connection(self, peer: Peer) -> Transport:
        if self._transport is None or self._url != peer.url:
            self.hang_up()
            self._transport = Transport(peer.url, keys_folder())
            self._url = peer.url
        return self._transport

    def _talk(self, session: UnitSession, transport: Transport, peer: Peer, stopped: Callable[[], bool]) -> bool:
        noted = 0.0
        while (request := session.next()) is not None:
            if stopped():
                return False
            before = clock.now_ms()
            answer = transport.ask(request)
            session.receive(answer)
            if not noted or clock.monotonic() - noted > NOTED_S:
                noted = clock.monotonic()
                _note(peer, session.report.hub_time_ms - (before + clock.now_ms()) // 2)
                state.note_try("", transport.rtt_s)
        return True


def _session(node: Here, peer: Peer) -> UnitSession:
    key = pki.signing_key(keys_folder())

    def seal_request(message: Message, number: int) -> bytes:
        return seal(message, node.node, peer.code, number, clock.now_ms(), key)

    def open_reply(data: bytes) -> Frame:
        return open_frame(data, node.node, key_of)

    def key_of(sender: str) -> bytes:
        if sender != peer.code:
            raise FrameError("unknown_sender")
        return bytes(peer.signing_key)

    return UnitSession(JournalStore(peer.code), seal_request, open_reply, _dice)


def _note(peer: Peer, offset_ms: int) -> None:
    """Keep the time of the contact, without writing to the disk at every one."""
    told = peer.last_contact
    if told is not None and timedelta(0) <= clock.now() - told < timedelta(seconds=NOTED_S):
        return
    Peer.objects.filter(pk=peer.pk).update(last_contact=clock.now(), offset_ms=offset_ms)


def run_once(directory: Path | None = None) -> Contact:
    """One contact of the node at hand with its hub. Raises `RuntimeError` where `directory` is another node's."""
    if directory is not None and here().directory != directory.absolute():
        raise RuntimeError("this process belongs to another node")
    caller = Caller(here())
    try:
        return caller.call()
    finally:
        caller.hang_up()


def run_forever(stop: threading.Event) -> None:
    """Call whenever there is something to say, and every few seconds to hear; after failures with growing pauses."""
    caller = Caller(here())
    wait = FIRST_WAIT_S
    said = None
    while not stop.is_set():
        close_old_connections()
        reason = _one(caller, stop)
        if reason != said:
            said = reason
            log.info("link: %s", reason or "up")
        if not reason:
            wait = FIRST_WAIT_S
            _listen(stop)
        else:
            # Jitter, so that a whole fleet does not call at once when a mast comes back.
            stop.wait(wait * _dice.uniform(0.5, 1.0))
            wait = min(wait * 2, LONGEST_WAIT_S)
    caller.hang_up()
    close_old_connections()


def _one(caller: Caller, stop: threading.Event) -> str:
    try:
        return caller.call(stop.is_set).reason
    except Exception as error:  # noqa: BLE001 - whatever it is, the node has to call again
        log.error("a contact failed: %s", type(error).__name__)
        caller.hang_up()
        return "failed"


def _listen(stop: threading.Event) -> None:
    """Wait until there is more to say than after the last contact, or it is time to hear."""
    until = clock.monotonic() + POLL_S * _dice.uniform(0.7, 1.3)
    left = _left()
    while clock.monotonic() < until and not stop.wait(GLANCE_S):
        if any(now > before for now, before in zip(_left(), left, strict=True)):
            return


def _left() -> tuple[int, int]:
    """Records and files that have not left."""
    records = Record._base_manager.filter(pending=True)[:1000].count()
    return records, Blob._base_manager.filter(sent=False, complete=True, lane__lte=Lane.BULK)[:1000].count()
