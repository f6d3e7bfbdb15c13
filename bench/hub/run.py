"""How many consultations a second a hub takes in, over HTTPS, with durable commits, mailboxes and search keys on.

    qafila bench hub [--json]

Two cores are meant: two workers of the sync port, a PostgreSQL of its own with fsync, and the callers, all on this
machine. Units make their consultations through the real acts beforehand (a person with a name, a visit, eight
readings with their triage, a note: 13 records); what is timed is posting the signed frames, one caller a unit, each
over one connection. Two units serve one medical unit together: what one of them sends waits for the other.
With --fill the hub is filled while it is served, and measured again at each number of records: copies of what it took
first, rows, mail, scopes and search keys with them (bench/hub/fill.py). Processor time is that of the hub's processes
and of PostgreSQL; what the callers need on the same machine stands apart.
Options: --consultations N (of each unit) --a-frame N --units N --fill N[,N…] (records in the journal) --again
--profile
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import re
import shutil
import ssl
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from bench.hub.make import HUB, frames_in
from bench.ports import free_ports
from qafila.node.create import create, environment, migrate
from qafila.node.directory import NodeDirectory
from qafila.packs import load
from qafila.sync import pki
from qafila.sync.serving import command
from tests.postgres import Cluster

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "bench" / "results"
MUST, AIM, P99_MS = 600, 1200, 150
PATH = "/sync"
WARM = 5
TICK = os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Measure and print; exit status 1 where the bar is not reached."""
    arguments = asked()
    report = measure(arguments)
    if arguments.profile:
        return 0
    print(json.dumps(report, indent=2) if arguments.json else table(report))
    return 0 if report["within_bar"] else 1


def asked(words: list[str] | None = None) -> argparse.Namespace:
    """The options, of the command line or of these words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--consultations", type=int, default=6000)
    parser.add_argument("--a-frame", type=int, default=40)
    parser.add_argument("--units", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--fill", default="", help="numbers of records at which to measure again: 1e6,1e7")
    parser.add_argument("--again", action="store_true", help="with the units and the frames of the last run")
    parser.add_argument("--profile", action="store_true", help="one process, no HTTPS, where the time goes")
    return parser.parse_args(words)


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Make a hub and its units, post the frames, and what was found; of a profile nothing but what it prints."""
    folder = RESULTS / "hub-run"
    again = arguments.again and (folder / "made.json").exists()
    if not again:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    cluster = Cluster(folder / "postgres")
    cluster.options += " -c shared_buffers=1GB -c max_wal_size=16GB"
    with cluster:
        if again:
            hub, units = nodes_again(folder, cluster)
            made = json.loads((folder / "made.json").read_text())
        else:
            hub, units = nodes(folder, cluster, arguments.units)
            with ThreadPoolExecutor(len(units)) as pool:
                made = list(pool.map(lambda unit: work(hub, unit, arguments), units))
            (folder / "made.json").write_text(json.dumps(made))
        if arguments.profile:
            sys.stderr.write(verb(hub, "feed", *(str(u.path / "frames") for u in units)).decode())
            return {}
        stages = measured(hub, units, arguments, cluster)
        kept = json.loads(verb(hub, "count"))
    return {
        "bench": "hub", "consultations": sum(m["consultations"] for m in made), "a_frame": arguments.a_frame,
        "records": sum(m["records"] for m in made), "frame_kb": round(made[0]["bytes"] / made[0]["frames"] / 1000, 1),
        "units": arguments.units, "workers": arguments.workers, "stages": stages, "kept": kept,
        "bar": {"consultations_a_second": MUST, "aim": AIM, "p99_ms": P99_MS}, "versions": versions(),
        "within_bar": all(one["a_second"] >= MUST and one["p99_ms"] <= P99_MS for one in stages),
    }  # fmt: skip


def nodes(folder: Path, cluster: Cluster, count: int) -> tuple[NodeDirectory, list[NodeDirectory]]:
    """The hub on PostgreSQL and its units, known to each other."""
    cluster.create_database("hub")
    country = load.countries()[-1]
    database = {"engine": "postgresql", "name": "hub", "user": "qafila", "host": str(cluster.socket)}
    hub = create("hub", folder / "hub", code=HUB, country=country, port=8443, database=database)
    pki.make_authority(hub.path / "keys", "Qafila bench")
    units, keys = [], []
    for number in range(1, count + 1):
        unit = create("unit", folder / f"u{number}", code=f"U{number}", country=country, port=8443)
        units.append(unit)
        keys.append(f"{unit.code}={pki.signing_public(unit.path / 'keys').hex()}")
        request = pki.client_request(unit.path / "keys", unit.code)
        certificate, _ = pki.sign_request(hub.path / "keys", request, unit.code)
        (unit.path / "keys" / "client.crt").write_bytes(certificate)
    verb(hub, "found", str(folder / "known"), *keys)
    return hub, units


