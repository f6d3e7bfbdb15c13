"""The lease: a node that has not met its hub for long closes people's history until a supervisor opens it by telephone.

Time without contact is added up from what the node notices, and never taken back: a clock that is set back adds nothing
while it stands still, yet takes nothing away, and a running node counts by a clock that nobody can set. What the
journal has seen from elsewhere counts as seen.

The code that opens: the node shows a random challenge of 40 bits; the hub answers with the number of days and 72 bits
of HMAC-SHA256 under a key that only the two hold (X25519 of their sealing keys). It holds for that node, that
challenge, those days, once; five wrong ones end the challenge.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from qafila.journal.here import here
from qafila.journal.write import writing
from qafila.kernel import clock, topics, typed
from qafila.sync import clock_doubt, pki
from qafila.sync.enrolment import keys_folder
from qafila.sync.models import Lease, LeaseCode, LeaseOpening, Peer

DAY_S = 86_400
DAYS = (7, 14, 30)
"""For how long a supervisor may open."""
FILE = "lease"
_CHALLENGE, _MAC, _TRIES = 5, 9, 5
REASONS = {
    "mistyped": _("A character is wrong or missing. Compare the code with the supervisor once more."),
    "wrong": _("This code does not belong to this node and this question. Ask the supervisor to read it again."),
    "asked_anew": _("Too many wrong codes: the question has changed. Read the new one to the supervisor."),
    "not_asked": _("There is no question to answer. Ask for one first."),
    "no_hub": _("This node has joined no hub."),
}
_NOTED_S = 3600
_ticked: dict[str, float] = {}
"""Per node, when this process looked last, by the clock that nobody sets."""


@dataclass
class Terms:
    """Days without contact before a warning and before history closes (0: no lease runs); the profile's, by wiring."""

    warn_days: int = 0
    close_days: int = 0


TERMS = Terms()


class Refused(Exception):
    """The code does not open. `reason` is a key of `REASONS`."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True)
class State:
    """How the lease stands."""

    days: int
    """Whole days without contact."""
    left: int
    """Days until history closes, or closes again; 0: it is closed."""
    warned: bool
    closed: bool
    opened: bool
    """A supervisor's code holds it open."""


