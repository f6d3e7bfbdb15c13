"""Very many units at once: held open, then all of them cut off and calling again in the same moment.

    python -m bench.sync.storm COUNT SEED FOLDER HUB_KEY PORT     the driver, a process in the hub's namespace

Each unit has a connection of its own (HTTP/2 in TLS 1.3 with a client's certificate), a signing key of its own, and
behaves as the agent does: it says hello, with its first records where it has some, and then keeps a question at the hub
that is held until there is mail, which it acknowledges. Failures are followed by the agent's growing waits, and a hub
that says when to come back is obeyed. All call in the same moment; but a country's units have a processor each, and
these have one thread together, so no more of them than `HANDS` shake hands at once: the others' time runs meanwhile.
"""

from __future__ import annotations

import heapq
import json
import random
import resource
import select
import ssl
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django

from bench.sync.caller import Answer, Caller, Lost
from bench.sync.fleet import RECORDS, Words, code, thanks, words
from bench.sync.link import HUB_ADDRESS, Link
from bench.sync.nodes import ROOT, Nodes, say, serve, told, within
from bench.unit.run import pss_mb

if TYPE_CHECKING:
    from qafila.sync.messages import Message

RAMP = 50
"""Units that connect at once while the fleet is brought up gently."""
HELD_S = 60.0
"""Longer than a question is held: each unit asks anew meanwhile."""
HANDS = 200
"""Handshakes under way: with all of them at once each would wait here for longer than the ten seconds that the hub's
server gives it, and be for nothing."""
SHAKE_S, ANSWER_S = 30.0, 15.0
"""How long a unit waits for a handshake, and for an answer that is not held. Longer than `Wire` on a good link (8 and
4 s): all units share the hub's processors here, and what they wait for is often this process."""
HANG_UP_S = 60.0
"""A held question that is not answered this long after it should have been."""
GIVE_UP_S = 600.0
SAMPLE_S = 1.0


@dataclass(slots=True)
class Unit:
    """One unit, and where it stands."""

    number: int
    words: Words
    dice: random.Random
    line: Caller | None = None
    ticket: ssl.SSLSession | None = None
    wait: float = 0.0
    turn: int = 0
    """What is due for an older turn is over."""
    asked: str = ""
    served: float = 0.0
    life: int = 0
    """Of the hub, as it said in its welcome."""
    shaking: bool = False