def nodes_again(folder: Path, cluster: Cluster) -> tuple[NodeDirectory, list[NodeDirectory]]:
    """Those of the last run; the hub's database is made anew from what it wrote then."""
    cluster.create_database("hub")
    hub = NodeDirectory(folder / "hub")
    units = [NodeDirectory(path) for path in sorted(folder.glob("u?"))]
    migrate(hub)
    keys = [f"{unit.code}={pki.signing_public(unit.path / 'keys').hex()}" for unit in units]
    verb(hub, "refound", str(folder / "known"), *keys)
    return hub, units


def work(hub: NodeDirectory, unit: NodeDirectory, arguments: argparse.Namespace) -> dict[str, int]:
    """A unit's consultations as frames, made anew in each run: they are signed for this hub."""
    known = hub.path.parent / "known"
    said = verb(unit, "frames", str(unit.path / "frames"), str(known), str(arguments.consultations),
                str(arguments.a_frame), unit.code[1:])  # fmt: skip
    return dict(json.loads(said))


def verb(directory: NodeDirectory, *words: str, module: str = "bench.hub.make") -> bytes:
    """Run a module of this bench in a process of that node; what it prints."""
    where = {**environment(directory), "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    return subprocess.run(
        [sys.executable, "-m", module, *filter(None, words)], env=where, stdout=subprocess.PIPE, check=True
    ).stdout


