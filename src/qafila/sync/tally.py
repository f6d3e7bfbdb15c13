"""How many rows of each kind are here, and how many of the own ones the hub has: kept counts, not a scan.

The journal only grows, so what was counted once stays counted; a job counts on, and a page adds the few records since.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef

from qafila.journal.here import here
from qafila.journal.lives import OPENED
from qafila.journal.models import Record
from qafila.sync.models import Tally

STEP = 5_000
"""Records counted at a time."""
STEPS = 20


@dataclass(frozen=True)
class Row:
    """One kind of row. `own` rows were written here; of `waiting` the hub has not confirmed everything."""

    kind: str
    own: int
    received: int
    waiting: int

    @property
    def here(self) -> int:
        """All rows of the kind that are on this node."""
        return self.own + self.received

    @property
    def confirmed(self) -> int:
        """Own rows that are wholly on the hub."""
        return max(0, self.own - self.waiting)


def read() -> list[Row]:
    """The counts of now, by kind: five queries; the cost grows with what waits and with the last seconds' records,
    not with what is kept."""
    kept = {row.kind: row for row in Tally.objects.all()}
    since = kept.pop("").counted if "" in kept else 0
    own, received, _last, _full = _count(since)
    pending = Record._base_manager.filter(pending=True).exclude(kind=OPENED).order_by()
    waiting = dict(pending.values_list("kind").annotate(n=Count("subject", distinct=True)))
    kinds = sorted(kept.keys() | own.keys() | received.keys() | waiting.keys())
    empty = Tally()
    return [
        Row(k, kept.get(k, empty).own + own[k], kept.get(k, empty).received + received[k], waiting.get(k, 0))
        for k in kinds
    ]


def advance() -> None:
    """Job: count what has come since, at most `STEPS` × `STEP` records at a time."""
    for _step in range(STEPS):
        with transaction.atomic(using=here().database):
            mark, _fresh = Tally.objects.select_for_update().get_or_create(kind="")
            own, received, last, full = _count(mark.counted)
            for kind in own.keys() | received.keys():
                row, _fresh = Tally.objects.get_or_create(kind=kind)
                Tally.objects.filter(pk=row.pk).update(
                    own=F("own") + own[kind], received=F("received") + received[kind]
                )
            if last > mark.counted:
                Tally.objects.filter(pk="").update(counted=last)
        if not full:
            return


def _count(since: int) -> tuple[Counter[str], Counter[str], int, bool]:
    """New rows by kind among the records after `since`: own, received, the last record's number, more to come."""
    before = Record._base_manager.filter(subject=OuterRef("subject"), no__lt=OuterRef("no"))
    rows = Record._base_manager.filter(no__gt=since).order_by("no")
    found = list(rows.annotate(known=Exists(before)).values_list("no", "node", "kind", "known")[:STEP])
    own: Counter[str] = Counter()
    received: Counter[str] = Counter()
    node = here().node
    for _no, author, kind, known in found:
        if not known and kind != OPENED:
            (own if author == node else received)[kind] += 1
    return own, received, found[-1][0] if found else since, len(found) == STEP
