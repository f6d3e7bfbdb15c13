"""What waits to leave, lane by lane: how many, how large on the link, how long at the rate that was measured; how far
the sending is, in bytes that the hub has confirmed."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Sum

from qafila.journal import blobs
from qafila.journal.models import Blob, Record
from qafila.sync import budget, state
from qafila.sync.models import Upload


@dataclass(frozen=True)
class Waiting:
    """What waits in one lane. Sizes in bytes."""

    lane: int
    records: int
    files: int
    size: int
    """On the link: records as they were compressed of late (before compression where that is not known), and what
    is left of the files."""
    seconds: float | None
    """At the rate that was measured; None: nothing was measured yet."""
    held: str = ""
    """`tomorrow`: the day's bytes are used up; `parking`: it waits for the parked vehicle."""


@dataclass(frozen=True)
class Outlook:
    """All that waits, and how it goes. Rates in bytes a second."""

    lanes: list[Waiting]
    rate: int | None
    """None: this link was never measured."""
    compressed: float | None
    """Bytes on the link for a byte of records; None: not known yet."""
    done: int
    """Bytes (records before compression, and files) that the hub has confirmed since the sending began."""
    total: int
    """Of so many: what waited at the beginning and what was written since, without what is held back."""

    @property
    def sending(self) -> bool:
        """Whether something is going up."""
        return 0 < self.done < self.total

    @property
    def percent(self) -> int:
        """Of what waited, rounded down: 100 is said only of everything."""
        return 100 * self.done // self.total if self.total else 0


def read() -> Outlook:
    """What waits now: a fixed number of queries and at most one more for each lane; counts from indexes, sizes of many
    records from a sample."""
    said = state.told()
    rate, compressed = _number(said.get("rate")), _number(said.get("compressed"))
    held = budget.read()
    rows = Record._base_manager.filter(pending=True).values_list("lane").annotate(n=Count("no")).order_by()
    records = dict(rows)
    files = _files()
    lanes, left = [], 0
    for lane in sorted(records.keys() | files.keys()):
        plain = state.records_bytes(lane, records.get(lane, 0))
        count, size = files.get(lane, (0, 0))
        why = ("tomorrow" if held.used_up else "parking") if lane in held.held_back else ""
        left += 0 if why else plain + size
        link = int(plain * (compressed or 1)) + size
        seconds = link / rate if rate and compressed is not None else None
        lanes.append(Waiting(lane, records.get(lane, 0), count, link, seconds, why))
    done = int(_number(said.get("done")) or 0)
    return Outlook(lanes, int(rate) if rate else None, compressed, done, done + left)


def note_sent(confirmed: int, rate: int, compressed: float | None, mail: int) -> None:
    """The hub has confirmed so many more bytes, on a link of this rate, and holds so much mail; `compressed` as in
    `Outlook`."""
    said = state.told()
    done = int(_number(said.get("done")) or 0) + confirmed
    if done and not confirmed and not _anything():
        done = 0
    words: dict[str, object] = {"done": done, "mail": mail}
    known = _number(said.get("rate")) or 0
    if rate and abs(rate - known) > known / 10:
        words["rate"] = rate
    if compressed is not None:
        words["compressed"] = round(min(compressed, 2.0), 3)
    if any(said.get(key) != value for key, value in words.items()):
        state.keep(said | words)


def _anything() -> bool:
    held = budget.read().held_back
    files = Blob._base_manager.filter(sent=False, complete=True).exclude(lane__in=held)
    records = Record._base_manager.filter(pending=True).exclude(lane__in=held)
    return records.exists() or files.exists()


def _files() -> dict[int, tuple[int, int]]:
    """Lane → files that are not wholly on the hub, and the bytes of them that are left."""
    rows = Blob._base_manager.filter(sent=False, complete=True)
    found = {lane: (n, size or 0) for lane, n, size in _summed(rows)}
    names = rows.values("sha256")
    begun = Upload.objects.filter(sha256__in=names, confirmed__gt=0).values_list("sha256", "confirmed")
    parts = dict(begun)
    for name, lane in rows.filter(sha256__in=list(parts)[:SHOWN]).values_list("sha256", "lane"):
        n, size = found[lane]
        found[lane] = n, max(0, size - parts[name] * blobs.CHUNK)
    return found


SHOWN = 500
"""Files under way at once, at most: a session offers twenty at a time."""


def _summed(rows: object) -> list[tuple[int, int, int]]:
    return list(rows.values_list("lane").annotate(n=Count("pk"), size=Sum("size")).order_by())  # type: ignore[attr-defined]


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and value > 0 else None
