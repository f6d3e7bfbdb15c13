"""A hub on PostgreSQL and a unit on SQLCipher, made once and copied for every line that is measured."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

from bench.sync.acts import UNIT
from bench.sync.link import HUB_ADDRESS, Link
from qafila.node.create import create, environment
from qafila.node.directory import NodeDirectory
from qafila.packs import load
from tests.postgres import Cluster

ROOT = Path(__file__).parents[2]
PAGES = 8443
HUB = "H"
LONGEST_START_S = 90.0
_SHAPE = ("src/qafila/*/migrations/*.py", "src/qafila/journal/*.py", "bench/sync/words.py", "bench/sync/workload.py",
          "bench/sync/acts.py")  # fmt: skip

_LOOK = """
import socket, sys, time
end = time.monotonic() + float(sys.argv[3])
while True:
    try:
        socket.create_connection((sys.argv[1], int(sys.argv[2])), 2).close()
        break
    except OSError:
        if time.monotonic() > end:
            raise
        time.sleep(0.1)
"""


@dataclass
class Pair:
    """Copies of both nodes, for one measurement."""

    hub: NodeDirectory
    unit: NodeDirectory
    database: str
    socket: Path

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection to the hub's database."""
        return psycopg.connect(dbname=self.database, host=str(self.socket), user="qafila", autocommit=True)


class Nodes:
    """The cluster of this run and the masters; masters are kept under bench/results/ between runs."""

    def __init__(self) -> None:
        self.masters = ROOT / "bench" / "results" / f"sync-{shape()}"
        # A socket's path may have 107 characters at most, so the cluster lies in the system's own folder for such.
        self.scratch = Path(tempfile.mkdtemp(prefix="qafila-sync-"))
        self.scratch.chmod(0o755)
        self.cluster = Cluster(self.scratch / "postgres")
        self._count = 0

    def __enter__(self) -> Self:
        self.cluster.__enter__()
        if not (self.masters / "ready").exists():
            for old in self.masters.parent.glob("sync-" + "[0-9a-f]" * 12):
                shutil.rmtree(old, ignore_errors=True)
            self._build()
        self._restore()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cluster.__exit__()
        shutil.rmtree(self.scratch, ignore_errors=True)

    # --- masters --------------------------------------------------------------------------

    def _build(self) -> None:
        """A founded hub, and a unit that joined it and has what comes down."""
        say("building a hub and a unit, once")
        country = load.countries()[-1]
        socket = str(self.cluster.socket)
        self.cluster.create_database("built")
        database = {"engine": "postgresql", "name": "built", "host": socket, "user": "qafila"}
        hosts = (HUB_ADDRESS, "localhost", "127.0.0.1")
        hub = create("hub", self.masters / "hub", code=HUB, country=country, port=PAGES, hosts=hosts, database=database)
        unit = create("unit", self.masters / "unit", code=UNIT, country=country, port=PAGES)
        url = f"https://{HUB_ADDRESS}"
        code = told(hub, "found", f"{url}:{hub.port}", f"{url}:{hub.sync_port}")["code"]
        with Link() as link:
            serve(link, hub)
            for words in (("enrol", str(unit.path), "--code", code), ("sync", str(unit.path), "--once")):
                if link.unit(qafila(*words), env=within(unit), stdout=sys.stderr).wait():
                    raise RuntimeError(f"the unit could not {words[0]}")
        program = self.cluster.programs / "pg_dump"
        dump = ["-h", socket, "-U", "qafila", "-Fc", "-f", str(self.masters / "hub.pgdump"), "built"]
        subprocess.run([str(program), *dump], check=True)
        (self.masters / "ready").touch()

    def _restore(self) -> None:
        self.cluster.create_database("base")
        words = ["-h", str(self.cluster.socket), "-U", "qafila", "-d", "base", str(self.masters / "hub.pgdump")]
        subprocess.run([str(self.cluster.programs / "pg_restore"), *words], check=True)

    def full(self, count: int, seed: int) -> str:
        """Name of the unit's master with so many consultations that have not left."""
        name = f"unit-{count}-{seed}"
        if not (self.masters / f"{name}.json").exists():
            say(f"writing {count} consultations on the unit, once")
            shutil.rmtree(self.masters / name, ignore_errors=True)
            shutil.copytree(self.masters / "unit", self.masters / name)
            wrote = told(NodeDirectory(self.masters / name), "past", str(count), str(seed))
            (self.masters / f"{name}.json").write_text(json.dumps(wrote))
        return name

    def pair(self, unit: str = "unit") -> Pair:
        """Fresh copies of the hub and of a master of the unit."""
        self._count += 1
        database = f"hub{self._count}"
        words = ["-h", str(self.cluster.socket), "-U", "qafila", "-T", "base", database]
        subprocess.run([str(self.cluster.programs / "createdb"), *words], check=True)
        folder = self.scratch / database
        shutil.copytree(self.masters / "hub", folder / "hub")
        shutil.copytree(self.masters / unit, folder / "unit")
        facts = folder / "hub" / "node.toml"
        said = re.sub(r'^name = ".*"$', f'name = "{database}"', facts.read_text(), flags=re.M)
        facts.write_text(re.sub(r'^host = ".*"$', f'host = "{self.cluster.socket}"', said, flags=re.M))
        return Pair(NodeDirectory(folder / "hub"), NodeDirectory(folder / "unit"), database, self.cluster.socket)


def shape() -> str:
    """Changes when what the masters hold does."""
    digest = hashlib.sha256()
    for pattern in _SHAPE:
        for file in sorted(ROOT.glob(pattern)):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def within(node: NodeDirectory) -> dict[str, str]:
    """The environment of a process of that node, run from these sources."""
    return {**environment(node), "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}


def qafila(*words: str) -> list[str]:
    """The real command."""
    return [sys.executable, "-m", "qafila.cli", *words]


def told(node: NodeDirectory, *words: str, module: str = "bench.sync.acts") -> dict[str, Any]:
    """What a process of that node prints. Raises `CalledProcessError`."""
    done = subprocess.run([sys.executable, "-m", module, *words], env=within(node), stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def serve(link: Link, hub: NodeDirectory) -> subprocess.Popen[Any]:
    """Serve the hub in its namespace, and wait until its sync port answers there."""
    with (hub.path / "serve.log").open("ab") as log:
        process = link.hub(qafila("serve", str(hub.path)), env=within(hub), stdout=log, stderr=log)
    for port in (hub.port, hub.sync_port):
        await_port(link, port, process)
    return process


def await_port(link: Link, port: int, server: subprocess.Popen[Any]) -> None:
    """Wait until a port of the hub's namespace takes connections, seen from inside it."""
    words = [sys.executable, "-c", _LOOK, HUB_ADDRESS, str(port), str(LONGEST_START_S)]
    probe = link.hub(words, stderr=subprocess.DEVNULL)
    if probe.wait() or server.poll() is not None:
        raise RuntimeError(f"nobody listens on port {port} of the hub")


def say(words: str) -> None:
    """A word to whoever waits."""
    with suppress(BrokenPipeError):
        print(f"{time.strftime('%H:%M:%S')} {words}", file=sys.stderr, flush=True)
