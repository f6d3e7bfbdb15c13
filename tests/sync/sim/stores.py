"""What a node keeps, on a simulated disk: the journal of any node, a unit's store, a hub's desk for one sender.

They follow `journal.ingest`, `sync.intake`, `sync.mailbox`, `sync.store` and `sync.hub_store`, table by table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from qafila.journal import canon
from qafila.journal.ingest import Parcel
from qafila.journal.ranges import Ranges, add, subtract, without
from qafila.sync.messages import File, Given
from qafila.sync.session import CHUNK_BYTES
from tests.sync.sim import paper
from tests.sync.sim.disk import Base, Disk
from tests.sync.sim.paper import Key, Row

REFERENCE = "registry.staff"
HUB = "H"


class Run(NamedTuple):
    ranges: Ranges
    last: int
    head: bytes
    opened: int


class Peer(NamedTuple):
    ack_no: int = 0
    contact: float = -1e9


class Mail(NamedTuple):
    key: Key
    lane: int
    acked: int | None


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

    def write(self, run: int | None, dice: Any, hlc: int, drafts: Sequence[tuple[str, str, dict[str, Any], int]]) -> int:
        """Write records (kind, person, fields, lane) in one transaction; opens a run where there is none."""
        with self.db.atomic():
            if run is None or self.db.get("runs", (self.node, run)) is None:
                run = dice.getrandbits(42) + 1
                heads = {f"{r:x}": row.last for (n, r), row in self.db.rows("runs").items() if n == self.node}
                self._append(run, dice, hlc, (paper.OPENED, "", {"heads": heads}, 2))
            for draft in drafts:
                self._append(run, dice, hlc, draft)
        return run

    def _append(self, run: int, dice: Any, hlc: int, draft: tuple[str, str, dict[str, Any], int]) -> None:
        kind, patient, fields, lane = draft
        row = self.db.get("runs", (self.node, run)) or Run([], 0, b"", self.disk.number("opened"))
        key = (self.node, run, row.last + 1)
        parcel = paper.write(key, row.head, hlc, kind, patient, fields, lane, dice.randbytes(16))
        made = Row(self.disk.number("no"), parcel, canon.link(parcel.prev, parcel.header), patient, kind)
        self.db.put("records", key, made)
        self.db.put("runs", (self.node, run), Run(add(row.ranges, [key[2]]), key[2], made.hash, row.opened))
        self.on_written(key, made)

    def on_written(self, key: Key, row: Row) -> None:
        """Own records that were just written."""

    def on_ingested(self, fresh: list[tuple[Key, Row]], sender: str) -> None:
        """Records of others that were just taken in."""

    def ingest(self, parcels: Sequence[Parcel], sender: str, author: str | None = None) -> tuple[list[int], int]:
        """Take records in: places of those set aside, number of alarms."""
        aside: list[int] = []
        alarms = 0
        fresh: dict[Key, Row] = {}
        for index, parcel in enumerate(parcels):
            if author is not None and paper.author(parcel) != author:
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
            if before is None and said.fields.get("bad") == "effect" and not self.db.get("mended", said.key):
                self.set_aside(parcel, said.key)
                aside.append(index)
            elif before is None:
                fresh[said.key] = Row(self.disk.number("no"), parcel, said.hash, said.patient, said.kind)
            elif before.hash != said.hash:
                alarms += 1
                self.db.put("alarms", said.key, (before.hash, said.hash))
                self.set_aside(parcel, said.key)
                aside.append(index)
        self._keep(fresh)
        self.on_ingested(list(fresh.items()), sender)
        return aside, alarms

    def _keep(self, fresh: dict[Key, Row]) -> None:
        by_run: dict[tuple[str, int], list[Key]] = {}
        for key, row in fresh.items():
            self.db.insert("records", key, row)
            # A side effect that must happen once: two would be two telephone calls.
            self.db.put("effects", key, (self.db.get("effects", key) or 0) + 1)
            by_run.setdefault(key[:2], []).append(key)
        for run in sorted(by_run):
            self.db.lock(("run", *run))
            row = self.db.get("runs", run) or Run([], 0, b"", self.disk.number("opened"))
            top = max(by_run[run])
            last, head = (top[2], fresh[top].hash) if top[2] > row.last else (row.last, row.head)
            ranges = add(row.ranges, [k[2] for k in by_run[run]])
            # The statement that reads and the one that writes are two.
            self.disk.step()
            self.db.put("runs", run, Run(ranges, last, head, row.opened))

    def set_aside(self, parcel: Parcel, key: Key | None) -> None:
        raw = hashlib.sha256(parcel.header + (parcel.fields or b"")).digest()
        self.db.put("quarantine", raw, (key, parcel))

    def own(self, node: str) -> dict[int, Ranges]:
        return {run: row.ranges for (n, run), row in self.db.rows("runs").items() if n == node}

    def expect_file(self, name: str, size: int, lane: int, patient: str, sent: bool) -> None:
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


class UnitStore(Journal):
    """What a unit has for its hub (`session.Store`)."""

    def __init__(self, node: str, disk: Disk, told: Callable[[Key, bytes, bool], None]) -> None:
        super().__init__(node, disk)
        self.told = told
        self.last_given: list[tuple[int, Parcel]] = []
        """Called with each record that is taken for confirmed: its key and hash, and whether it was set aside."""

    def on_written(self, key: Key, row: Row) -> None:
        self.db.put("pending", row.no, (row.parcel.lane, key))

    def on_ingested(self, fresh: list[tuple[Key, Row]], sender: str) -> None:
        for key, row in fresh:
            fields = paper.read(row.parcel).fields
            if "file" in fields and key[0] != self.node:
                self.expect_file(fields["file"], fields["size"], 3, row.patient, True)

    def ack_no(self) -> int:
        return int((self.db.get("peer", HUB) or Peer()).ack_no)

    def set_ack_no(self, number: int) -> None:
        if self.ack_no() != number:
            self.db.put("peer", HUB, Peer(number))

    def own(self, node: str = "") -> dict[int, Ranges]:
        return super().own(node or self.node)

    def held(self) -> dict[int, Ranges]:
        elsewhere: dict[int, list[int]] = {}
        for _, key in self.db.rows("pending").values():
            elsewhere.setdefault(key[1], []).append(key[2])
        for run, seq in self.db.rows("aside"):
            elsewhere.setdefault(run, []).append(seq)
        return {run: without(ranges, elsewhere.get(run, ())) for run, ranges in self.own().items()}

    def pending(self, lanes: range, limit: int, skip: set[int]) -> list[tuple[int, Parcel]]:
        waiting = sorted((lane, no, key) for no, (lane, key) in self.db.rows("pending").items() if lane in lanes)
        found: list[tuple[int, Parcel]] = []
        size = 0
        for _, no, key in waiting:
            if no in skip:
                continue
            parcel = self.db.get("records", key).parcel
            size += len(parcel.header) + len(parcel.fields) + 16
            if found and size > limit:
                break
            found.append((no, parcel))
        self.last_given = found
        return found

    def confirm(self, numbers: Sequence[int], aside: Sequence[int]) -> None:
        with self.db.atomic():
            for no in numbers:
                waiting = self.db.get("pending", no)
                if waiting is None:
                    continue
                key = waiting[1]
                self.told(key, self.db.get("records", key).hash, no in aside)
                if no in aside:
                    self.db.put("aside", key[1:], True)
                self.db.drop("pending", no)

    def reconcile(self, ranges: dict[int, Ranges]) -> None:
        own = self.own()
        lost = 0
        with self.db.atomic():
            believed = self.held()
            for run in ranges.keys() & own.keys():
                there = {s for first, last in ranges[run] for s in range(first, last + 1)}
                for no, (_, key) in list(self.db.rows("pending").items()):
                    if key[1] == run and key[2] in there:
                        self.db.drop("pending", no)
                for key in list(self.db.rows("aside")):
                    if key[0] == run and key[1] in there:
                        self.db.drop("aside", key)
                for first, last in subtract(believed[run], ranges[run]):
                    for seq in range(first, last + 1):
                        lost += self._wait_again((self.node, run, seq))
            if lost:
                for run, seq in list(self.db.rows("aside")):
                    self._wait_again((self.node, run, seq))
                    self.db.drop("aside", (run, seq))
                for name, row in list(self.db.rows("files").items()):
                    if row.complete:
                        self.db.put("files", name, row._replace(sent=False))

    def _wait_again(self, key: Key) -> int:
        row = self.db.get("records", key)
        if row is None:
            return 0
        self.db.put("pending", row.no, (row.parcel.lane, key))
        return 1

    def take(self, parcels: list[Parcel]) -> None:
        with self.db.atomic():
            self.ingest(parcels, HUB)

    def files(self, skip: set[str]) -> list[File]:
        rows = [
            (row.lane, row.size, name, row.patient)
            for name, row in self.db.rows("files").items()
            if row.complete and not row.sent and name not in skip
        ]
        return [File(name, size, "image/jpeg", lane, patient) for lane, size, name, patient in sorted(rows)[:20]]

    def chunk(self, name: str, index: int) -> bytes | None:
        if self.db.get("damaged", name):
            return None
        data: bytes | None = self.db.get("chunks", (name, index))
        return data

    def progress(self, name: str, confirmed: int, chunks: int) -> None:
        row = self.db.get("files", name)
        if confirmed == chunks and row is not None and not row.sent:
            self.db.put("files", name, row._replace(sent=True))

    def wanted(self, skip: set[str], asked: set[tuple[str, int]]) -> tuple[str, int] | None:
        rows = [
            (row.lane, row.size, name)
            for name, row in self.db.rows("files").items()
            if row.sent and not row.complete and name not in skip
        ]
        for _, size, name in sorted(rows)[: len(asked) + 1]:
            for index in self.missing(name, size):
                if (name, index) not in asked:
                    return name, index
        return None

    def keep(self, given: Given) -> bool:
        whole, again = self.put_chunk(given.sha256, given.index, given.data)
        return whole or not again


class HubJournal(Journal):
    """The hub's journal: what it takes in fills mailboxes."""

    serves = True

    def __init__(self, disk: Disk, units: Sequence[str], admitted: set[tuple[str, str]]) -> None:
        super().__init__(HUB, disk)
        self.units = units
        self.admitted = admitted
        """Everyone who was ever let in, kept by whoever watches."""

    def on_written(self, key: Key, row: Row) -> None:
        self.fan_out([(key, row)], "")

    def on_ingested(self, fresh: list[tuple[Key, Row]], sender: str) -> None:
        self.fan_out(fresh, sender)

    def fan_out(self, records: list[tuple[Key, Row]], sender: str) -> None:
        # In one order, so that two transactions never wait for each other.
        for person in sorted({row.patient for _, row in records if row.patient}):
            self.db.lock(("person", person))
        for key, row in records:
            if row.patient:
                for node in {key[0], paper.read(row.parcel).fields.get("to")} & set(self.units):
                    self.admit(row.patient, node)
        for key, row in records:
            if row.patient:
                nodes = {n for n in self.units if self.db.get("scope", (row.patient, n))}
            else:
                nodes = set(self.units) if row.kind == REFERENCE else set()
            for node in sorted(nodes - {key[0], sender}):
                self.post(node, key, row.parcel.lane)

    def admit(self, person: str, node: str) -> None:
        if self.db.get("scope", (person, node)):
            return
        self.db.put("scope", (person, node), True)
        self.admitted.add((person, node))
        for key, row in list(self.db.rows("records").items()):
            if row.patient == person and key[0] != node:
                self.post(node, key, row.parcel.lane)

    def post(self, node: str, key: Key, lane: int) -> None:
        if self.db.get(f"mailed/{node}", key) is None:
            number = self.disk.number("mail")
            self.db.put(f"mailed/{node}", key, number)
            self.db.put(f"mail/{node}", number, Mail(key, lane, None))

    def mend(self, raw: bytes) -> None:
        """A person takes a record in that had been set aside: its cause is gone."""
        with self.db.atomic():
            key, parcel = self.db.get("quarantine", raw)
            self.db.put("mended", key, True)
            self.ingest([parcel], key[0])


