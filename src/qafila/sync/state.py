"""The link as the crew sees it: signal bars, what has not left yet, doubt about the clock, where each file is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import orjson
from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Length
from django.utils.translation import gettext_lazy as _

from qafila.journal import blobs
from qafila.journal.here import here
from qafila.journal.models import Blob, Record
from qafila.kernel import clock
from qafila.sync import budget, clock_doubt
from qafila.sync.machine import Machine, of_numbers
from qafila.sync.models import Mail, Peer, Upload
from qafila.sync.pki import write_private

FILE = "sync_state.json"
FRESH = timedelta(seconds=75)
"""Without a contact for so long there is no bar."""
QUIET = timedelta(hours=24)
"""Somebody calls a unit that has not been heard of for so long."""
CLOCK_DOUBT_MS = clock_doubt.LIMIT_MS
SAMPLE = 500
"""Records of a lane that are measured; the others are taken to be like them."""
_BARS = ((0.3, 4), (0.8, 3), (2.0, 2))

REASONS = {
    "": "",
    "not_enrolled": _("This node has not joined a hub yet."),
    "no_link": _("No link to the hub. Everything is kept here and leaves when the link is back."),
    "busy": _("The hub is there but cannot take records just now. They are kept here."),
    "refused": _("The hub refuses this node's certificate. Call the coordinator."),
    "unknown_sender": _("The hub does not know this node. Call the coordinator."),
    "revoked": _("The hub has taken this node's certificate back. Call the coordinator."),
    "not_the_hub": _("The machine that answered is not this node's hub. Nothing was sent to it."),
    "no_certificate": _("This node's certificate cannot be read. Enrol it again."),
    "clock": _("The hub's certificate does not hold at this node's date. Set the clock."),
    "garbled": _("The hub's answer came damaged. It is asked for again."),
    "altered": _("A frame was damaged or altered on its way. It is sent again."),
    "truncated": _("A frame was cut short on its way. It is sent again."),
    "not_a_frame": _("The hub could not read what was sent. Check that both run a current version."),
    "unreadable": _("The hub could not read what was sent. Check that both run a current version."),
    "unexpected": _("The hub could not read what was sent. Check that both run a current version."),
    "version": _("The hub speaks another version. Update this node."),
    "too_old": _("This node's program is too old for the hub: update this node. Until then everything is kept here."),
    "too_new": _(
        "The hub's program is too old for this node: the hub has to be updated. Until then everything is kept here."
    ),
    "dictionary": _("The hub speaks another version. Update this node."),
    "other_receiver": _("What was sent was meant for another hub. Enrol this node again."),
    "too_large": _("A frame was too large for the hub."),
    "failed": _("The last contact failed on this node. Everything is kept; it calls again."),
    "disk": _("What the hub sent could not be stored: the disk may be full."),
}
"""What people are told when a contact failed, by the reason's short name."""


@dataclass(frozen=True)
class LinkState:
    """The link of a node to its hub."""

    enrolled: bool
    bars: int
    """0 (none) to 4, as on a phone."""
    last_contact: datetime | None
    reason: str
    """Why the last contact failed, in words for a person; empty: it did not."""
    rtt_ms: int | None
    offset_s: float | None
    """The hub's clock minus this one's, seconds."""
    doubtful_clock: bool
    """The two clocks differ by more than five minutes: times on this node may be wrong."""
    pending: dict[int, int] = field(default_factory=dict)
    """Lane → records that have not left."""
    pending_bytes: int = 0
    files: int = 0
    """Files that are not wholly on the hub."""
    files_bytes: int = 0

    @property
    def waiting(self) -> int:
        """All records that have not left."""
        return sum(self.pending.values())


@dataclass(frozen=True)
class FileState:
    """Where a file is. `state`: `saved` (here alone), `sending`, `on_hub`, `expected` (not wholly here yet), `here`,
    `unknown`."""

    state: str
    done: int = 0
    """Chunks that are on the hub, or of an expected file: here."""
    chunks: int = 0
    held: bool = False
    """It waits for the parked vehicle."""


