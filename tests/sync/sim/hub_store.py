"""What a hub keeps, as `sync.mailbox` and `sync.hub_store` keep it: mailboxes, and a desk for one sender."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any

from qafila.journal.ingest import Parcel
from qafila.journal.ranges import Ranges, add, holds, subtract, without
from qafila.sync.hub import Have, Sums
from qafila.sync.messages import File, Found, Given, Lookup
from tests.sync.sim import paper
from tests.sync.sim.disk import Disk
from tests.sync.sim.journal import FIRST, HOLDING, HUB, RECEIPT, REFERENCE, Journal, Mail, Peer, Word, count
from tests.sync.sim.paper import Key, Row, read
from tests.sync.sim.releases import LATEST


def _concerns(row: Row) -> str:
    """Whom a record is about."""
    return str(read(row.parcel).fields["who"]) if row.kind in (RECEIPT, HOLDING) else row.patient


class HubJournal(Journal):
    """The hub's journal: what it takes in fills mailboxes."""

    serves = True

    now = 0.0

    def __init__(
        self, disk: Disk, units: Sequence[str], admitted: set[tuple[str, str]], dice: Random, release: int = LATEST
    ) -> None:
        super().__init__(HUB, disk)
        self._release = release
        self.dice = dice
        self.units = units
        self.admitted = admitted
        """Everyone who was ever let in, kept by whoever watches."""

    @property
    def release(self) -> int:
        return self._release

    def on_written(self, key: Key, row: Row) -> None:
        self.fan_out([(key, row)], "")

    def on_ingested(self, fresh: list[tuple[Key, Row]], sender: str) -> None:
        words = [read(row.parcel).fields for key, row in fresh if row.kind == HOLDING and key[0] == HUB]
        for said in words:
            # What this hub said before a restore is known here as soon as its record is.
            before = self.db.get("word", (said["who"], said["node"]))
            if before is None or said["turn"] > before.turn:
                self.db.put("word", (said["who"], said["node"]), Word(said["turn"], said["held"]))
        self.fan_out(fresh, sender)
        for said in words:
            self.answer(said["node"], said)

    def fan_out(self, records: list[tuple[Key, Row]], sender: str) -> None:
        # In one order, so that two transactions never wait for each other.
        for person in sorted({_concerns(row) for _, row in records} - {""}):
            self.db.lock(("person", person))
        for key, row in records:
            if row.patient:
                for node in sorted({key[0], read(row.parcel).fields.get("to")} & set(self.units)):
                    self.admit(row.patient, node)
        for key, row in records:
            if row.kind == HOLDING:
                self.post(str(read(row.parcel).fields["node"]), key, FIRST)
                continue
            if row.patient:
                nodes = {n for n in self.units if self.db.get("scope", (row.patient, n))}
            else:
                nodes = set(self.units) if row.kind == REFERENCE else set()
            given_back = bool(row.patient and sender) and key[0] not in (sender, HUB)
            if not given_back or self.db.get("word", (row.patient, key[0])) is None:
                nodes -= {key[0]}
            for node in sorted(nodes):
                self.post(node, key, row.parcel.lane)
            for node in self.units if given_back else ():
                self.wait_again(node, key)
        for key, row in records:
            if row.kind == RECEIPT:
                self.answer(key[0], read(row.parcel).fields)

    def let_go(self, person: str, node: str) -> None:
        """The node does not need the person any more."""
        with self.db.atomic():
            self.db.lock(("person", person))
            if self.db.get("scope", (person, node)):
                self.db.drop("scope", (person, node))
                self.take_back(person, node)
                self.say(person, node, held=False)

    def say(self, person: str, node: str, *, held: bool, after: int = 0) -> None:
        before = self.db.get("word", (person, node)) or Word(0, True)
        turn = max(int(self.now * 1000), before.turn + 1, after + 1)
        self.db.put("word", (person, node), Word(turn, held))
        known = [k for k, row in self.db.rows("records").items() if row.patient == person and k[0] == node]
        fields = {"node": node, "who": person, "held": held, "turn": turn, "known": known}
        # Every process has a run of its own.
        self.write(None, self.dice, turn, [(HOLDING, "", fields, 0)])

    def take_back(self, person: str, node: str) -> None:
        for key, number in list(self.db.rows(f"mailed/{node}").items()):
            if self.db.get("records", key).patient == person:
                self.db.drop(f"mailed/{node}", key)
                self.db.drop(f"mail/{node}", number)

    def answer(self, node: str, said: dict[str, Any]) -> None:
        person, turn = said["who"], said["turn"]
        last = self.db.get("word", (person, node))
        held = bool(self.db.get("scope", (person, node)))
        if last is not None and last.turn > turn:
            if last.held and not said["held"]:
                self.mail_again(person, node)
            return
        if held == said["held"]:
            return
        if held:
            self.return_all(person, node, turn)
        else:
            self.say(person, node, held=False, after=turn)

    def mail_again(self, person: str, node: str) -> None:
        for key, row in list(self.db.rows("records").items()):
            if row.patient == person:
                self.post(node, key, row.parcel.lane)
                self.wait_again(node, key)

    def wait_again(self, node: str, key: Key) -> None:
        number = self.db.get(f"mailed/{node}", key)
        if number is not None:
            self.db.put(f"mail/{node}", number, self.db.get(f"mail/{node}", number)._replace(acked=None))

    def return_all(self, person: str, node: str, after: int = 0) -> None:
        self.take_back(person, node)
        self.say(person, node, held=True, after=after)
        for key, row in list(self.db.rows("records").items()):
            if row.patient == person:
                self.post(node, key, row.parcel.lane)

    def admit(self, person: str, node: str) -> None:
        if self.db.get("scope", (person, node)):
            return
        self.db.put("scope", (person, node), True)
        self.admitted.add((person, node))
        if self.db.get("word", (person, node)):
            self.return_all(person, node)
            return
        for key, row in list(self.db.rows("records").items()):
            if row.patient == person and key[0] != node:
                self.post(node, key, row.parcel.lane)

    def post(self, node: str, key: Key, lane: int) -> None:
        if self.db.get(f"mailed/{node}", key) is None:
            number = self.disk.number("mail")
            self.db.put(f"mailed/{node}", key, number)
            self.db.put(f"mail/{node}", number, Mail(key, lane, None))

    def restored(self) -> bool:
        return len(self.db.rows("lives")) > 1

    def mend(self, raw: bytes) -> None:
        """A person takes a record in that had been set aside: its cause is gone."""
        with self.db.atomic():
            key, parcel = self.db.get("quarantine", raw)
            self.db.put("mended", key, True)
            self.ingest([parcel], key[0])


