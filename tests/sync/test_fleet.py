"""Five units and a hub on PostgreSQL, all real processes: random work, a bad link, sticks, `kill -9` of everything.

Each node's crew writes what it did once it was acknowledged. At the end nothing of that is missing anywhere, and all
nodes hold the same by hash. A failing seed is in the test's name; QAFILA_FLEET_SEED=n replays another.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from bench.ports import free_port
from qafila.kernel import clock
from qafila.node.create import create
from qafila.node.directory import NodeDirectory
from qafila.packs import load
from qafila.sync import pki
from qafila.sync.serving import command
from tests import shell
from tests.postgres import Cluster
from tests.shell import Started, environment, run
from tests.sync.test_processes import Link, served

UNITS = ("U1", "U2", "U3", "U4", "U5")
PATIENCE_S = 120.0
SEED = int(os.environ.get("QAFILA_FLEET_SEED", "1"))


def until(seen: Callable[[], bool], what: str) -> None:
    end = clock.monotonic() + PATIENCE_S
    while not seen():
        assert clock.monotonic() < end, f"waited in vain: {what}"
        threading.Event().wait(0.02)


class Flipping(Link):
    """A link that, while `spoilt` is positive, alters one bit of so many pieces that go up."""

    spoilt = 0

    def _pass(self, one: Any, other: Any, up: bool) -> None:
        if not up:
            super()._pass(one, other, up)
            return
        outer = self

        class Spoiling:
            def sendall(self, data: bytes) -> None:
                if outer.spoilt > 0 and len(data) > 100:
                    outer.spoilt -= 1
                    data = data[:90] + bytes([data[90] ^ 4]) + data[91:]
                other.sendall(data)

            def shutdown(self, how: int) -> None:
                other.shutdown(how)

        super()._pass(one, Spoiling(), up)  # type: ignore[arg-type]


class Crew:
    """A process of a node that works as it is told; what it said is acknowledged."""

    def __init__(self, node: NodeDirectory, kind: str) -> None:
        self.node, self.kind = node, kind
        self.said: list[str] = []
        self.asked = self.lives = 0
        self._start()

    def _start(self) -> None:
        self.lives += 1
        self.ready = threading.Event()
        work = {"module": "tests.sync.fleet_work", "arguments": ["work", str(SEED * 1000 + self.lives)]}
        with (self.node.path / "crew.log").open("ab") as log:
            self.process = Started({**environment(self.node), "QAFILA_FLEET": self.kind}, errors=log, **work)
        self.reader = threading.Thread(target=self._read, args=(self.process, self.ready), daemon=True)
        self.reader.start()

    def _read(self, process: Started, ready: threading.Event) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if line == "ready\n":
                ready.set()
            elif line.endswith("\n"):  # The last line of one that was killed may be cut.
                self.said.append(line.strip())

    def do(self, count: int) -> None:
        if self.process.poll() is not None:
            self.reader.join()
            self._start()
        assert self.process.stdin is not None
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        self.asked += count

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.reader.join()

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(60)
        self.reader.join()


class Fleet:
    """All nodes, and the processes that run on them."""

    def __init__(self, path: Path, cluster: Cluster, hub: NodeDirectory, stack: ExitStack) -> None:
        self.path, self.cluster, self.hub = path, cluster, hub
        self.port = free_port()
        self.links = {code: Flipping(self.port) for code in UNITS}
        self.units: dict[str, NodeDirectory] = {}
        self.crews: dict[str, Crew] = {}
        self.agents: dict[str, Started] = {}
        self.server: subprocess.Popen[bytes] | None = None
        stack.callback(self.close)

    def join(self) -> None:
        def one(code: str) -> NodeDirectory:
            return create("unit", self.path / code, code=code, country=load.countries()[0], port=free_port())

        with ThreadPoolExecutor(2) as pool:
            self.units = dict(zip(UNITS, pool.map(one, UNITS), strict=True))
        keys = self.hub.path / "keys"
        pki.server_certificate(keys, "H", self.hub.hosts)
        enrolment = [
            sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(self.hub.port),
            "--log-level", "warning", "--ssl-certificate", str(keys / "pages.crt"), "--ssl-keyfile",
            str(keys / "pages.pem"), "tests.sync.enrolment_server:application",
        ]  # fmt: skip
        with served(enrolment, self.hub, self.hub.port):
            said = [(code, "unit", "", f"https://localhost:{self.hub.port}", f"https://localhost:{link.port}")
                    for code, link in self.links.items()]  # fmt: skip
            issue = f"from qafila.sync.enrolment import issue_code\nfor said in {said!r}: print(issue_code(*said))"
            secrets = run(self.hub, issue).splitlines()
            enrol = "from qafila.sync.enrolment import enrol\nprint(enrol({!r}).code)"
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(run, self.units.values(), map(enrol.format, secrets)))

    # --- processes ------------------------------------------------------------------------

    def serve(self) -> None:
        with (self.hub.path / "served.log").open("ab") as out:
            self.server = subprocess.Popen(command(self.hub.path, self.port), env=environment(self.hub), stdout=out,
                                           stderr=out, start_new_session=True)  # fmt: skip

    def kill_server(self) -> None:
        """The port and its workers, without a word."""
        assert self.server is not None
        os.killpg(self.server.pid, signal.SIGKILL)
        self.server.wait()

    def kill_database(self) -> None:
        postmaster = int((self.cluster.data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        for process in (postmaster, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        # A process that was just being born ends by itself, and until then the server does not start.
        until(self._restarted, "the database starts again")

    def _restarted(self) -> bool:
        with suppress(subprocess.CalledProcessError):
            self.cluster.restart_after_crash()
            return True
        return False

    def call(self, code: str) -> None:
        """The unit keeps in contact with its hub, by the real command."""
        node = self.units[code]
        with (node.path / "agent.log").open("ab") as log, open(os.devnull, "rb") as nothing:
            streams = nothing, log, log
            self.agents[code] = Started(environment(node), streams, words=["sync", str(node.path)])

    def kill_agent(self, code: str) -> None:
        self.agents[code].kill()
        self.agents[code].wait()

    def close(self) -> None:
        """Nothing stays, whatever a part of it says."""
        with ExitStack() as all_of_it:
            for link in self.links.values():
                all_of_it.callback(link.close)
            if self.server is not None and self.server.poll() is None:
                all_of_it.callback(self.kill_server)
            for process in (*self.agents.values(), *(c.process for c in self.crews.values())):
                all_of_it.callback(process.wait)
                all_of_it.callback(process.kill)

    # --- sticks ---------------------------------------------------------------------------

    def carry(self, code: str) -> None:
        """The unit's bundle to the hub, once spoilt and once whole, and the answer back."""
        stick = self.path / f"stick-{code}"
        stick.mkdir(exist_ok=True)
        assert self._stick(self.units[code], "--to-stick", stick) == 0
        files = sorted(stick.rglob("*.qfb"))
        for file in files:
            whole = file.read_bytes()
            file.write_bytes(whole[:300] + bytes([whole[300] ^ 8]) + whole[301:])
            assert self._stick(self.hub, "--from-stick", stick) == 1
            file.write_bytes(whole)
        assert not files or self._stick(self.hub, "--from-stick", stick) == 0
        assert self._stick(self.hub, "--to-stick", stick) == 0
        assert self._stick(self.units[code], "--from-stick", stick) == 0

    def _stick(self, node: NodeDirectory, way: str, stick: Path) -> int:
        return shell.qafila(node, "sync", node.path, way, stick).returncode

    # --- what is held ---------------------------------------------------------------------

    def held(self, node: NodeDirectory) -> dict[str, Any]:
        file = node.path / "rows.json"
        run(node, f"from pathlib import Path\nfrom tests.sync.fleet_work import rows\nrows(Path({str(file)!r}))")
        found: dict[str, Any] = json.loads(file.read_text())
        return found


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with ExitStack() as stack:
        cluster = stack.enter_context(Cluster(tmp_path / "pg"))
        cluster.create_database("fleet")
        database = {"engine": "postgresql", "name": "fleet", "host": str(cluster.socket), "user": "qafila"}
        country = load.countries()[0]
        hub = create("hub", tmp_path / "hub", code="H", country=country, port=free_port(), database=database)
        facts = hub.path / "node.toml"
        facts.write_text("sync_workers = 2\n" + facts.read_text())
        found = Fleet(tmp_path, cluster, hub, stack)
        found.join()
        yield found