@dataclass(frozen=True)
class NodeState:
    """A node as its hub sees it."""

    code: str
    profile: str
    unit: str
    last_contact: datetime | None
    offset_s: float | None
    doubtful_clock: bool
    waiting: int
    """Records that wait for it."""
    revoked: bool
    told: tuple[int, int, int] | None = None
    """What it last said waits there: records, files, bytes of files; None: it never said."""
    machine: Machine | None = None
    """How its machine did at the last contact; None: it does not say."""


def waiting_records() -> int:
    """Records that have not left yet."""
    return Record._base_manager.filter(pending=True).count()


def read(directory: Path | None = None) -> LinkState:
    """The link of the node at hand (`directory`: its own, where the caller has it)."""
    peer = Peer.objects.filter(upward=True).first()
    said = told(directory)
    rows = Record._base_manager.filter(pending=True)
    lanes = {r["lane"]: r["n"] for r in rows.values("lane").annotate(n=Count("no")).order_by("lane")}
    files = Blob._base_manager.filter(sent=False, complete=True).aggregate(n=Count("pk"), size=Sum("size"))
    rtt = said.get("rtt_ms")
    reason = str(said.get("reason", "")) if peer else "not_enrolled"
    return LinkState(
        enrolled=peer is not None,
        bars=_bars(peer, reason, rtt),
        last_contact=peer.last_contact if peer else None,
        reason=str(REASONS.get(reason, REASONS["no_link"])),
        rtt_ms=rtt if isinstance(rtt, int) else None,
        offset_s=_seconds(peer),
        doubtful_clock=_doubt(peer),
        pending=lanes,
        pending_bytes=sum(records_bytes(lane, count) for lane, count in lanes.items()),
        files=files["n"] or 0,
        files_bytes=files["size"] or 0,
    )


@dataclass(frozen=True)
class Brief:
    """The link in as little as every page can afford."""

    bars: int
    reason: str
    waiting: int
    """Records that have not left, counted up to the limit."""


def brief(limit: int = 1000) -> Brief:
    """The link for the head of every page: two queries whose cost does not grow with what waits."""
    peer = Peer.objects.filter(upward=True).first()
    said = told()
    reason = str(said.get("reason", "")) if peer else "not_enrolled"
    waiting = Record._base_manager.filter(pending=True).order_by()[:limit].count()
    words = str(REASONS.get(reason, REASONS["no_link"]))
    return Brief(_bars(peer, reason, said.get("rtt_ms")), words, waiting)


def records_bytes(lane: int, count: int) -> int:
    """Bytes, before compression, of the records that wait in a lane; where they are many, as a sample of them says."""
    rows = Record._base_manager.filter(pending=True, lane=lane).order_by("no")[:SAMPLE]
    sizes = [h + (f or 0) for h, f in rows.values_list(Length("header"), Length("fields"))]
    return sum(sizes) * count // len(sizes) if sizes else 0


def moment_of(ms: object) -> datetime | None:
    """The instant of a number of `told`; None where there is none."""
    return clock.from_ms(ms) if isinstance(ms, int) and 0 < ms < 1 << 47 else None


def nodes(start: int = 0, count: int | None = None) -> list[NodeState]:
    """The nodes that call this one, the one that was quiet longest first, those shut out last. Two queries, of which
    the second looks at the mail of these nodes alone."""
    order = ("revoked", F("last_contact").asc(nulls_first=True), "code")
    peers = list(Peer.objects.filter(upward=False).order_by(*order)[start : None if count is None else start + count])
    mail = Mail.objects.filter(acked__isnull=True, to__in=[p.code for p in peers]).order_by()
    waiting = dict(mail.values_list("to").annotate(n=Count("id")))
    return [_node(p, waiting.get(p.code, 0)) for p in peers]


