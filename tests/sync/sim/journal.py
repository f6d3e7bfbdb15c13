"""What any node keeps on a simulated disk: its journal and files, as `journal` and `sync.intake` keep them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

from qafila.journal import canon
from qafila.journal.ingest import Parcel
from qafila.journal.ranges import Ranges, add, total
from qafila.sync.chunks import CHUNK_BYTES
from tests.sync.sim import paper, releases
from tests.sync.sim.disk import Base, Disk
from tests.sync.sim.paper import Key, Row

REFERENCE = "registry.staff"
HOLDING, RECEIPT = "sync.holding", "sync.holdingreceipt"
FIRST = -1
HUB = "H"
Draft = tuple[str, str, dict[str, Any], int]
"""A record to be written: kind, person, fields, lane."""


class Run(NamedTuple):
    ranges: Ranges
    last: int
    head: bytes
    opened: int
    sum: int = 0
    sealed: bool = False
    """Nobody writes under it any more."""


class Peer(NamedTuple):
    ack_no: int = 0
    contact: float = -1e9
    life: int = 0
    stands: int = 0


class Mail(NamedTuple):
    key: Key
    lane: int
    acked: int | None


class Word(NamedTuple):
    """What the hub said last about a person to a node."""

    turn: int
    held: bool
    due: bool = False
    known: tuple[Key, ...] = ()
    """Of the node's own records about the person, those that the hub had."""


class Kept(NamedTuple):
    """A file's row; its chunks lie in a table of their own."""

    size: int
    lane: int
    patient: str
    complete: bool
    sent: bool