class Desk(HubJournal):
    """What a hub keeps for one sender (`hub.HubStore`), in one request."""

    def __init__(self, disk: Disk, units: Sequence[str], admitted: set[tuple[str, str]], sender: str, now: float) -> None:
        super().__init__(disk, units, admitted)
        self.sender, self.now = sender, now

    @property
    def peer(self) -> Peer:
        return self.db.get("peer", self.sender) or Peer()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self.db.atomic():
            self.db.lock(("peer", self.sender))
            self.disk.step()
            yield

    def ack_no(self) -> int:
        return self.peer.ack_no

    def acknowledge(self, numbers: Sequence[int]) -> None:
        if not numbers:
            return
        peer = self.peer
        self.disk.step()
        ack_no = max(peer.ack_no + 1, int(self.now * 1000))
        self.db.put("peer", self.sender, peer._replace(ack_no=ack_no))
        for number in numbers:
            mail = self.db.get(f"mail/{self.sender}", number)
            if mail is not None and mail.acked is None:
                self.db.put(f"mail/{self.sender}", number, mail._replace(acked=ack_no))

    def forget_acks(self, after: int) -> None:
        for number, mail in list(self.db.rows(f"mail/{self.sender}").items()):
            if mail.acked is not None and mail.acked > after:
                self.db.put(f"mail/{self.sender}", number, mail._replace(acked=None))

    def held(self) -> dict[int, Ranges]:
        return self.own(self.sender)

    def recent(self, count: int) -> list[int]:
        rows = [(row.opened, run) for (n, run), row in self.db.rows("runs").items() if n == self.sender]
        return [run for _, run in sorted(rows, reverse=True)[:count]]

    def take(self, parcels: list[Parcel]) -> tuple[list[int], int]:
        self.disk.step()
        return self.ingest(parcels, self.sender, self.sender)

    def return_own(self, run: int, first: int, last: int) -> None:
        for seq in range(first, last + 1):
            key = (self.sender, run, seq)
            row = self.db.get("records", key)
            if row is None:
                continue
            self.post(self.sender, key, row.parcel.lane)
            number = self.db.get(f"mailed/{self.sender}", key)
            mail = self.db.get(f"mail/{self.sender}", number)
            self.db.put(f"mail/{self.sender}", number, mail._replace(acked=None))

    def waiting(self) -> int:
        return sum(mail.acked is None for mail in self.db.rows(f"mail/{self.sender}").values())

    def fetch(self, limit: int) -> tuple[list[int], list[Parcel]]:
        waiting = sorted(
            (mail.lane, number, mail.key)
            for number, mail in self.db.rows(f"mail/{self.sender}").items()
            if mail.acked is None
        )
        numbers: list[int] = []
        parcels: list[Parcel] = []
        size = 0
        for _, number, key in waiting[:200]:
            parcel = self.db.get("records", key).parcel
            size += len(parcel.header) + len(parcel.fields) + 64
            if parcels and size > limit:
                break
            numbers.append(number)
            parcels.append(parcel)
        return numbers, parcels

    def quiet(self) -> bool:
        return self.peer.contact < self.now - 20

    def seen(self, time_ms: int) -> None:
        self.db.put("peer", self.sender, self.peer._replace(contact=self.now))

    def expect(self, file: File) -> bytes | None:
        self.expect_file(file.sha256, file.size, file.lane, file.patient, True)
        missing = self.missing(file.sha256, file.size)
        bits = bytearray(-(-count(file.size) // 8))
        for i in missing:
            bits[i >> 3] |= 1 << (i & 7)
        return bytes(bits)

    def put(self, name: str, index: int, data: bytes) -> tuple[bool, bool]:
        return self.put_chunk(name, index, data)

    def give(self, name: str, index: int) -> Given:
        row = self.db.get("files", name)
        data = self.db.get("chunks", (name, index))
        if row is None or not row.complete or data is None:
            return Given(name, index, -1)
        if row.patient and not self.db.get("scope", (row.patient, self.sender)):
            return Given(name, index, -1)
        return Given(name, index, row.size, "image/jpeg", data)