@dataclass
class Fleet:
    """All units and what became of them: one thread, one `epoll`, one heap of what is due."""

    units: list[Unit]
    hub_key: bytes
    port: int
    tls: ssl.SSLContext
    again: bool = False
    """Whether units have records to bring."""
    served: int = 0
    told_to_wait: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    """Attempts that ended without an answer."""
    wrong: list[str] = field(default_factory=list)
    """Answers that were no answer to what was asked: these are errors."""
    held: int = 0
    resumed: int = 0
    questions: int = 0
    """Held questions that were answered."""
    mailed: int = 0
    """Records that came down."""
    seed: int = 0
    shaking: int = 0
    on_served: Callable[[], None] = lambda: None
    _epoll: select.epoll = field(default_factory=select.epoll)
    _by_file: dict[int, Unit] = field(default_factory=dict)
    _due: list[tuple[float, int, int]] = field(default_factory=list)
    _waiting: deque[Unit] = field(default_factory=deque)
    """Whose turn to shake hands has not come."""

    def later(self, unit: Unit, seconds: float) -> None:
        """Something is due for the unit: a call, or the end of its patience."""
        unit.turn += 1
        heapq.heappush(self._due, (time.monotonic() + seconds, unit.number, unit.turn))

    def run(self, until: Callable[[], bool], end: float) -> None:
        """Let them call and wait until that holds."""
        while not until() and time.monotonic() < end:
            wait = max(0.0, min(0.2, self._due[0][0] - time.monotonic())) if self._due else 0.2
            for file, event in self._epoll.poll(wait):
                unit = self._by_file.get(file)
                if unit is not None:
                    self._safely(unit, lambda u=unit, e=event: self._moved(u, e))  # type: ignore[misc]
            now = time.monotonic()
            while self._due and self._due[0][0] <= now:
                _, number, turn = heapq.heappop(self._due)
                unit = self.units[number]
                if unit.turn == turn:
                    self._safely(unit, lambda u=unit: self._is_due(u))  # type: ignore[misc]

    def cut(self) -> None:
        """Every connection breaks at once, and each unit calls again when it has seen it."""
        for unit in self.units:
            if unit.line is not None:
                self._drop(unit)

    def call_again(self) -> None:
        """What each unit does that was cut off, as the agent."""
        from qafila.sync.agent import FIRST_WAIT_S

        self.served = self.resumed = self.questions = 0
        self.lost.clear()
        self.told_to_wait.clear()
        for unit in self.units:
            unit.wait, unit.served = FIRST_WAIT_S, 0.0
            self._wait(unit, 0)

    # --- one unit ---------------------------------------------------------------------------

    def _safely(self, unit: Unit, act: Callable[[], None]) -> None:
        try:
            act()
        except (Lost, OSError) as error:
            when = unit.asked or ("connected" if unit.line and unit.line.shaken else "handshake")
            self.lost[f"{when}: {str(error) if isinstance(error, Lost) else type(error).__name__}"] += 1
            self._drop(unit)
            self._wait(unit, 0)

    def _wait(self, unit: Unit, retry_s: int) -> None:
        from qafila.sync.agent import longer

        self.later(unit, retry_s + unit.wait * unit.dice.uniform(0.5, 1.0))
        unit.wait = longer(unit.wait, shut=not retry_s)

    def _drop(self, unit: Unit) -> None:
        assert unit.line is not None
        if unit.asked == "pull":
            self.held -= 1
        self._shaken(unit)
        self._by_file.pop(unit.line.socket.fileno(), None)
        unit.line.cut()
        unit.line, unit.asked = None, ""

    def _is_due(self, unit: Unit) -> None:
        if unit.line is not None:
            raise Lost(f"no answer to {unit.asked}" if unit.asked else "no connection")
        if self.shaking < HANDS:
            self._call(unit)
        else:
            self._waiting.append(unit)

    def _call(self, unit: Unit) -> None:
        self.shaking += 1
        unit.shaking = True
        unit.line = Caller(HUB_ADDRESS, self.port, self.tls, unit.ticket)
        self._by_file[unit.line.socket.fileno()] = unit
        self._epoll.register(unit.line.socket.fileno(), select.EPOLLIN | select.EPOLLOUT)
        self.later(unit, SHAKE_S)

    def _shaken(self, unit: Unit) -> None:
        """Its handshake is over, for good or ill: the next one's turn."""
        self.shaking -= unit.shaking
        unit.shaking = False
        if self._waiting and self.shaking < HANDS:
            self.later(self._waiting.popleft(), 0)

    def _moved(self, unit: Unit, event: int) -> None:
        line = unit.line
        assert line is not None
        if event & select.EPOLLOUT:
            line.flush() if line.blocked else line.begin()
        answers = line.read() if event & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR) else []
        if line.shaken and not unit.asked:
            self._shaken(unit)
            self.resumed += line.resumed
            unit.asked = "hello"
            line.post(unit.words.hello_again if self.again else unit.words.hello)
            self.later(unit, ANSWER_S)
        for answer in answers:
            self._hear(unit, answer)
        if unit.line is not None:
            busy = select.EPOLLOUT if line.blocked else 0
            self._epoll.modify(line.socket.fileno(), select.EPOLLIN | busy)

    def _hear(self, unit: Unit, answer: Answer) -> None:
        from qafila.sync.agent import FIRST_WAIT_S, HOLD_S
        from qafila.sync.messages import Mail

        assert unit.line is not None
        if answer.status != 200:
            self.told_to_wait[f"{unit.asked} {answer.status}"] += 1
            if answer.status != 503 or not answer.retry_s:
                self.wrong.append(f"{answer.status} {bytes(answer.body[:30])!r}")
            self._drop(unit)
            self._wait(unit, answer.retry_s)
            return
        said = self._judge(unit, bytes(answer.body))
        if unit.asked == "hello":
            if not unit.served:
                self.served += 1
                self.on_served()
            unit.served, unit.wait, unit.ticket = unit.served or time.monotonic(), FIRST_WAIT_S, unit.line.ticket
            self.held += 1
        else:
            self.questions += 1
        unit.asked = "pull"
        if isinstance(said, Mail) and said.numbers:
            self.mailed += len(said.numbers)
            unit.line.post(thanks(unit.number, self.seed, said.numbers, said.ack_no, unit.life))
        else:
            unit.line.post(unit.words.pull)
        self.later(unit, HOLD_S + HANG_UP_S)

    def _judge(self, unit: Unit, body: bytes) -> Message | None:
        """What the hub said; noted where it may not say that to this."""
        from qafila.sync.frames import FrameError, open_frame
        from qafila.sync.messages import Mail, Welcome

        try:
            frame = open_frame(body, code(unit.number), lambda sender: self.hub_key)
        except FrameError as error:
            self.wrong.append(error.reason)
            return None
        said = frame.message
        number = unit.number * 3 + (3 if unit.asked == "pull" else 2 if self.again else 1)
        fits = isinstance(said, Mail if unit.asked == "pull" else Welcome)
        if isinstance(said, Welcome):
            unit.life = said.life
            fits = fits and not said.taken.aside and not said.taken.alarms
        if not fits or frame.number != number:
            self.wrong.append(f"not what was asked: {type(said).__name__} to {unit.asked}")
        return said


