"""What a unit has for its hub, as `sync.store` keeps it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace

from qafila.journal.ingest import Parcel
from qafila.journal.ranges import Ranges, holds, join, subtract, total, without
from qafila.sync.messages import File, Found, Given, Lookup
from qafila.sync.node_store import Seen
from tests.sync.sim.disk import Disk
from tests.sync.sim.journal import HOLDING, HUB, RECEIPT, Draft, Journal, Peer, Word, count
from tests.sync.sim.paper import Key, Row, read
from tests.sync.sim.releases import LATEST


class UnitStore(Journal):
    """What a unit has for its hub (`session.Store`)."""

    def __init__(self, node: str, disk: Disk, told: Callable[[Key, bytes, bool], None]) -> None:
        super().__init__(node, disk)
        self.told = told
        self.runs_release: Callable[[], int] = lambda: LATEST
        self.last_given: list[tuple[int, Parcel]] = []
        """Called with each record that is taken for confirmed: its key and hash, and whether it was set aside."""
        self.write_own: Callable[[Draft], None] = lambda draft: None
        self.own_written: Callable[[], None] = lambda: None

    @property
    def release(self) -> int:
        return self.runs_release()

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
                    self.own_written()
        except OSError:
            return

    def in_use(self, person: str, known: Sequence[Key]) -> bool:
        rows = self.db.rows("records")
        if any(rows[key].patient == person for _, key in self.db.rows("pending").values()):
            return True
        if any(row.patient == person and key[0] == self.node and key not in known for key, row in rows.items()):
            return True
        if any(r.patient == person and r.complete and not r.sent for r in self.db.rows("files").values()):
            return True
        return not self.backed_up(person)

    def backed_up(self, person: str) -> bool:
        """Whether a backup that stands elsewhere has all that is here of a person."""
        full = (r for r in self.db.rows("records").values() if r.patient == person and r.parcel.fields is not None)
        files = (n for n, f in self.db.rows("files").items() if f.patient == person and f.complete)
        return all(self.covered(r.no) for r in full) and all(self.safe_to_drop(n) for n in files)

    def forget(self, person: str) -> None:
        for key, row in list(self.db.rows("records").items()):
            if row.patient == person:
                self.db.put("records", key, row._replace(parcel=replace(row.parcel, fields=None, salt=b"")))
                self.db.drop("rows", key)
        for name, file in list(self.db.rows("files").items()):
            if file.patient == person:
                self.db.drop("files", name)
                self.db.drop("stamps", name)
                for index in range(count(file.size)):
                    self.db.drop("chunks", (name, index))

    def ack_no(self) -> int:
        return int((self.db.get("peer", HUB) or Peer()).ack_no)

    def set_ack_no(self, number: int) -> None:
        if self.ack_no() != number:
            self.db.put("peer", HUB, self.peer._replace(ack_no=number))

    @property
    def peer(self) -> Peer:
        return self.db.get("peer", HUB) or Peer()

    def life(self) -> int:
        return self.peer.life

    def have(self) -> tuple[dict[str, dict[str, Ranges]], dict[str, dict[str, int]]]:
        found: dict[str, dict[str, Ranges]] = {}
        sums: dict[str, dict[str, int]] = {}
        for (node, run), row in self.db.rows("runs").items():
            if node != self.node:
                found.setdefault(node, {})[f"{run:x}"] = row.ranges
                sums.setdefault(node, {})[f"{run:x}"] = row.sum
        for (node, run, seq), record in self.db.rows("records").items():
            if node != self.node and record.parcel.fields is None:
                # Nobody gets it from here.
                found[node][f"{run:x}"] = without(found[node][f"{run:x}"], [seq])
                sums[node][f"{run:x}"] = total([record.hash], sums[node][f"{run:x}"])
        return found, sums

    def seen(self) -> Seen:
        # They lie in the order in which they came.
        latest = next(reversed(self.db.rows("records").values()), None)
        top = latest.no if latest is not None else 0
        files = [n for n, f in self.db.rows("files").items() if f.sent and f.complete and not self._stamped(n)]
        return Seen(top, join([n, n] for n in self.db.rows("pending")), files)

    def _stamped(self, name: str) -> bool:
        return self.db.get("stamps", name) is not None

    def note_backups(self, seen: Seen, begun: int, stands: int) -> None:
        with self.db.atomic():
            if self.peer.stands != stands:
                self.db.put("peer", HUB, self.peer._replace(stands=stands))
            if self.db.get("seen", begun) != seen[:2]:
                self.db.put("seen", begun, seen[:2])
            for name in seen.files:
                row = self.db.get("files", name)
                if row is not None and row.sent:
                    self.db.put("stamps", name, begun)
        self.settle()

    def begin_life(self, life: int, stands: int, ack_no: int, wanted: dict[str, dict[int, Ranges]]) -> None:
        with self.db.atomic():
            before = self.peer
            for begun in [b for b in self.db.rows("seen") if b >= stands]:
                self.db.drop("seen", begun)
            for name in [n for n, b in self.db.rows("stamps").items() if b >= stands]:
                self.db.drop("stamps", name)
            self.db.put("peer", HUB, before._replace(life=life, ack_no=ack_no, stands=stands))
            for number in list(self.db.rows("stickmail")):
                self.db.drop("stickmail", number)
            if not before.life:
                return
            for node, runs in wanted.items():
                for run, ranges in runs.items():
                    for first, last in ranges:
                        for seq in range(first, last + 1):
                            self._wait_again((node, run, seq))
            if abs(before.life) != life:
                self.offer_aside_again()
                self.offer_files_again()

    def offer_aside_again(self) -> None:
        with self.db.atomic():
            for run, seq in list(self.db.rows("aside")):
                key = (self.node, run, seq)
                if not self.covered(self.db.get("records", key).no):
                    self._wait_again(key)
                    self.db.drop("aside", (run, seq))

    def offer_files_again(self) -> None:
        with self.db.atomic():
            for name, row in list(self.db.rows("files").items()):
                if row.complete and not self._stamped(name):
                    self.db.put("files", name, row._replace(sent=False))

    def covered(self, no: int) -> bool:
        """Whether a backup that stands elsewhere has this record."""
        rows = [s for b, s in self.db.rows("seen").items() if b < self.peer.stands]
        return any(no <= top and not holds(waiting, no) for top, waiting in rows)

    def safe_to_drop(self, name: str) -> bool:
        """Whether a backup that stands elsewhere has this file."""
        stamp = self.db.get("stamps", name)
        row = self.db.get("files", name)
        return row is not None and row.sent and stamp is not None and stamp < self.peer.stands

    def drop(self, name: str) -> None:
        with self.db.atomic():
            for index in range(count(self.db.get("files", name).size)):
                self.db.drop("chunks", (name, index))
            self.db.drop("files", name)
            self.db.drop("stamps", name)

    def heard_by_stick(self, life: int) -> None:
        """What comes by stick may be of a life of the hub that is over: all has to be compared at the next contact."""
        if life != self.peer.life:
            self.db.put("peer", HUB, self.peer._replace(life=-abs(self.peer.life or life)))

    def noted(self) -> list[int]:
        return [n for n, (_, life) in self.db.rows("stickmail").items() if life == self.life()]

    def settled(self, numbers: Sequence[int]) -> None:
        with self.db.atomic():
            for number in numbers:
                self.db.drop("stickmail", number)

    def own(self, node: str = "") -> dict[int, Ranges]:
        return super().own(node or self.node)

    def held(self) -> dict[int, Ranges]:
        elsewhere: dict[int, list[int]] = {}
        for _, key in self.db.rows("pending").values():
            if key[0] != self.node:
                continue
            elsewhere.setdefault(key[1], []).append(key[2])
        for (run, seq), theirs in self.db.rows("aside").items():
            if theirs is True:
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
                if no in aside and key[0] == self.node:
                    self.db.put("aside", key[1:], True)
                self.db.drop("pending", no)
        self.settle()

    def sums(self, held: dict[int, Ranges]) -> dict[int, int]:
        return {
            run: self.total(self.node, run, ranges) ^ (self.db.get("forks", run) or 0) for run, ranges in held.items()
        }

    def same(self, run: int, told: Any) -> bool:
        """Whether the hub has the same records under these numbers."""
        return self.total(self.node, run, told.held[run]) == told.sums[run]

    def reconcile(self, ranges: dict[int, Ranges], sums: dict[int, int]) -> None:
        own = self.own()
        lost = 0
        with self.db.atomic():
            believed = self.held()
            for run in ranges.keys() & own.keys():
                for first, last in subtract(believed[run], ranges[run]):
                    for seq in range(first, last + 1):
                        self.db.drop("aside", (run, seq))
                        lost += self._wait_again((self.node, run, seq))
                # What is not here cannot be compared; it comes back, and then it can.
                if not subtract(ranges[run], own[run]):
                    self._agree(run, ranges[run], sums.get(run, 0))
            if lost:
                for run, seq in list(self.db.rows("aside")):
                    self._wait_again((self.node, run, seq))
                    self.db.drop("aside", (run, seq))
                for name, row in list(self.db.rows("files").items()):
                    if row.complete:
                        self.db.put("files", name, row._replace(sent=False))
                        self.db.drop("stamps", name)

    def _agree(self, run: int, ranges: Ranges, their_sum: int) -> None:
        aside = [key for key in self.db.rows("aside") if key[0] == run and holds(ranges, key[1])]
        other = self.total(self.node, run, ranges) ^ their_sum
        if not other:
            for no, (_, key) in list(self.db.rows("pending").items()):
                if key[:2] == (self.node, run) and holds(ranges, key[2]):
                    self.db.drop("pending", no)
            for key in aside:
                self.db.drop("aside", key)
            self.db.drop("forks", run)
        elif self.db.get("forks", run) == other:
            for key in aside:
                self.db.put("aside", key, "other")
        else:
            # Another machine wrote under this run as well, and the hub has its records: it has to see ours.
            self.seal_runs()
            self.db.put("forks", run, other)
            for key in list(self.db.rows("records")):
                if key[:2] == (self.node, run) and holds(ranges, key[2]) and key[1:] not in aside:
                    self._wait_again(key)

    def _wait_again(self, key: Key) -> int:
        row = self.db.get("records", key)
        if row is None:
            return 0
        self.db.put("pending", row.no, (row.parcel.lane, key))
        return 1

    def take(self, parcels: list[Parcel]) -> None:
        with self.db.atomic():
            if self.ingest(parcels, HUB)[1]:
                self.seal_runs()
        self.settle()

    def held_back(self) -> frozenset[int]:
        return frozenset()

    def waits(self) -> list[int]:
        return [len(self.db.rows("pending")), 0, 0]

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