def state() -> State | None:
    """How it stands now; None where no lease runs. One query."""
    row = Lease.objects.first() if TERMS.close_days else None
    if row is None:
        return None
    spent = row.spent_s + max(0, clock.now_ms() - row.seen_ms) // 1000
    end = max(TERMS.close_days * DAY_S, row.open_until_s)
    opened = row.open_until_s > spent >= TERMS.close_days * DAY_S
    left = max(0, -(-(end - spent) // DAY_S))
    return State(spent // DAY_S, left, spent >= TERMS.warn_days * DAY_S, spent >= end, opened)


def tick() -> None:
    """Job: add up the time since the last look, and leave a word for the pages."""
    node, now = here(), clock.now_ms()
    peer = Peer.objects.filter(upward=True).first()
    if peer is None:
        return
    since = _ticked.get(node.node)
    _ticked[node.node] = clock.monotonic()
    ran = 0 if since is None else int((_ticked[node.node] - since) * 1000)
    with transaction.atomic(using=node.database):
        row = Lease.objects.select_for_update().first()
        if row is None:
            begun = peer.last_contact or peer.enrolled_at
            row = Lease(seen_ms=int(begun.timestamp() * 1000))
        seen = max(row.seen_ms, now, clock_doubt.journal_ms())
        row.spent_s += max(seen - row.seen_ms, ran) // 1000
        row.seen_ms = seen
        row.save()
    _tell(state())


def met() -> None:
    """The hub was reached: the lease begins anew."""
    now, row = clock.now_ms(), Lease.objects.first()
    if row is not None and not row.open_until_s and row.spent_s < _NOTED_S and abs(now - row.seen_ms) < _NOTED_S * 1000:
        # Not at every contact: it would be a write each few seconds.
        return
    fresh = {"spent_s": 0, "seen_ms": now, "open_until_s": 0, "challenge": "", "tries": 0}
    if not Lease.objects.update(**fresh):
        Lease.objects.create(**fresh)
    _ticked.pop(here().node, None)
    _tell(state())


def ask() -> str:
    """What the supervisor is told by telephone; the same until it was answered."""
    tick()
    row = Lease.objects.first()
    if row is None:
        raise Refused("no_hub")
    if not row.challenge:
        row.challenge, row.tries = typed.spell(secrets.token_bytes(_CHALLENGE)), 0
        row.save(update_fields=["challenge", "tries"])
    return str(row.challenge)


def open_by(code: str, by: UUID) -> int:
    """Open history by the supervisor's code: for how many days. Raises `Refused`; nothing is opened then."""
    peer = Peer.objects.filter(upward=True).first()
    if peer is None:
        raise Refused("no_hub")
    wrong = ""
    with transaction.atomic(using=here().database):
        row = Lease.objects.select_for_update().first()
        if row is None or not row.challenge:
            raise Refused("not_asked")
        try:
            said = typed.read(code, 1 + _MAC)
        except typed.Mistyped as error:
            raise Refused("mistyped") from error
        days = said[0]
        expected = _answer(bytes(peer.sealing_key), here().node, peer.code, row.challenge, days)
        if hmac.compare_digest(expected, said) and 0 < days <= max(DAYS):
            with writing(by, "lease.open") as write:
                write.save(LeaseOpening(node=here().node, challenge=row.challenge, days=days))
            row.open_until_s = row.spent_s + max(0, clock.now_ms() - row.seen_ms) // 1000 + days * DAY_S
            row.challenge, row.tries = "", 0
        else:
            row.tries += 1
            wrong = "wrong" if row.tries < _TRIES else "asked_anew"
            row.challenge = row.challenge if row.tries < _TRIES else ""
        row.save()
    if wrong:
        raise Refused(wrong)
    _tell(state())
    return days


def make_code(node: str, challenge: str, days: int, reason: str, by: UUID) -> str:
    """On the hub: the code that opens that node's history. Raises `Refused`, `Peer.DoesNotExist`."""
    peer = Peer.objects.get(code=node, upward=False, revoked=False)
    try:
        asked = typed.spell(typed.read(challenge, _CHALLENGE))
    except typed.Mistyped as error:
        raise Refused("mistyped") from error
    if days not in DAYS:
        raise ValueError("a code opens for the days that people choose from")
    code = typed.spell(_answer(bytes(peer.sealing_key), node, here().node, asked, days))
    with writing(by, "lease.code") as write:
        write.save(LeaseCode(node=node, challenge=asked, days=days, reason=reason[:200]))
    return code


def _answer(other: bytes, node: str, hub: str, challenge: str, days: int) -> bytes:
    shared = pki.sealing_key(keys_folder()).exchange(pki.sealing_public_key(other))
    key = HKDF(SHA256(), 32, b"", f"qafila lease 1\0{hub}\0{node}".encode()).derive(shared)
    mac = hmac.new(key, f"{node}\0{challenge}\0{days}".encode(), hashlib.sha256).digest()
    return bytes([days]) + mac[:_MAC]


def _tell(now: State | None) -> None:
    """Leave the word where every page reads it without a query. What is closed goes by the database, not by this."""
    directory = here().directory
    if directory is None:
        return
    word = "closed" if now and now.closed else f"{now.left}" if now and (now.warned or now.opened) else ""
    file = directory / FILE
    if (file.read_text() if file.exists() else "") != word:
        fresh = directory / f"{FILE}.{os.getpid()}"
        fresh.write_text(word)
        fresh.replace(file)
        (directory / "changed").touch()
        topics.touch(directory, [topics.NODE])


def word() -> str:
    """For the head of every page: `closed`, the days that are left where people are warned, or nothing."""
    directory = here().directory
    try:
        return "" if directory is None else (directory / FILE).read_text()[:10]
    except OSError:
        return ""