def drive(fleet: Fleet) -> dict[str, Any]:
    """Bring the fleet up, hold it, cut it off, and see how long it takes until all are served again."""
    count, order = len(fleet.units), iter(fleet.units)

    def next_one() -> None:
        unit = next(order, None)
        if unit is not None:
            fleet.later(unit, 0)

    fleet.on_served = next_one
    begun = time.monotonic()
    for _ in range(RAMP):
        next_one()
    fleet.run(lambda: fleet.served >= count, begun + GIVE_UP_S)
    ramp, fleet.on_served = time.monotonic() - begun, lambda: None
    up = fleet.served
    fleet.lost.clear()
    fleet.questions, held = 0, fleet.held
    least = _held(fleet)
    lost_held, questions = dict(fleet.lost), fleet.questions
    say(f"{held} held, cut off")
    fleet.again = True
    fleet.cut()
    begun = time.monotonic()
    fleet.call_again()
    used = time.process_time()
    fleet.run(lambda: fleet.served >= count, begun + GIVE_UP_S)
    took = sorted(unit.served - begun for unit in fleet.units if unit.served)
    used = time.process_time() - used
    return {
        "seconds": round(took[-1], 1) if len(took) == count else None, "units": count, "served": len(took),
        "median_s": round(took[len(took) // 2], 1) if took else None,
        "errors": len(fleet.wrong) + 2 * count - len(took) - up + sum(lost_held.values()),
        "first_errors": fleet.wrong[:5], "told_to_wait": dict(fleet.told_to_wait), "attempts_lost": dict(fleet.lost),
        "resumed": fleet.resumed, "held_open": held, "held_open_least": least, "held_s": HELD_S,
        "held_lost": lost_held, "held_questions": questions, "mailed": fleet.mailed, "ramp_s": round(ramp, 1),
        "driver_cpu_s": round(used, 1),
    }  # fmt: skip


def _held(fleet: Fleet) -> int:
    """Hold them for a while; the least number that was held at once."""
    least = fleet.held

    def look() -> bool:
        nonlocal least
        least = min(least, fleet.held)
        return False

    fleet.run(look, time.monotonic() + HELD_S)
    return least


class Memory(threading.Thread):
    """Looks at the hub's memory once a second: its own processes and those of its database."""

    def __init__(self, pids: dict[str, int]) -> None:
        super().__init__(daemon=True)
        self.pids, self.most, self.ending = pids, dict.fromkeys(pids, 0.0), threading.Event()

    def run(self) -> None:
        """Sample until told to end."""
        while not self.ending.wait(SAMPLE_S):
            for name, pid in self.pids.items():
                try:
                    self.most[name] = max(self.most[name], pss_mb(pid))
                except OSError:
                    # A process of the family ended between two looks.
                    continue


def storm(nodes: Nodes, units: int, seed: int) -> dict[str, Any]:
    """The line: time until all are served again, errors, memory of the hub at its worst."""
    _more_files()
    pair = nodes.pair()
    folder = pair.hub.path.parent / "fleet"
    hub_key = told(pair.hub, str(units), str(seed), str(folder), module="bench.sync.fleet")["hub_key"]
    with Link() as link:
        server = serve(link, pair.hub)
        database = int((nodes.cluster.data / "postmaster.pid").read_text().split()[0])
        memory = Memory({"hub": server.pid, "postgresql": database})
        memory.start()
        driver = [sys.executable, "-m", "bench.sync.storm", str(units), str(seed), str(folder), hub_key]
        # It takes nothing of the node but its packages: a driver is no node.
        process = link.hub([*driver, str(pair.hub.sync_port)], env=within(pair.hub), stdout=-1, cwd=ROOT, text=True)
        out, _ = process.communicate()
        memory.ending.set()
        memory.join()
    if process.returncode:
        raise RuntimeError("the storm's driver failed")
    with pair.connect() as hub:
        row = hub.execute("SELECT count(*) FROM journal_record WHERE node LIKE 'S%'").fetchone()
    found: dict[str, Any] = json.loads(out)
    records = row[0] if row else 0
    return {
        **found,
        "records": records,
        "errors": found["errors"] + units * RECORDS - records,
        "hub_mb": round(sum(memory.most.values()), 1),
        "memory": memory.most,
    }


def _more_files() -> None:
    """A connection is an open file, here and in the hub's processes, which inherit the limit."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main(count: str, seed: str, folder: str, hub_key: str, port: str) -> None:
    """The driver; prints what it found as JSON."""
    django.setup()
    _more_files()
    keys = Path(folder)
    tls = ssl.create_default_context(cafile=str(keys / "hub-ca.crt"))
    tls.minimum_version = ssl.TLSVersion.TLSv1_3
    tls.load_cert_chain(str(keys / "client.crt"), str(keys / "client.pem"))
    tls.set_alpn_protocols(["h2"])
    say("the units seal their frames")
    units = [Unit(n, words(n, int(seed)), random.Random(f"{seed} {n}"), wait=0.3) for n in range(int(count))]
    say("they call")
    json.dump(drive(Fleet(units, bytes.fromhex(hub_key), int(port), tls, seed=int(seed))), sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