class Desk(HubJournal):
    """What a hub keeps for one sender (`hub.HubStore`), in one request."""

    def __init__(
        self,
        disk: Disk,
        units: Sequence[str],
        admitted: set[tuple[str, str]],
        dice: Random,
        sender: str,
        now: float,
        release: int = LATEST,
    ) -> None:
        super().__init__(disk, units, admitted, dice, release)
        self.sender, self.now = sender, now
        self.parts: Any = None

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

    def life(self) -> int:
        lives = self.db.rows("lives")
        return int(max(lives, key=lambda n: lives[n][0]))

    def backups(self, life: int) -> tuple[int, int]:
        lives, backups = self.db.rows("lives"), self.db.rows("backups")
        begun = len(backups)
        life = abs(life)
        if life in (0, self.life()):
            return begun, max((n for n, stands in backups.items() if stands), default=0)
        if life not in lives:
            return begun, 0
        return begun, int(min(base for order, base in lives.values() if order > lives[life][0]))

    def compare(self, have: Have, sums: Sums) -> tuple[Have, Sums]:
        asked: Have = {}
        shared: Sums = {}
        for node, runs in have.items() if self.restored() else ():
            here = self.own(node)
            for run, ranges in runs.items():
                left = subtract(ranges, without(here.get(run, []), self._emptied(node, run)))
                if not left and self.total(node, run, ranges) != sums[node][run]:
                    left = ranges
                elif left and (rest := subtract(ranges, left)):
                    shared.setdefault(node, {})[run] = self.total(node, run, rest)
                if left:
                    asked.setdefault(node, {})[run] = left
        same = {n: {r: subtract(x, asked.get(n, {}).get(r, [])) for r, x in runs.items()} for n, runs in have.items()}
        for person in sorted(self._held_unasked(same)) if self.restored() else ():
            self.admit(person, self.sender)
        self._settle_mail(same)
        return asked, shared

    def _emptied(self, node: str, run: int) -> list[int]:
        rows = self.db.rows("records").items()
        return [key[2] for key, row in rows if key[:2] == (node, run) and row.parcel.fields is None]

    def _held_unasked(self, have: Have) -> set[str]:
        people = {
            r.patient
            for (n, run, seq), r in self.db.rows("records").items()
            if holds(have.get(n, {}).get(run, []), seq)
        }
        words = {who for who, node in self.db.rows("word") if node == self.sender}
        return {one for one in people if one and one not in words and not self.db.get("scope", (one, self.sender))}

    def _settle_mail(self, have: Have) -> None:
        peer = self.peer
        ack_no = max(peer.ack_no + 1, int(self.now * 1000))
        self.db.put("peer", self.sender, peer._replace(ack_no=ack_no))
        for number, mail in list(self.db.rows(f"mail/{self.sender}").items()):
            node, run, seq = mail.key
            there = holds(have.get(node, {}).get(run, []), seq)
            if there and mail.acked is None:
                self.db.put(f"mail/{self.sender}", number, mail._replace(acked=ack_no))
            elif not there and mail.acked is not None and (node != self.sender or self._may_have_left(mail.key)):
                self.db.put(f"mail/{self.sender}", number, mail._replace(acked=None))

    def _may_have_left(self, key: Key) -> bool:
        return self.db.get("word", (self.db.get("records", key).patient, self.sender)) is not None

    def held(self) -> dict[int, Ranges]:
        return self.own(self.sender)

    def sums(self) -> dict[int, int]:
        return {run: row.sum for (n, run), row in self.db.rows("runs").items() if n == self.sender}

    def recent(self, count: int) -> list[int]:
        rows = [(row.opened, run) for (n, run), row in self.db.rows("runs").items() if n == self.sender]
        return [run for _, run in sorted(rows, reverse=True)[:count]]

    def take(self, parcels: list[Parcel]) -> tuple[list[int], int]:
        self.disk.step()
        aside, alarms = self.ingest(parcels, self.sender, self.sender)
        for place in aside if alarms else ():
            if paper.author(parcels[place]) != self.sender and paper.readable(parcels[place]):
                self.wait_again(self.sender, read(parcels[place]).key)
        given = [p for p in parcels if paper.author(p) != self.sender and paper.readable(p)] if self.restored() else []
        have: Have = {}
        for node, run, seq in (read(p).key for p in given):
            runs = have.setdefault(node, {})
            runs[run] = add(runs.get(run, []), [seq])
        for person in sorted(self._held_unasked(have)) if have else ():
            self.admit(person, self.sender)
        return aside, alarms

    def return_own(self, run: int, first: int, last: int) -> None:
        for seq in range(first, last + 1):
            key = (self.sender, run, seq)
            row = self.db.get("records", key)
            if row is None:
                continue
            self.post(self.sender, key, row.parcel.lane)
            self.wait_again(self.sender, key)

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
            size += len(parcel.header) + len(parcel.fields or b"") + 64
            if parcels and size > limit:
                break
            numbers.append(number)
            parcels.append(parcel)
        return numbers, parcels

    def quiet(self) -> bool:
        return self.peer.contact < self.now - 20

    def seen(self, time_ms: int | None, waits: Sequence[int] = ()) -> None:
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

    def part(self, mark: bytes) -> int:
        return self.parts.size(mark) if self.parts is not None else 0

    def look_up(self, said: Lookup) -> Found:
        raise AssertionError("nobody asks")