def count(size: int) -> int:
    return -(-size // CHUNK_BYTES)


class Journal:
    """The journal of a node."""

    serves = False

    def __init__(self, node: str, disk: Disk) -> None:
        self.node, self.disk = node, disk
        self.db = Base(disk)

    @property
    def release(self) -> int:
        """The program that runs here."""
        return releases.LATEST

    def write(
        self, run: int | None, dice: Any, hlc: int, drafts: Sequence[tuple[str, str, dict[str, Any], int]]
    ) -> int:
        """Write records (kind, person, fields, lane) in one transaction; opens a run where there is none."""
        with self.db.atomic():
            row = self.db.get("runs", (self.node, run))
            if run is None or row is None or row.sealed:
                run = dice.getrandbits(42) + 1
                heads = {f"{r:x}": row.last for (n, r), row in self.db.rows("runs").items() if n == self.node}
                self._append(run, dice, hlc, (paper.OPENED, "", {"heads": heads}, 2))
            self.db.lock(("run", self.node, run))
            for draft in drafts:
                self._append(run, dice, hlc, draft)
        return run

    def _append(self, run: int, dice: Random, hlc: int, draft: Draft) -> None:
        kind, patient, fields, lane = draft
        row = self.db.get("runs", (self.node, run)) or Run([], 0, b"", self.disk.number("opened"))
        key = (self.node, run, row.last + 1)
        number = releases.schema(kind, self.release)
        parcel = paper.write(key, row.head, hlc, kind, patient, fields, lane, dice.randbytes(16), number)
        made = Row(self.disk.number("no"), parcel, canon.link(parcel.prev, parcel.header), patient, kind)
        self.db.put("records", key, made)
        longer = Run(add(row.ranges, [key[2]]), key[2], made.hash, row.opened, total([made.hash], row.sum))
        self.db.put("runs", (self.node, run), longer)
        if fields.get("bad") not in paper.UNREADABLE:
            self.fold(key, made)
        self.on_written(key, made)

    def on_written(self, key: Key, row: Row) -> None:
        """Own records that were just written."""

    def on_ingested(self, fresh: list[tuple[Key, Row]], sender: str) -> None:
        """Records of others that were just taken in, or filled in again."""

    def ingest(self, parcels: Sequence[Parcel], sender: str, author: str | None = None) -> tuple[list[int], int]:
        """Take records in: places of those set aside, number of alarms."""
        aside: list[int] = []
        alarms = 0
        fresh: dict[Key, Row] = {}
        again: dict[Key, Row] = {}
        for index, parcel in enumerate(parcels):
            if author is not None and paper.author(parcel) != author and not self.restored():
                self.set_aside(parcel, None)
                aside.append(index)
                continue
            try:
                said = paper.read(parcel)
            except ValueError:
                self.set_aside(parcel, None)
                aside.append(index)
                continue
            before = fresh.get(said.key) or self.db.get("records", said.key)
            stumbles = said.fields.get("bad") == "effect" and said.key[0] != self.node
            if before is None and stumbles and not self.db.get("mended", said.key):
                self.set_aside(parcel, said.key)
                aside.append(index)
            elif before is None:
                fresh[said.key] = Row(self.disk.number("no"), parcel, said.hash, said.patient, said.kind)
            elif before.hash != said.hash:
                alarms += 1
                self.db.put("alarms", said.key, (before.hash, said.hash))
                self.set_aside(parcel, said.key)
                aside.append(index)
            elif before.parcel.fields is None and parcel.fields is not None:
                again[said.key] = before._replace(parcel=parcel)
        self._keep(fresh)
        for key, row in again.items():
            self.db.put("records", key, row)
            self.fold(key, row)
        self.on_ingested([*fresh.items(), *again.items()], sender)
        return aside, alarms

    def _keep(self, fresh: dict[Key, Row]) -> None:
        by_run: dict[tuple[str, int], list[Key]] = {}
        for key, row in fresh.items():
            self.db.insert("records", key, row)
            self.fold(key, row)
            by_run.setdefault(key[:2], []).append(key)
        for run in sorted(by_run):
            self.db.lock(("run", *run))
            row = self.db.get("runs", run) or Run([], 0, b"", self.disk.number("opened"))
            top = max(by_run[run])
            last, head = (top[2], fresh[top].hash) if top[2] > row.last else (row.last, row.head)
            ranges = add(row.ranges, [k[2] for k in by_run[run]])
            # The statement that reads and the one that writes are two.
            self.disk.step()
            all_of_it = total((fresh[k].hash for k in by_run[run]), row.sum)
            # What comes back of one's own cannot be continued: it may have gaps.
            sealed = row.sealed or run[0] == self.node
            self.db.put("runs", run, Run(ranges, last, head, row.opened, all_of_it, sealed))

    def restored(self) -> bool:
        """Whether a restore may have cost this node records of any author."""
        return False

    def seal_runs(self) -> None:
        with self.db.atomic():
            for run, row in list(self.db.rows("runs").items()):
                if run[0] == self.node and not row.sealed:
                    self.db.put("runs", run, row._replace(sealed=True))

    def fold(self, key: Key, row: Row) -> None:
        """Make the record's row, where this release understands it; with it comes its side effect."""
        if row.parcel.fields is None:
            return
        said = paper.read(row.parcel)
        made = releases.understood(said.kind, said.schema, said.fields, self.release)
        if made is None:
            return
        if self.db.get("rows", key) is None:
            # A side effect that must happen once: two would be two telephone calls.
            self.db.put("effects", key, (self.db.get("effects", key) or 0) + 1)
        self.db.put("rows", key, made)

    def catch_up(self) -> None:
        """What an update does at its first start: `journal.refold`."""
        if self.db.get("folded", "release") == self.release:
            return
        with self.db.atomic():
            for key, row in list(self.db.rows("records").items()):
                if row.parcel.fields is not None and paper.readable(row.parcel):
                    self.fold(key, row)
            self.db.put("folded", "release", self.release)

    def set_aside(self, parcel: Parcel, key: Key | None) -> None:
        raw = hashlib.sha256(parcel.header + (parcel.fields or b"")).digest()
        self.db.put("quarantine", raw, (key, parcel))

    def total(self, node: str, run: int, ranges: Ranges) -> int:
        """Of what is here of these."""
        there = self.db.get("runs", (node, run))
        if there is not None and there.ranges == ranges:
            return int(there.sum)
        keys = ((node, run, seq) for first, last in ranges for seq in range(first, last + 1))
        return total(row.hash for row in map(self.db.rows("records").get, keys) if row is not None)

    def own(self, node: str) -> dict[int, Ranges]:
        return {run: row.ranges for (n, run), row in self.db.rows("runs").items() if n == node}

    def expect_file(self, name: str, size: int, lane: int, patient: str, sent: bool) -> None:
        if self.db.get("files", name) is None:
            with self.db.atomic():
                self.db.lock(("file", name))
                if self.db.get("files", name) is None:
                    self.db.put("files", name, Kept(size, lane, patient, False, sent))

    def missing(self, name: str, size: int) -> list[int]:
        return [i for i in range(count(size)) if self.db.get("chunks", (name, i)) is None]

    def put_chunk(self, name: str, index: int, data: bytes) -> tuple[bool, bool]:
        """Keep a chunk: (the file is whole, it has to start anew)."""
        row = self.db.get("files", name)
        if row is None or not 0 <= index < count(row.size):
            return False, True
        with self.db.atomic():
            self.db.lock(("file", name))
            row = self.db.get("files", name)
            self.db.put("chunks", (name, index), data)
            if row.complete or self.missing(name, row.size):
                return bool(row.complete), False
            whole = b"".join(self.db.get("chunks", (name, i)) for i in range(count(row.size)))
            if hashlib.sha256(whole).hexdigest() == name:
                self.db.put("files", name, row._replace(complete=True))
                return True, False
            for i in range(count(row.size)):
                self.db.drop("chunks", (name, i))
            return False, True
