"""The hub: several processes over one database. A request may rest inside its transaction while others run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent, greenlet

from qafila.sync import hub
from qafila.sync.codec import CodecError
from qafila.sync.frames import FrameError
from qafila.sync.messages import Mail, Pull
from tests.sync.sim.disk import Backup, Disk, Killed
from tests.sync.sim.hub_store import HubJournal
from tests.sync.sim.journal import HUB

if TYPE_CHECKING:
    from tests.sync.sim.world import World

Answer = Callable[[int, bytes], None]


class Server:
    """Answers requests."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.disk = Disk()
        self.disk.pause, self.disk.wait = self._pause, self._wait
        self.run: int | None = None
        self.down_until = 0.0
        self.restored_at = -1e9
        self.version = 1
        self.backups: list[Backup] = [self.disk.backup()]
        self.oldest = 0
        """Backups before this one are thrown away: units have forgotten what is in it."""
        self._resting: list[Any] = []
        self._main = getcurrent()

    @property
    def down(self) -> bool:
        return self.world.now < self.down_until

    def restored_s_ago(self) -> float:
        return self.world.now - self.restored_at

    def journal(self) -> HubJournal:
        found = HubJournal(self.disk, self.world.names, self.world.admitted, self.world.dice)
        found.now = self.world.now
        return found

    def desk(self, sender: str) -> Any:
        return self.world.plant.desk()(
            self.disk, self.world.names, self.world.admitted, self.world.dice, sender, self.world.now
        )  # fmt: skip

    def mend(self) -> None:
        """A person deals with a record that had been set aside."""
        raws = [raw for raw, (key, p) in self.disk.tables["quarantine"].items() if key and b'"effect"' in p.fields]
        if raws and not self.down:
            self.work(lambda: self.journal().mend(raws[0]))

    def write(self, draft: tuple[str, str, dict[str, Any], int]) -> None:
        """Someone at the hub writes; may rest in the middle, as every process."""

        def act() -> None:
            try:
                run = self.journal().write(self.run, self.world.dice, int(self.world.now * 1000) + 1, [draft])
                self.run = run
            except OSError:
                return

        self.work(act)

    def release(self, person: str, node: str) -> None:
        """A unit does not need a person any more; it is told so when all that it wrote of him is in a backup."""
        if "restore_hub" in self.world.faults.events:
            safe = self.backups[-1].tables
            kept, files = safe.get("records", {}), safe.get("files", {})
            new = [key for key, row in self.disk.tables["records"].items() if row.patient == person and key not in kept]
            of_him = [name for name, row in self.disk.tables["files"].items() if row.patient == person]
            if new or not all(name in files and files[name].complete for name in of_him):
                return
            self.oldest = len(self.backups) - 1
        self.work(lambda: self.journal().release(person, node))

    def request(self, data: bytes, answer: Answer) -> None:
        """Answer a request, now or later; never where the hub dies meanwhile."""
        self.work(lambda: answer(*self._handle(data)))

    def _handle(self, data: bytes, held_until: float = 0.0) -> tuple[int, bytes]:
        world = self.world
        try:
            frame = world.wire.opener(HUB, self.version)(data)
            if frame.sender not in world.names:
                raise FrameError("unknown_sender")
            desk = self.desk(frame.sender)
            said = hub.answer(desk, frame)
            asked = frame.message
            if isinstance(asked, Pull) and asked.wait_s and isinstance(said, Mail) and not said.numbers:
                held_until = held_until or world.now + asked.wait_s * world.dice.random()
                if not asked.acks and world.now < held_until and not world.calm:
                    self._rest(min(12.0, held_until - world.now))
                    return self._handle(data, held_until)
            time_ms = int(world.now * 1000)
            return 200, world.wire.seal(said, HUB, frame.sender, frame.number, time_ms, self.version)
        except (FrameError, CodecError) as error:
            return 400, getattr(error, "reason", "unreadable").encode()
        except OSError:
            return 503, b"busy"

    def work(self, work: Callable[[], None]) -> None:
        """Run a piece of work in a process of the hub."""

        def body() -> None:
            try:
                work()
            except OSError:
                return
            except Killed:
                self.world.after(0.0, lambda: self.die(5.0))

        if getcurrent() is not self._main:
            raise RuntimeError("a process of the hub starts another")
        greenlet(body).switch()

    def die(self, for_s: float) -> None:
        """Every process of the hub is killed."""
        self.down_until = max(self.down_until, self.world.now + for_s)
        self.disk.kill_in = 0
        self.run = None
        resting, self._resting = self._resting, []
        for process in resting:
            if not process.dead:
                process.throw(Killed)
        assert not self.disk.locks
        self.world.say("the hub was killed")

    def _pause(self) -> None:
        world = self.world
        if getcurrent() is not self._main and not world.calm and world.dice.random() < world.faults.interleave:
            self._rest(world.dice.choice((0.01, 0.2, 3.0)))

    def _wait(self) -> None:
        self._rest(0.05)

    def _rest(self, seconds: float) -> None:
        me = getcurrent()
        if me is self._main:
            raise RuntimeError("only a process of the hub can wait")
        self._resting.append(me)

        def go_on() -> None:
            if me in self._resting and not me.dead:
                self._resting.remove(me)
                me.switch()

        self.world.after(seconds, go_on)
        self._main.switch()