def _node(peer: Peer, waiting: int) -> NodeState:
    said = peer.waits if isinstance(peer.waits, list) and len(peer.waits) >= 3 else None
    return NodeState(
        peer.code,
        peer.profile,
        peer.unit,
        peer.last_contact,
        _seconds(peer),
        _doubt(peer),
        waiting,
        peer.revoked,
        (int(said[0]), int(said[1]), int(said[2])) if said else None,
        of_numbers(said[3:6]) if said else None,
    )


def nodes_count() -> tuple[int, int]:
    """How many nodes call this one, and how many of those that may have not done so for a day. One query."""
    silent = Q(revoked=False) & (Q(last_contact__isnull=True) | Q(last_contact__lt=clock.now() - QUIET))
    found = Peer.objects.filter(upward=False).aggregate(n=Count("pk"), quiet=Count("pk", filter=silent))
    return found["n"], found["quiet"]


def not_left(subjects: Iterable[UUID]) -> set[UUID]:
    """Those of the rows of which something is here alone."""
    rows = Record._base_manager.filter(pending=True, subject__in=list(subjects))
    return set(rows.values_list("subject", flat=True))


def of_file(name: str) -> FileState:
    """Where a file is."""
    row = Blob._base_manager.filter(sha256=name).first()
    if row is None:
        return FileState("unknown")
    if not row.complete:
        if row.size == blobs.UNKNOWN_SIZE:
            return FileState("expected")
        total = blobs.count(row.size)
        return FileState("expected", total - len(blobs.missing(name)), total)
    if not here().confirmed_by_hub:
        return FileState("here")
    if row.sent:
        return FileState("on_hub")
    held = row.lane in budget.WAITS_FOR_PARKING and row.lane in budget.read().held_back
    sent = Upload.objects.filter(sha256=name).first()
    if sent is None or not sent.confirmed:
        return FileState("saved", 0, blobs.count(row.size), held)
    return FileState("sending", sent.confirmed, sent.chunks, held)


def note_try(reason: str, rtt_s: float | None) -> None:
    """Keep what came of the latest contact, for the processes that draw screens."""
    rtt = None if rtt_s is None else int(rtt_s * 1000)
    before = told()
    if reason != before.get("reason") or _differs(rtt, before.get("rtt_ms")):
        failed = {"failed": reason, "failed_ms": clock.now_ms()} if reason else {}
        keep(before | failed | {"reason": reason, "rtt_ms": rtt})


def keep(words: dict[str, object]) -> None:
    """Write down what the screens are told."""
    try:
        write_private(_file(), orjson.dumps(words))
    except OSError:
        # A full disk: the bars fade by themselves, and the disk has a warning of its own.
        return


def _differs(one: object, other: object) -> bool:
    if not isinstance(one, int) or not isinstance(other, int):
        return one != other
    return abs(one - other) > max(one, other) // 4


def _bars(peer: Peer | None, reason: str, rtt_ms: object) -> int:
    if peer is None or peer.last_contact is None or abs(clock.now() - peer.last_contact) > FRESH:
        return 0
    if reason:
        return 0
    seconds = rtt_ms / 1000 if isinstance(rtt_ms, int) else 1.0
    return next((bars for limit, bars in _BARS if seconds < limit), 1)


def _seconds(peer: Peer | None) -> float | None:
    return None if peer is None or peer.offset_ms is None else peer.offset_ms / 1000


def _doubt(peer: Peer | None) -> bool:
    return peer is not None and peer.offset_ms is not None and abs(peer.offset_ms) > CLOCK_DOUBT_MS


def _file(directory: Path | None = None) -> Path:
    directory = directory or here().directory
    if directory is None:
        raise RuntimeError("this node has no directory")
    return directory / FILE


def told(directory: Path | None = None) -> dict[str, object]:
    """What the process that talks to the hub wrote down last; empty where it never did."""
    try:
        found = orjson.loads(_file(directory).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
