"""What was erased, and where it is carried out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from qafila.journal.header import decode
from qafila.journal.here import here
from qafila.journal.models import Record
from qafila.kernel.clock import hlc_time
from qafila.sync.models import Erasing, Erasure, ErasureReceipt, Peer


@dataclass(frozen=True)
class Place:
    """One node's part in an erasure."""

    node: str
    done_at: datetime | None
    """By that node's clock; None: it has not said so yet."""
    records: int = 0
    files: int = 0
    last_contact: datetime | None = None
    turned_away: bool = False


@dataclass(frozen=True)
class Told:
    """One erasure, without a word of whom it was about."""

    erasure: Erasure
    confirmed_by: UUID | None
    at: datetime | None
    places: list[Place]
    purged: bool
    """Nothing of it is left in the free space of this node's database files."""

    @property
    def open(self) -> int:
        """Nodes that have not answered."""
        return sum(1 for p in self.places if p.done_at is None and not p.turned_away)


def told(limit: int = 200) -> list[Told]:
    """The latest erasures first, each with every node."""
    words = list(Erasure.objects.order_by("-id")[:limit])
    made = _records({w.pk for w in words})
    receipts = list(ErasureReceipt.objects.filter(erasure__in=[w.pk for w in words]))
    at = {pk: moment for pk, (_, moment) in _records({r.pk for r in receipts}).items()}
    by_word: dict[UUID, dict[str, ErasureReceipt]] = {}
    for receipt in receipts:
        by_word.setdefault(receipt.erasure, {})[receipt.node] = receipt
    peers = list(Peer.objects.order_by("code"))
    purged = set(Erasing.objects.exclude(purged_at=None).values_list("pk", flat=True))
    found = []
    for word in words:
        said = by_word.get(word.pk, {})
        places = [_place(here().node, said.get(here().node), at, None)]
        places += [_place(peer.code, said.get(peer.code), at, peer) for peer in peers]
        by, moment = made.get(word.pk, (None, None))
        found.append(Told(word, by, moment, places, word.pk in purged))
    return found


def _place(node: str, receipt: ErasureReceipt | None, at: dict[UUID, datetime], peer: Peer | None) -> Place:
    contact, away = (peer.last_contact, peer.revoked) if peer else (None, False)
    if receipt is None:
        return Place(node, None, last_contact=contact, turned_away=away)
    return Place(node, at.get(receipt.pk), receipt.records, receipt.files, contact, away)


def _records(subjects: set[UUID]) -> dict[UUID, tuple[UUID | None, datetime]]:
    """Row → who wrote it and when."""
    found: dict[UUID, tuple[UUID | None, datetime]] = {}
    for row in Record._base_manager.filter(subject__in=subjects).order_by("-no"):
        header = decode(bytes(row.header))
        found[row.subject] = UUID(header.actor) if header.actor else None, hlc_time(row.hlc)
    return found