def measured(
    hub: NodeDirectory, units: list[NodeDirectory], arguments: argparse.Namespace, cluster: Cluster
) -> list[dict[str, Any]]:
    """Post the frames, some at each number of records; what each stage took."""
    port = free_ports(1)[0]
    line = command(hub.path, port)
    line[line.index("--workers") + 1] = str(arguments.workers)
    where = {**environment(hub), "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "QAFILA_PART": "sync"}
    server = subprocess.Popen(line, env=where)
    fills = [int(float(words)) for words in arguments.fill.split(",") if words]
    stages: list[dict[str, Any]] = []
    try:
        callers = [Caller(hub, unit, port) for unit in units]
        spread(callers, server.pid, min(arguments.workers, len(callers)))
        size = len(callers[0].frames) // (1 + len(fills)) - WARM
        for caller in callers:
            caller.warm(WARM)
        copied = int(verb(hub, "", module="bench.hub.fill")) if fills else 1
        done = 0
        for records in [0, *fills]:
            if records:
                wanted = records // copied
                _fill(hub, done + 1, wanted)
                done = wanted
                # The server has hung up meanwhile, and after a vacuum each of its connections plans anew.
                spread(callers, server.pid, min(arguments.workers, len(callers)))
                for caller in callers:
                    caller.warm(WARM)
            stages.append(_stage(size, callers, arguments, (server.pid, _postmaster(cluster))))
            stages[-1]["filled"] = records
            print(json.dumps(stages[-1]), file=sys.stderr, flush=True)
    finally:
        server.terminate()
        server.wait()
    wrong = [one for caller in callers for one in caller.wrong]
    if wrong:
        raise RuntimeError(f"{len(wrong)} frames were not taken: {wrong[0]}")
    return stages


def _stage(size: int, callers: list[Caller], arguments: argparse.Namespace, pids: tuple[int, int]) -> dict[str, Any]:
    """Each caller posts so many frames: consultations a second, milliseconds of a frame, processor time of each."""
    used = [cpu(pid) for pid in pids] + [time.process_time()]
    load = os.getloadavg()[0]
    begun = time.perf_counter()
    threads = [threading.Thread(target=caller.run, args=(size,)) for caller in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begun
    used = [now - then for now, then in zip([*(cpu(pid) for pid in pids), time.process_time()], used, strict=True)]
    taken = sorted(ms for caller in callers for ms in caller.taken_ms)
    for caller in callers:
        caller.taken_ms = []
    count = len(taken) * arguments.a_frame
    each = [round(1000 * one / count, 3) for one in used]
    return {
        "a_second": round(count / seconds), "p50_ms": round(taken[len(taken) // 2], 1),
        "p99_ms": round(taken[min(len(taken) - 1, int(len(taken) * 0.99))], 1), "longest_ms": round(taken[-1], 1),
        "frames": len(taken), "seconds": round(seconds, 2), "load_before": round(load, 1),
        "cpu_ms_a_consultation": {"hub": each[0], "postgresql": each[1], "both": round(each[0] + each[1], 3),
                                  "callers": each[2]},
    }  # fmt: skip


def _fill(hub: NodeDirectory, first: int, last: int) -> None:
    """Two processes make the copies; then statistics and a checkpoint, as a hub has them that grew slowly."""
    half = (first + last) // 2
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(verb, hub, str(a), str(b), module="bench.hub.fill")
                for a, b in ((first, half), (half + 1, last))]  # fmt: skip
        for job in jobs:
            job.result()
    verb(hub, "settle")


class Caller:
    """A unit that posts its frames one after the other over one connection."""

    def __init__(self, hub: NodeDirectory, unit: NodeDirectory, port: int) -> None:
        trust = ssl.create_default_context(cafile=str(hub.path / "keys" / "ca.crt"))
        trust.load_cert_chain(unit.path / "keys" / "client.crt", unit.path / "keys" / "client.pem")
        self.port, self.trust = port, trust
        self.frames = frames_in(unit.path / "frames")
        self.taken_ms: list[float] = []
        self.wrong: list[tuple[int, bytes]] = []
        self.line: http.client.HTTPSConnection

    def connect(self) -> None:
        """Open a connection, as soon as the port answers."""
        until = time.monotonic() + 60
        while True:
            self.line = http.client.HTTPSConnection("localhost", self.port, context=self.trust)
            try:
                self.line.request("GET", "/")
                self.line.getresponse().read()
                return
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)

    def warm(self, count: int) -> None:
        """The next frames, not timed: the worker opens its database and reads its code."""
        self.run(count)
        self.taken_ms = []

    def post(self, frame: bytes) -> None:
        """One frame."""
        self.line.request("POST", PATH, body=frame, headers={"Content-Type": "application/octet-stream"})
        answer = self.line.getresponse()
        said = answer.read()
        if answer.status != 200:
            self.wrong.append((answer.status, said[:40]))

    def run(self, count: int) -> None:
        """Post the next frames."""
        for frame in self.frames[:count]:
            begun = time.perf_counter()
            self.post(frame)
            self.taken_ms.append((time.perf_counter() - begun) * 1000)
        del self.frames[:count]


def spread(callers: list[Caller], server: int, workers: int) -> None:
    """Connect until the connections lie on all workers: two callers may well come to one and the same."""
    for _ in range(200):
        for caller in callers:
            caller.connect()
        if len({worker_of(caller, server) for caller in callers}) >= workers:
            return
    raise RuntimeError("all connections came to one worker")


def worker_of(caller: Caller, server: int) -> int:
    """The process that has accepted a caller's connection."""
    here = caller.line.sock.getsockname()[1]
    ends = f":{caller.port:04X}", f":{here:04X}"
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    inode = next(row[9] for row in rows if row[1].endswith(ends[0]) and row[2].endswith(ends[1]))
    for pid in family(server):
        with suppress(OSError):
            if any(os.readlink(fd) == f"socket:[{inode}]" for fd in Path(f"/proc/{pid}/fd").iterdir()):
                return pid
    return 0


def family(pid: int) -> list[int]:
    """A process and all that it started."""
    children = [int(c) for task in Path(f"/proc/{pid}/task").glob("*") for c in (task / "children").read_text().split()]
    return [pid, *(one for child in children for one in family(child))]


def _postmaster(cluster: Cluster) -> int:
    return int(
        subprocess.run(["head", "-1", cluster.data / "postmaster.pid"], stdout=subprocess.PIPE, check=True).stdout
    )


def cpu(pid: int) -> float:
    """Processor seconds of a process and of all that it started, also of those that have ended."""
    stat = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, stat[11:15])) / TICK + sum(cpu(child) for child in family(pid)[1:] if parent(child) == pid)


def parent(pid: int) -> int:
    """Who started a process."""
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def versions() -> dict[str, str]:
    """What was measured, with what."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    server = subprocess.run([sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))[-1], "--version"],
                            stdout=subprocess.PIPE, text=True, check=True).stdout.strip()  # fmt: skip
    return {
        "python": platform.python_version(), "cpu": f"{os.cpu_count()} × {model.group(1) if model else ''}",
        "postgresql": server, **{name: metadata.version(name) for name in ("Django", "psycopg", "granian")},
    }  # fmt: skip


def table(report: dict[str, Any]) -> str:
    """The report as people read it."""
    words = ("filled", "a_second", "p50_ms", "p99_ms", "longest_ms", "frames", "load_before")
    lines = ["".join(f"{word:>12}" for word in words) + "   cpu ms a consultation"]
    for one in report["stages"]:
        lines.append("".join(f"{one[word]:>12}" for word in words) + f"   {one['cpu_ms_a_consultation']}")
    bar = f"bar: {MUST} consultations/s, p99 {P99_MS} ms: {'reached' if report['within_bar'] else 'NOT reached'}"
    return "\n".join([*lines, bar])


if __name__ == "__main__":
    sys.exit(main())
