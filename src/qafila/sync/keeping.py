"""What a unit may throw away, and what it gives its hub again: that depends on the hub's backups.

A confirmed record is durable on the hub's disk, and that disk may burn. The hub numbers its backups. What was confirmed
before a greeting that told *n* backups begun is in backup *n* + 1; once that one stands elsewhere it is safe.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import TypeVar

import orjson
from django.db import transaction
from django.db.models import F, Max, Q

from qafila.journal import lives
from qafila.journal.here import here
from qafila.journal.models import Blob, Record, Run
from qafila.journal.ranges import Ranges, holds, join, loads, subtract, total
from qafila.sync.models import Aside, Covered, Fork, Peer, StickMail, Upload
from qafila.sync.node_store import Seen

TOLD = 20_000
_SOME = 500
T = TypeVar("T")
log = logging.getLogger("qafila.sync")


def safe_to_drop(records: Iterable[int] = (), files: Iterable[str] = ()) -> bool:
    """Whether this node may throw away all of these: records by their number (`Record.no`, of any author), files by
    their name. Only where a backup of the hub that stands elsewhere has them; never on a node that calls no hub.

    Whatever deletes on a unit asks this first (forgetting by scope, retention, room for files).
    """
    hub = Peer.objects.filter(upward=True).first() if here().confirmed_by_hub else None
    if hub is None:
        return False
    numbers = list(records)
    if numbers and not _covered(hub, numbers):
        return False
    for some in _parts(sorted(set(files))):
        safe = Upload.objects.filter(sha256__in=some, begun__lt=hub.stands)
        # What never came whole is no loss.
        whole = Blob._base_manager.filter(sha256__in=some, complete=True, stays=False)
        if whole.exclude(sent=True, sha256__in=safe.values("sha256")).exists():
            return False
    return True


def _covered(hub: Peer, numbers: list[int]) -> bool:
    row = _latest(hub.stands)
    if row is None or max(numbers) > row.top:
        return False
    waiting = loads(row.waiting)
    if any(holds(waiting, n) for n in numbers):
        return False
    return not any(Record._base_manager.filter(pk__in=some, pending=True).exists() for some in _parts(numbers))


def _latest(stands: int) -> Covered | None:
    return Covered.objects.filter(begun__lt=stands).order_by("-begun").first()


def _parts(items: Sequence[T]) -> Iterable[Sequence[T]]:
    return (items[start : start + _SOME] for start in range(0, len(items), _SOME))


def seen() -> Seen:
    """What is here now."""
    top = Record._base_manager.aggregate(n=Max("no"))["n"] or 0
    waiting = Record._base_manager.filter(pending=True).values_list("no", flat=True)
    confirmed = Upload.objects.filter(begun__isnull=True, confirmed=F("chunks"))
    files = Blob._base_manager.filter(sha256__in=confirmed.values("sha256"), sent=True, complete=True)
    return Seen(top, join([n, n] for n in waiting), list(files.values_list("sha256", flat=True)[:TOLD]))


def note_backups(hub: str, seen: Seen, begun: int, stands: int) -> None:
    """The hub had all that was `seen` but not waiting, before backup `begun` + 1; backup `stands` is safe."""
    waiting = orjson.dumps(seen.waiting).decode()
    with transaction.atomic(using=here().database):
        Peer.objects.filter(code=hub).exclude(stands=stands).update(stands=stands)
        if not Covered.objects.filter(begun=begun, top=seen.top, waiting=waiting).exists():
            Covered.objects.update_or_create(begun=begun, defaults={"top": seen.top, "waiting": waiting})
        for some in _parts(seen.files):
            Upload.objects.filter(sha256__in=some, begun__isnull=True).update(begun=begun)
        latest = _latest(stands)
        if latest is not None:
            Covered.objects.filter(begun__lt=latest.begun).delete()


def begin_life(hub: str, life: int, stands: int, ack_no: int, wanted: dict[str, dict[int, Ranges]]) -> None:
    """The hub was restored, and the two have compared what they have. What it asks back waits for sending, and what the
    last backup of both its lives does not cover is offered again."""
    with transaction.atomic(using=here().database):
        peer = Peer.objects.select_for_update().get(code=hub)
        before = peer.life
        Covered.objects.filter(begun__gte=stands).delete()
        Upload.objects.filter(begun__gte=stands).update(begun=None)
        StickMail.objects.all().delete()
        peer.life, peer.ack_no, peer.stands = life, ack_no, stands
        peer.save(update_fields=["life", "ack_no", "stands"])
        if not before:
            return
        asked = 0
        for node, runs in wanted.items():
            for run, ranges in runs.items():
                mine = Record._base_manager.filter(node=node, run=run)
                for first_seq, last_seq in ranges:
                    asked += mine.filter(seq__gte=first_seq, seq__lte=last_seq).update(pending=True)
        if abs(before) != life:
            offer_again(stands)
            log.warning("the hub was restored: it gets %d records of others back, and files and the rest anew", asked)


def offer_again(stands: int) -> None:
    """What the hub had set aside, and files, wait for sending again, as far as backup `stands` does not cover them."""
    row = _latest(stands)
    waiting = loads(row.waiting) if row is not None else []
    for aside in Aside.objects.all():
        record = Record._base_manager.filter(node=here().node, run=aside.run, seq=aside.seq)
        no = record.values_list("no", flat=True).first()
        if row is None or no is None or no > row.top or holds(waiting, no):
            record.update(pending=True)
            aside.delete()
    safe = Upload.objects.filter(begun__lt=stands)
    Blob._base_manager.filter(complete=True, sent=True, stays=False).exclude(pk__in=safe.values("sha256")).update(
        sent=False
    )
    Upload.objects.exclude(pk__in=safe.values("sha256")).update(confirmed=0, begun=None)


def agree(run: int, ranges: Ranges, their_sum: int) -> None:
    """The hub holds just these ranges of an own run, all of which are here, with that total."""
    own = Record._base_manager.filter(node=here().node, run=run)
    inside = Q()
    for first, last in ranges:
        inside |= Q(seq__gte=first, seq__lte=last)
    if not ranges:
        return
    other = total_of(here().node, run, ranges) ^ their_sum
    aside = Aside.objects.filter(inside, run=run)
    if not other:
        own.filter(inside, pending=True).update(pending=False)
        aside.delete()
        Fork.objects.filter(run=run).delete()
    elif Fork.objects.filter(run=run, other=other).exists():
        aside.update(there=True)
    else:
        # Another machine wrote under this run as well, and the hub has its records: it has to see those of here.
        log.error("the hub has other records under numbers of this node: its memory was copied; a new run begins")
        lives.seal(here())
        Fork.objects.update_or_create(run=run, defaults={"other": other})
        kept = set(aside.values_list("seq", flat=True))
        again = [no for no, seq in own.filter(inside).values_list("no", "seq") if seq not in kept]
        for some in _parts(again):
            own.filter(pk__in=some).update(pending=True)


def total_of(node: str, run: int, ranges: Ranges) -> int:
    """The total of these records, all of which are here: that of the run, without those that are outside."""
    return _inside(Run._base_manager.get(node=node, run=run), ranges)


def _inside(row: Run, ranges: Ranges) -> int:
    found = row.sum
    for first, last in subtract(loads(row.ranges), ranges):
        outside = Record._base_manager.filter(node=row.node, run=row.run, seq__gte=first, seq__lte=last)
        found = total(map(bytes, outside.values_list("hash", flat=True)), found)
    return found


def same(run: int, ranges: Ranges, their_sum: int) -> bool:
    """Whether the hub has the same records of this own run under these numbers, as far as it can be told from here: not
    of what this node lacks, all of it where it was restored from before the run."""
    row = Run._base_manager.filter(node=here().node, run=run).first()
    return row is not None and not subtract(ranges, loads(row.ranges)) and _inside(row, ranges) == their_sum


def heard_by_stick(hub: str, life: int) -> None:
    """What comes by stick may be of a life of the hub that is over: all is compared at the next contact then."""
    peer = Peer.objects.get(code=hub)
    if life != peer.life and life != -peer.life:
        Peer.objects.filter(code=hub).update(life=-abs(peer.life or life))