@pytest.mark.timeout(300)
def test_whatever_is_killed_nothing_acknowledged_is_lost_and_all_end_the_same(fleet: Fleet) -> None:
    dice = random.Random(SEED)
    fleet.serve()
    fleet.crews = {code: Crew(node, "unit") for code, node in fleet.units.items()} | {"H": Crew(fleet.hub, "hub")}
    for code in UNITS:
        fleet.call(code)
    until(lambda: all(crew.ready.is_set() for crew in fleet.crews.values()), "the crews begin")
    for blow in (fleet.kill_server, fleet.kill_database, fleet.kill_server):
        round_of_work(fleet, dice, blow)
    for crew in fleet.crews.values():
        crew.end()
    for code in UNITS:
        fleet.kill_agent(code)
    settle(fleet)
    compare(fleet)


def round_of_work(fleet: Fleet, dice: random.Random, blow: Callable[[], None]) -> None:
    """Everybody works; in the middle of it a link is cut, one alters bits, processes and the hub's parts are killed."""
    marks = {code: len(crew.said) + dice.randrange(3, 15) for code, crew in fleet.crews.items() if code != "H"}
    for crew in fleet.crews.values():
        crew.do(30)
    cut, spoilt, crew_down, agent_down, by_stick = dice.sample(UNITS, 5)
    fleet.links[cut].budget = dice.randrange(2_000, 30_000)
    fleet.links[spoilt].spoilt = 2
    until(lambda: len(fleet.crews[crew_down].said) >= marks[crew_down], "a crew has worked")
    fleet.crews[crew_down].kill()
    fleet.kill_agent(agent_down)
    until(lambda: all(len(fleet.crews[c].said) >= m for c, m in marks.items() if c != crew_down), "all have worked")
    fleet.kill_agent(by_stick)
    blow()
    if fleet.server is not None and fleet.server.poll() is not None:
        fleet.serve()
    fleet.carry(by_stick)
    fleet.links[cut].budget = -1
    for code in (agent_down, by_stick):
        fleet.call(code)
    fleet.crews[crew_down].do(10)
    # The hub's crew may have been refused while the database was away.
    if fleet.crews["H"].process.poll() is not None:
        fleet.crews["H"].do(5)


