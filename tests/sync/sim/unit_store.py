"""What a unit has for its hub, as `sync.store` keeps it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from qafila.journal.ingest import Parcel
from qafila.journal.ranges import Ranges, subtract, without
from qafila.sync.messages import File, Found, Given, Lookup
from tests.sync.sim.disk import Disk
from tests.sync.sim.journal import HOLDING, HUB, RECEIPT, Draft, Journal, Peer, Word, count
from tests.sync.sim.paper import Key, Row, read


class UnitStore(Journal):
    """What a unit has for its hub (`session.Store`)."""

    def __init__(self, node: str, disk: Disk, told: Callable[[Key, bytes, bool], None]) -> None:
        super().__init__(node, disk)
        self.told = told
        self.last_given: list[tuple[int, Parcel]] = []
        """Called with each record that is taken for confirmed: its key and hash, and whether it was set aside."""
        self.write_own: Callable[[Draft], None] = lambda draft: None

    def on_written(self, key: Key, row: Row) -> None:
        self.db.put("pending", row.no, (row.parcel.lane, key))

    def on_ingested(self, fresh: list[tuple[Key, Row]], sender: str) -> None:
        for key, row in fresh:
            fields = read(row.parcel).fields
            if "file" in fields and key[0] != self.node:
                self.expect_file(fields["file"], fields["size"], 3, row.patient, True)
        for key, row in fresh:
            fields = read(row.parcel).fields
            if row.kind == HOLDING and key[0] == HUB and fields["node"] == self.node:
                known = tuple((n, run, seq) for n, run, seq in fields["known"])
                self.hear(fields["who"], Word(fields["turn"], fields["held"], True, known))
        for person in {row.patient for _, row in fresh if row.patient}:
            word = self.db.get("leave", person)
            if word is not None and not word.held:
                self.db.put("leave", person, word._replace(due=True))

    def hear(self, person: str, word: Word) -> None:
        before = self.db.get("leave", person)
        if before is None or word.turn > before.turn:
            self.db.put("leave", person, word)

    def settle(self) -> None:
        """Forget whom the hub says to forget, as far as nothing is here alone; with a receipt."""
        try:
            for person, word in sorted(self.db.rows("leave").items()):
                if word.due and (word.held or not self.in_use(person, word.known)):
                    with self.db.atomic():
                        if not word.held:
                            self.forget(person)
                        self.db.put("leave", person, word._replace(due=False))
                        said = {"node": self.node, "who": person, "held": word.held, "turn": word.turn}
                        self.write_own((RECEIPT, "", said, 1))
        except OSError:
            return

    def in_use(self, person: str, known: Sequence[Key]) -> bool:
        rows = self.db.rows("records")
        if any(rows[key].patient == person for _, key in self.db.rows("pending").values()):
            return True
        if any(row.patient == person and key[0] == self.node and key not in known for key, row in rows.items()):
            return True
        return any(r.patient == person and r.complete and not r.sent for r in self.db.rows("files").values())

    def forget(self, person: str) -> None:
        for key, row in list(self.db.rows("records").items()):
            if row.patient == person:
                self.db.put("records", key, row._replace(parcel=replace(row.parcel, fields=None, salt=b"")))
        for name, file in list(self.db.rows("files").items()):
            if file.patient == person:
                self.db.drop("files", name)
                for index in range(count(file.size)):
                    self.db.drop("chunks", (name, index))

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
            size += len(parcel.header) + len(parcel.fields or b"") + 16
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
        self.settle()

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
        self.settle()

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
            self.settle()

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

    def lookup(self) -> None:
        return None

    def looked_up(self, asked: Lookup, found: Found) -> None:
        raise AssertionError("nobody asks")
