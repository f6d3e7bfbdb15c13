"""A process of a unit that calls the hub: drives the real `UnitSession` over a link that does what links do."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qafila.sync.asked import Request
from qafila.sync.codec import CodecError
from qafila.sync.frames import Frame, FrameError
from qafila.sync.messages import Hello, Message, Push
from qafila.sync.session import UnitSession
from qafila.sync.versions import Agreement, heard
from tests.sync.sim import releases
from tests.sync.sim.disk import Killed
from tests.sync.sim.journal import HUB
from tests.sync.sim.parts import LEAST

if TYPE_CHECKING:
    from tests.sync.sim.world import Unit, World

STALL_S = 20.0


class Numbers:
    """Numbers for the frames of a session: good dice take longer to be made than most sessions last."""

    def __init__(self, begin: int) -> None:
        self.last = begin

    def getrandbits(self, count: int, /) -> int:
        self.last = (self.last * 6364136223846793005 + 1442695040888963407) & 0xFFFF_FFFF_FFFF_FFFF
        return self.last >> 64 - count


class Process:
    """Calls, stalls, gives up, calls again."""

    def __init__(self, world: World, unit: Unit, window: int = 1, wait_s: int = 0) -> None:
        self.world, self.unit = world, unit
        self.window, self.wait_s = window, wait_s
        self.session: UnitSession | None = None
        self.out: dict[int, set[int]] = {}
        """Requests under way: number → records in them."""
        self._records: dict[int, set[int]] = {}
        """Of each frame, the records in it."""
        self.boot = unit.boots
        self._again = False
        """A call is due already."""
        self.exchanges = 0

    def seal(self, message: Message, number: int) -> bytes:
        records: set[int] = set()
        if isinstance(message, Push | Hello):
            records = {no for no, _ in self.unit.store.last_given}
        self._urgent_first(type(message).__name__, records)
        self.out[number] = self._records[number] = records
        if self.world.trace is not None:
            self.world.say(f"{self.unit.name} {type(message).__name__} {number:016x}, {len(records)} records")
        return self.world.wire.seal(message, self.unit.name, HUB, number, self.unit.now_ms(), self.agreement.version)

    @property
    def agreement(self) -> Agreement:
        return self.unit.agreement

    def going_on(self, number: int) -> None:
        """A frame of before goes on where it was cut."""
        self.world.say(f"{self.unit.name} goes on with {number:016x}")
        records = self._records[number]
        self._urgent_first("a frame that goes on", records)
        self.out[number] = records

    def _urgent_first(self, what: str, records: set[int]) -> None:
        waiting = self.unit.disk.tables["pending"]
        left = {no for no, (lane, _) in waiting.items() if lane == 0} - records
        left -= {no for under_way in self.out.values() for no in under_way}
        if left and not any(no in waiting and waiting[no][0] == 0 for no in records):
            self.world.wrong(f"{self.unit.name} sends {what} before {len(left)} urgent records")

    def open(self, data: bytes) -> Frame:
        return self.world.wire.opener(self.unit.name, releases.spoken(self.unit.release))(data)

    def start(self) -> None:
        """Begin a contact."""
        self._again = False
        if self.unit.gone or self.world.calm:
            return
        if self.unit.off:
            self.later(30.0)
            return
        if self.boot != self.unit.boots:
            self.boot = self.unit.boots
            self.session = None
            self.out.clear()
        if self.session is None:
            self.session = self._session()
        self.pump()

    def _session(self) -> UnitSession:
        made: UnitSession = self.world.plant.session()(
            self.unit.store, self.seal, self.open, Numbers(self.world.dice.getrandbits(32)), self.agreement
        )
        if self.world.faults.broken_off:
            made.interrupted = self.world.plant.interrupted()(LEAST)
        return made

    def later(self, seconds: float) -> None:
        if not self._again:
            self._again = True
            if self.world.now > self.world.faults.length_s:
                # Nothing happens any more but that a month passes.
                seconds += 10 * 86400.0
            self.world.after(seconds, self.start)

    def pump(self) -> None:
        """Send what there is to send."""
        try:
            while not self.world.calm and self.session is not None and len(self.out) < self.window:
                request = self.session.next(0 if self.world.now > self.world.faults.length_s else self.wait_s)
                if request is None:
                    break
                if request.goes_on:
                    self.going_on(request.number)
                self.send(request, request.number)
        except Killed:
            self.killed()
            return
        except OSError:
            self.cut("disk")
            return
        if not self.out and not self.world.calm:
            self.session = None
            self.later(self.world.dice.uniform(2, 120))

    def killed(self) -> None:
        self.world.say(f"{self.unit.name} was killed")
        self.unit.die(self.world.dice.uniform(1, 60))
        self.later(61.0)

    def send(self, request: Request, number: int) -> None:
        world, dice, rates = self.world, self.world.dice, self.world.faults.rates
        world.say(f"{self.unit.name} → {number:016x} {len(request.data)} bytes")
        session, boot = self.session, self.unit.boots
        world.after(STALL_S + request.held_s, lambda: self._stalled(session, number))

        def answered(status: int, body: bytes) -> None:
            if dice.random() < rates.get("lost_answer", 0) or world.now < self.unit.deaf_until:
                world.say(f"{number:016x} its answer is lost")
                return
            for _ in range(2 if dice.random() < rates.get("twice", 0) / 2 else 1):
                said = self._spoilt(body) if status == 200 else body
                world.after(self._delay(), partial(self.heard, session, boot, number, status, said))

        if self._breaks_off(request, number):
            return
        for _ in range(2 if dice.random() < rates.get("twice", 0) else 1):
            if dice.random() >= rates.get("loss", 0):
                data = self._spoilt(request.data)
                world.after(self._delay(), partial(self._arrive, data, answered, request.goes_on))

    def _arrive(self, data: bytes, answered, goes_on: str) -> None:  # type: ignore[no-untyped-def]
        if self.world.now < self.unit.link_down_until or self.world.server.down:
            return
        self.world.server.request(data, answered, goes_on)

    def _breaks_off(self, request: Request, number: int) -> bool:
        """The link goes in the middle of a request; a while later both ends know."""
        world, dice = self.world, self.world.server.parts.dice
        if dice.random() >= world.faults.broken_off:
            return False
        came = request.data[: dice.randrange(len(request.data))]
        world.say(f"{number:016x} is broken off after {len(came)} bytes")
        world.after(dice.uniform(0.1, 3), lambda: world.server.broken_off(came, request.goes_on))
        world.after(dice.uniform(0.1, 9), partial(self._stalled, self.session, number))
        return True

    def _delay(self) -> float:
        dice = self.world.dice
        if dice.random() < self.world.faults.rates.get("late", 0):
            return dice.uniform(1.0, 60.0)
        return dice.uniform(0.1, 1.0)

    def _spoilt(self, data: bytes) -> bytes:
        dice, rates = self.world.dice, self.world.faults.rates
        if dice.random() < rates.get("short", 0):
            return data[: dice.randrange(len(data))]
        if dice.random() < rates.get("flipped", 0):
            place = dice.randrange(len(data))
            return data[:place] + bytes([data[place] ^ 1 << dice.randrange(8)]) + data[place + 1 :]
        return data

    def heard(self, session: UnitSession | None, boot: int, number: int, status: int, body: bytes) -> None:
        """An answer came, in time or long after."""
        if session is None or session is not self.session or boot != self.unit.boots or self.unit.off:
            return
        if self.world.now < self.unit.link_down_until:
            return
        if status != 200:
            self.world.say(f"{number:016x} refused: {body.decode()}")
            if number in self.out:
                self.agreement.refused(heard(body.decode().partition(" ")[2]))
                self.cut(body.decode())
            return
        try:
            self.world.say(f"{self.unit.name} ← {number:016x}")
            session.receive(body)
        except Killed:
            self.killed()
            return
        except (FrameError, CodecError, OSError) as error:
            self.cut(str(error))
            return
        self.out.pop(number, None)
        self.exchanges += 1
        if self.world.dice.random() < 0.05:
            session.greet_again()
        self.pump()

    def _stalled(self, session: UnitSession | None, number: int) -> None:
        if session is self.session and number in self.out and not self.unit.off:
            self.cut("stalled")

    def cut(self, reason: str) -> None:
        """Nothing more comes on this connection."""
        self.world.say(f"{self.unit.name} cut: {reason}")
        self.out.clear()
        if self.session is not None and self.world.dice.random() < 0.5:
            if self.world.plant.says_lost:
                self.session.lost()
        else:
            self.session = None
        self.later(self.world.dice.uniform(0.5, 8))