def settle(fleet: Fleet) -> None:
    """Until no unit has anything to say or to hear."""
    left = dict(fleet.units)
    end = clock.monotonic() + PATIENCE_S
    quiet = 0
    while quiet < 2:
        assert clock.monotonic() < end, f"{sorted(left)} do not come to rest"
        said = []
        for node in fleet.units.values():
            done = shell.qafila(node, "sync", node.path, "--once", "--json")
            said.append(done.stdout if done.returncode == 0 else "failed")
        idle = all(_nothing(words) for words in said)
        quiet = quiet + 1 if idle else 0


def _nothing(words: str) -> bool:
    if words == "failed":
        return False
    told = json.loads(words)["report"]
    return not any(told[k] for k in ("sent", "received", "chunks_up", "chunks_down"))


def compare(fleet: Fleet) -> None:
    hub = fleet.held(fleet.hub)
    assert hub["problems"] == []
    seen_rows: set[str] = set()
    for code, node in fleet.units.items():
        unit = fleet.held(node)
        assert unit["problems"] == [], code
        for what in ("rows", "records"):
            differ = [key for key, value in unit[what].items() if hub[what].get(key) != value]
            assert differ == [], (code, what, differ[:5])
        seen_rows |= unit["rows"].keys()
        said = [line.split(" ", 1) for line in fleet.crews[code].said]
        for kind, rest in said:
            where = {"person": f"registry.person {rest}" in hub["rows"], "edit": rest in hub["edits"],
                     "file": rest in hub["files"]}  # fmt: skip
            assert where[kind], (code, kind)
    of_units = {key for key in hub["rows"] if key.startswith("registry.person")}
    assert of_units <= seen_rows
    for line in fleet.crews["H"].said:
        kind, rest = line.split(" ", 1)
        assert kind == "file" or rest in hub["edits"]
    assert sum(len(crew.said) for crew in fleet.crews.values()) > 150
