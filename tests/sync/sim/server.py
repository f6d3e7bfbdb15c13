"""The hub: several processes over one database. A request may rest inside its transaction while others run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent, greenlet

from qafila.sync import hub
from qafila.sync.codec import CodecError
from qafila.sync.frames import FrameError
from qafila.sync.messages import Mail, Pull, Welcome
from qafila.sync.versions import told
from tests.sync.sim import releases
from tests.sync.sim.disk import Backup, Disk, Killed
from tests.sync.sim.hub_store import HubJournal
from tests.sync.sim.journal import HUB
from tests.sync.sim.parts import Parts

if TYPE_CHECKING:
    from tests.sync.sim.world import World

Answer = Callable[[int, bytes], None]


class Server:
    """Answers requests."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.disk = Disk()
        self.parts = Parts(world)
        self.disk.pause, self.disk.wait = self._pause, self._wait
        self.run: int | None = None
        self.down_until = 0.0
        self.restored_at = -1e9
        self.too_old = False
        """It was restored from a backup older than one of which the units had heard that it stands."""
        self.version = 1
        self.disk.tables["lives"][1] = (0, 0)
        self.release = releases.LATEST
        self.backups: list[Backup] = [self.disk.backup()]
        self._resting: list[Any] = []
        self._main = getcurrent()

    @property
    def down(self) -> bool:
        return self.world.now < self.down_until

    def restored_s_ago(self) -> float:
        return self.world.now - self.restored_at

    def journal(self) -> HubJournal:
        found = HubJournal(self.disk, self.world.names, self.world.admitted, self.world.dice, self.release)
        found.now = self.world.now
        return found

    def desk(self, sender: str) -> Any:
        world = self.world
        found = world.plant.desk()(
            self.disk, world.names, world.admitted, world.dice, sender, world.now, self.release
        )  # fmt: skip
        found.parts = self.parts
        return found

    def back_up(self, stands_after: float = 0.0) -> None:
        """Begin a backup; at times it is carried elsewhere, and then those before it are not needed any more."""
        backups, number = self.disk.tables["backups"], len(self.disk.tables["backups"]) + 1
        backups[number] = False
        made = self.disk.backup()
        self.backups.append(made)

        def stand() -> None:
            if any(b is made for b in self.backups):
                self.disk.tables["backups"][number] = True
                self.backups = self.backups[next(i for i, b in enumerate(self.backups) if b is made) :]

        if stands_after:
            self.world.after(stands_after, stand)
        elif self.world.dice.random() < 0.5:
            self.world.after(self.world.dice.uniform(1, 200), stand)

    def restore(self, place: int) -> None:
        """Go back to a backup; a new life begins."""
        stood = max((n for n, stands in self.disk.tables["backups"].items() if stands), default=0)
        self.disk.restore(self.backups[place])
        del self.backups[place + 1 :]
        self.restored_at = self.world.now
        tables = self.disk.tables
        if not self.world.plant.hub_begins_a_life:
            return
        base = len(tables["backups"])
        tables["lives"][self.world.dice.getrandbits(31) + 2] = (len(tables["lives"]), base)
        if base:
            tables["backups"][base] = True
        self.too_old = self.too_old or base < stood
        for run, row in list(tables["runs"].items()):
            if run[0] == HUB:
                tables["runs"][run] = row._replace(sealed=True)

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

    def let_go(self, person: str, node: str) -> None:
        """A unit does not need a person any more: it is told so, and asks itself whether a backup has all of it."""
        self.work(lambda: self.journal().let_go(person, node))

    def request(self, data: bytes, answer: Answer, goes_on: str = "") -> None:
        """Answer a request, now or later; never where the hub dies meanwhile. `goes_on`: of which frame it is the
        rest."""
        whole = self.parts.join(goes_on, data) if goes_on else data
        if whole is None:
            answer(400, b"greet_again")
            return

        def work() -> None:
            status, body = self._handle(whole)
            if status != 503:
                self.parts.settled(whole)
            damaged = {"short", "flipped"} & self.world.rates_drawn
            if goes_on and body.startswith(b"altered") and not self.parts.spoilt and not damaged:
                self.world.wrong("a frame that went on was refused, and nobody had altered it")
            answer(status, body)

        self.work(work)

    def broken_off(self, data: bytes, goes_on: str) -> None:
        """So much of a request came, and then nothing."""
        begun = self.parts.join(goes_on, data) if goes_on else data
        if begun is not None and not self.down:
            self.parts.keep(begun)

    def _handle(self, data: bytes, held_until: float = 0.0) -> tuple[int, bytes]:
        world = self.world
        try:
            frame = world.wire.opener(HUB, releases.spoken(self.release))(data)
            if frame.sender not in world.names:
                raise FrameError("unknown_sender")
            desk = self.desk(frame.sender)
            said = hub.answer(desk, frame)
            if isinstance(said, Welcome):
                said.speaks = self.release
            asked = frame.message
            if isinstance(asked, Pull) and asked.wait_s and isinstance(said, Mail) and not said.numbers:
                held_until = held_until or world.now + asked.wait_s * world.dice.random()
                if not asked.acks and world.now < held_until and not world.calm:
                    self._rest(min(12.0, held_until - world.now))
                    return self._handle(data, held_until)
            time_ms = int(world.now * 1000)
            return 200, world.wire.seal(said, HUB, frame.sender, frame.number, time_ms, frame.version)
        except (FrameError, CodecError) as error:
            return (
                400,
                f"{getattr(error, 'reason', 'unreadable')} {told(releases.spoken(self.release))}".encode(),
            )
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
        self.world.after(for_s, self.boot)
        self.disk.kill_in = 0
        self.run = None
        resting, self._resting = self._resting, []
        for process in resting:
            if not process.dead:
                process.throw(Killed)
        assert not self.disk.locks
        self.world.say("the hub was killed")

    def boot(self) -> None:
        """The program starts, perhaps a later one than before."""
        if self.world.plant.catches_up:
            self.work(lambda: self.journal().catch_up())

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
