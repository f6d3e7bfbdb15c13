"""A fleet in virtual time: units, their processes, a hub, links between them. One seed gives one history."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable
from random import Random
from typing import Any

from qafila.sync.versions import Agreement
from tests.sync.sim import releases
from tests.sync.sim.disk import Backup, Disk, Killed
from tests.sync.sim.faults import Faults
from tests.sync.sim.journal import REFERENCE, Draft
from tests.sync.sim.paper import Key
from tests.sync.sim.process import Process
from tests.sync.sim.server import Server
from tests.sync.sim.unit_store import UnitStore
from tests.sync.sim.wire import Wire

START_MS = 1_790_000_000_000
YEAR_MS = 365 * 24 * 3600 * 1000


class Plant:
    """Where a bug can be planted (`plants.py`): what the fleet is made of."""

    def session(self) -> type[Any]:
        from qafila.sync.session import UnitSession

        return UnitSession

    def unit_store(self) -> type[UnitStore]:
        return UnitStore

    def desk(self) -> type[Any]:
        from tests.sync.sim.hub_store import Desk

        return Desk

    run_goes_on_after_restore = False
    hub_begins_a_life = True
    says_lost = True

    def interrupted(self) -> type[Any]:
        from qafila.sync.interrupted import Interrupted

        return Interrupted

    def part_of(self, parts: Any, named: bytes) -> bytes:
        """Which part the hub takes for that one."""
        return named

    catches_up = True
    breaks_off = False
    """Whether requests are cut in their middle as well: rare bugs are found by the seeds that they are found by."""
    events: tuple[str, ...] = ()
    """Only these befall the fleet."""


class Unit:
    """A box with its disk. A clone is another one of the same name."""

    def __init__(self, world: World, name: str, disk: Disk | None = None) -> None:
        self.world, self.name = world, name
        self.disk = disk or Disk()
        self.store = world.plant.unit_store()(name, self.disk, self._told)
        self.release = releases.LATEST
        self.store.runs_release = lambda: self.release
        self.store.write_own = self.write_own
        self.store.own_written = lambda: world.note_own(self)
        self.run: int | None = None
        """The run of the process that writes."""
        self.backups: list[Backup] = [self.disk.backup()]
        self.clock_off_ms = 0
        self.agreement = Agreement(0, releases.spoken(self.release))
        self.gone = False
        self.link_down_until = 0.0
        self.deaf_until = 0.0
        """Requests arrive at the hub, answers never come back."""
        self.off_until = 0.0
        self.boots = 0

    def write_own(self, draft: Draft) -> None:
        """The program writes a record of its own, inside the transaction at hand."""
        self.run = self.store.write(self.run, self.world.dice, self.now_ms(), [draft])

    def _told(self, key: Key, hash_: bytes, aside: bool) -> None:
        self.world.confirmed(self, key, hash_, aside)

    @property
    def off(self) -> bool:
        return self.gone or self.world.now < self.off_until

    def now_ms(self) -> int:
        return START_MS + int(self.world.now * 1000) + self.clock_off_ms

    def boot(self) -> None:
        """The program of this box starts, perhaps a later one than before."""
        self.agreement = Agreement(self.agreement.version, releases.spoken(self.release))
        try:
            if self.world.plant.catches_up and not self.gone:
                self.store.catch_up()
        except OSError:
            # A full disk: the rest is folded at the next start.
            return
        except Killed:
            self.die(5.0)

    def die(self, for_s: float) -> None:
        """All its processes end at once."""
        self.off_until = max(self.off_until, self.world.now + for_s)
        self.disk.kill_in = 0
        self.boots += 1
        self.run = None
        self.world.after(for_s, self.boot)


class World:
    """Everything that happens."""

    def __init__(self, seed: int, faults: Faults, plant: Plant, trace: Callable[[str], None] | None = None) -> None:
        self.seed, self.faults, self.plant = seed, faults, plant
        self.trace = trace
        self.dice = Random(seed ^ 0x5EED)
        self.now = 0.0
        self.calm = False
        self.wire = Wire(faults.real_frames)
        self.problems: list[str] = []
        self.admitted: set[tuple[str, str]] = set()
        self.written: dict[Key, set[bytes]] = {}
        self.dropped: dict[str, str] = {}
        """Files that a unit has thrown away, because the hub has them for good; whose person's."""
        self.rates_drawn = set(faults.rates)
        self.end = faults.length_s
        self.twins: set[str] = set()
        self.names = [f"U{n}" for n in range(1, faults.units + 1)]
        self.people = [f"{n:032x}" for n in range(1, faults.people + 1)]
        self.units = [Unit(self, name) for name in self.names]
        self.server = Server(self)
        self.processes: list[Process] = []
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._order = 0

    def begin(self, unit: Unit) -> None:
        """Another process of a unit calls the hub from now on."""
        process = Process(self, unit, self.dice.choice((1, 1, 2, 4)), self.dice.choice((0, 0, 30)))
        self.processes.append(process)
        process.later(self.dice.uniform(0, 5))

    def crew_acts(self) -> None:
        unit = self.dice.choice(self.units)
        try:
            self.crew_writes(unit)
        except Killed:
            unit.die(self.dice.uniform(1, 60))

    def back_up(self) -> None:
        for unit in self.units:
            unit.backups.append(unit.disk.backup())
        self.server.back_up()

    def say(self, words: str) -> None:
        if self.trace is not None:
            self.trace(f"{self.now:12.2f} {words}")

    def wrong(self, words: str) -> None:
        self.say(f"WRONG {words}")
        self.problems.append(words)

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        self._order += 1
        heapq.heappush(self._queue, (self.now + seconds, self._order, what))

    def run_until(self, end: float) -> None:
        queue = self._queue
        while queue and queue[0][0] <= end:
            self.now, _, what = heapq.heappop(queue)
            what()
        self.now = max(self.now, end)

    def confirmed(self, unit: Unit, key: Key, hash_: bytes, aside: bool) -> None:
        """A unit takes a record for safe: it has to be durable at the hub in this moment."""
        tables = self.server.disk.tables
        row = tables["records"].get(key)
        if row is not None and row.hash == hash_:
            return
        if aside and any(k == key or k is None for k, _ in tables["quarantine"].values()):
            return
        if self.server.restored_s_ago() < 600:
            return
        self.wrong(f"{unit.name} takes {key} for confirmed and the hub does not have it")

    def crew_writes(self, unit: Unit, *, picture: bool = False) -> None:
        """Someone works at a unit: a few records about a person, at times urgent, at times with a picture."""
        dice = self.dice
        if unit.off:
            return
        person = dice.choice(self.people)
        drafts: list[tuple[str, str, dict[str, Any], int]] = []
        for _ in range(dice.choice((1, 1, 2, 4))):
            drafts.append((releases.NOTE, person, releases.note(unit.release, dice), dice.choice((2, 2, 2, 3, 5))))
        if dice.random() < 0.3:
            drafts.append(("clinic.case", person, {"urgent": True}, 0))
        if dice.random() < 0.1 and releases.schema(releases.LATER, unit.release):
            # A kind that the first releases do not know.
            drafts.append((releases.LATER, person, releases.later(unit.release), 2))
        try:
            with unit.store.db.atomic():
                if picture or dice.random() < 0.15:
                    drafts.append(self._picture(unit, person))
                unit.run = unit.store.write(unit.run, dice, unit.now_ms(), drafts)
        except OSError:
            return
        self.note_own(unit)

    def _picture(self, unit: Unit, person: str) -> tuple[str, str, dict[str, Any], int]:
        dice = self.dice
        size = dice.choice((300, 16384, 40000))
        data = (dice.randbytes(32) * (size // 32 + 1))[:size]
        name = hashlib.sha256(data).hexdigest()
        store = unit.store
        lane = dice.choice((0, 3, 4))
        store.expect_file(name, size, lane, person, False)
        for index in range(-(-size // 16384)):
            store.put_chunk(name, index, data[index * 16384 : (index + 1) * 16384])
        return "clinic.attachment", person, {"file": name, "size": size}, 2

    def write_poison(self, unit: Unit) -> None:
        if unit.off:
            return
        bad = self.dice.choice(("digest", "header", "effect"))
        draft = ("clinic.note", self.dice.choice(self.people), {"bad": bad}, self.dice.choice((0, 2)))
        try:
            unit.run = unit.store.write(unit.run, self.dice, unit.now_ms(), [draft])
        except OSError:
            return
        self.note_own(unit)

    def note_own(self, unit: Unit) -> None:
        """Remember what has been written, by key and content."""
        for key, row in unit.disk.tables["records"].items():
            if key[0] == unit.name:
                self.written.setdefault(key, set()).add(row.hash)

    def hub_writes(self) -> None:
        """A specialist answers; the office lets a person be served by another unit; a member of staff is named."""
        dice = self.dice
        if self.server.down:
            return
        tables = self.server.disk.tables
        known = sorted({row.patient for row in tables["records"].values() if row.patient})
        kind = dice.random()
        held = sorted(tables["scope"])
        if held and dice.random() < 0.3:
            person, node = dice.choice(held)
            self.say(f"{node} does not need {person[-2:]} any more")
            self.server.let_go(person, node)
            return
        if kind < 0.2 or not known:
            draft: tuple[str, str, dict[str, Any], int] = (REFERENCE, "", {"name": dice.randbytes(3).hex()}, 2)
        elif kind < 0.4:
            draft = ("clinic.transfer", dice.choice(known), {"to": dice.choice(self.names)}, 1)
        else:
            draft = ("clinic.answer", dice.choice(known), {"text": dice.randbytes(6).hex()}, 1)
        if dice.random() < 0.2 and known:
            draft = (releases.NOTE, draft[1] or known[0], releases.note(self.server.release, dice), 2)
        self.server.write(draft)
