"""A unit with 50,000 people and 500,000 observations: how long its crew waits, and how much memory it needs.

    qafila bench unit [--json]

Builds the node once (a few minutes) under bench/results/, serves it as `qafila serve` does, logs in over HTTPS and
measures what the crew does all day. Options: --people N --observations N --rounds N --profile --rebuild
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import httpx

from bench.ports import free_ports
from bench.unit.build import PASSWORD
from qafila.node.create import create, environment
from qafila.node.directory import NodeDirectory
from qafila.node.server import Server
from qafila.packs import load
from qafila.sync.pki import make_authority, server_certificate

ROOT = Path(__file__).parents[2]
BAR_MS, BAR_MB = 100, 250
VITALS = {
    "temperature": "37.2", "pulse": "82", "respirations": "16", "systolic": "124", "diastolic": "78", "spo2": "97",
    "glucose": "5.4", "weight": "64", "height": "165",
}  # fmt: skip


def main() -> int:
    """Measure and print; exit status 1 where a bar is not reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--people", type=int, default=50_000)
    parser.add_argument("--observations", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--rebuild", action="store_true")
    arguments = parser.parse_args()
    directory, built = node(arguments.people, arguments.observations, arguments.rebuild)
    server = Server(directory, log=directory.path / "serve.log")
    server.start()
    try:
        crew = Crew(directory)
        crew.ready()
        found = measured(crew, arguments.rounds)
        memory = {part.name: pss_mb(part.process.pid) for part in server.parts if part.process}
    finally:
        server.stop()
    report = {
        "bench": "unit", "people": arguments.people, "observations": arguments.observations, **built,
        "rounds": arguments.rounds, "ms": found, "memory_mb": memory, "memory_total_mb": round(sum(memory.values()), 1),
        "bar": {"median_ms": BAR_MS, "memory_mb": BAR_MB}, "versions": versions(),
    }  # fmt: skip
    within = all(m["median"] < BAR_MS for m in found.values()) and report["memory_total_mb"] <= BAR_MB
    report["within_bar"] = within
    print(json.dumps(report, indent=2) if arguments.json else table(report))
    return 0 if within else 1


def shape() -> str:
    """Changes when the tables do: a node of another shape is built anew."""
    digest = hashlib.sha256()
    for file in sorted((ROOT / "src").rglob("migrations/0*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def node(people: int, observations: int, rebuild: bool) -> tuple[NodeDirectory, dict[str, Any]]:
    """A fresh copy of the built node, so that every run begins with the same full waiting room."""
    results = ROOT / "bench" / "results"
    master = results / f"unit-{people}-{observations}-{shape()}"
    said = master / "built.json"
    if rebuild or not said.exists():
        shutil.rmtree(master, ignore_errors=True)
        build(master, people, observations)
    known = json.loads(said.read_text())
    copy = results / "unit-run"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(master, copy)
    toml = copy / "node.toml"
    pages, live, sync = free_ports(3)
    ports = f"port = {pages}\nlive_port = {live}\nsync_port = {sync}"
    toml.write_text(re.sub(r"^port = \d+$", ports, toml.read_text(), flags=re.M))
    directory = NodeDirectory(copy)
    make_authority(copy / "keys", "Qafila bench")
    server_certificate(copy / "keys", directory.code, directory.hosts)
    run(directory, "today")
    return directory, known


def build(master: Path, people: int, observations: int) -> None:
    """Make the node and fill it."""
    directory = create("unit", master, code="U1", country=load.countries()[-1], port=8443)
    print(f"building {people} people and {observations} observations, once: a few minutes", file=sys.stderr)
    known = json.loads(run(directory, str(people), str(observations)))
    known["database_mb"] = round((master / "data.db").stat().st_size / 1e6)
    (master / "built.json").write_text(json.dumps(known))


def run(directory: NodeDirectory, *words: str) -> bytes:
    """Run `bench.unit.build` in a process of that node; what it prints."""
    command = [sys.executable, "-m", "bench.unit.build", *words]
    where = {**environment(directory), "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    return subprocess.run(command, env=where, stdout=subprocess.PIPE, check=True).stdout


class Crew:
    """People of the unit at their tablets: one session each."""

    def __init__(self, directory: NodeDirectory) -> None:
        self.base = f"https://localhost:{directory.port}"
        self.sessions: dict[str, httpx.Client] = {}

    def ready(self) -> None:
        """Wait for the pages and log everybody in."""
        until = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"{self.base}/", verify=False).read()
                break
            except httpx.TransportError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)
        for role in ("assistant", "nurse", "doctor"):
            session = httpx.Client(base_url=self.base, verify=False, follow_redirects=True, timeout=60)
            page = session.get("/")
            said = {**hidden(page.text), "next": "/account/", "username": f"bench-{role}", "password": PASSWORD}
            answer = session.post(page.url, data=said, headers={"Referer": str(page.url)})
            answer.raise_for_status()
            if 'name="password"' in answer.text:
                raise SystemExit(f"bench-{role} was not let in")
            self.sessions[role] = session

    def get(self, role: str, url: str) -> httpx.Response:
        """A page."""
        return answered(self.sessions[role].get(url))

    def post(self, role: str, url: str, data: dict[str, str], *, htmx: bool = False) -> httpx.Response:
        """A form."""
        extra = {"HX-Request": "true"} if htmx else {}
        return answered(self.sessions[role].post(url, data=data, headers={"Referer": f"{self.base}{url}", **extra}))


def answered(page: httpx.Response) -> httpx.Response:
    """The page. Raises where it was refused."""
    page.raise_for_status()
    return page


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page's forms."""
    found = {}
    for tag in re.findall(r"<input\b[^>]*>", page):
        said = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if said.get("type") == "hidden" and "name" in said:
            found[said["name"]] = said.get("value", "")
    return found


def measured(crew: Crew, rounds: int) -> dict[str, dict[str, float]]:
    """Median and 95th percentile of each act, in milliseconds, one after the other."""
    queue = crew.get("nurse", "/reception/queue/").text
    starts = re.findall(r'action="(/nurse/vitals/[0-9a-f-]{36}/start/)"', queue)
    people = list(dict.fromkeys(re.findall(r'/reception/people/([0-9a-f-]{36})/"', queue)))
    token = hidden(queue)
    code = re.search(
        r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]\b", crew.get("assistant", f"/reception/people/{people[0]}/").text
    )
    found: dict[str, dict[str, float]] = {}

    def search(typed: str) -> Callable[[int], object]:
        return lambda n: crew.post(
            "assistant", "/reception/queue/search/", {**token_of_assistant, "q": typed}, htmx=True
        )

    token_of_assistant = hidden(crew.get("assistant", "/reception/queue/").text)
    typed = {
        "search, name in Arabic": "فاطمة بنعلي", "search, name in Latin": "Mohamed Alaoui",
        "search, one common word": "Fatima", "search, telephone": "0600001234",
        "search, code": code.group() if code else "",
    }  # fmt: skip
    for what, text in typed.items():
        if text:
            found[what] = timed(search(text), rounds)
    found["queue, 40 waiting"] = timed(lambda n: crew.get("nurse", "/reception/queue/"), rounds)
    found["a person's page"] = timed(
        lambda n: crew.get("doctor", f"/reception/people/{people[n % len(people)]}/"), rounds
    )
    pages = [form_of(crew, start, token) for start in starts[:rounds]]
    found["vitals, form"] = timed(lambda n: crew.get("nurse", pages[n % len(pages)][0]), rounds)
    found["vitals, saved"] = timed(lambda n: save(crew, *pages[n]), len(pages), warm=0)
    return found


def save(crew: Crew, url: str, data: dict[str, str]) -> None:
    """Send the form. Raises where it was not taken."""
    referer = {"Referer": f"{crew.base}{url}"}
    answer = crew.sessions["nurse"].post(url, data=data, headers=referer, follow_redirects=False)
    if answer.status_code != 302:
        raise SystemExit(f"the readings were not taken: {answer.status_code}")


def form_of(crew: Crew, start: str, token: dict[str, str]) -> tuple[str, dict[str, str]]:
    """The address and the filled-in fields of the vitals form of one waiting person."""
    page = crew.post("nurse", start, token)
    return page.url.path, {**hidden(page.text), **VITALS}


def timed(act: Callable[[int], object], rounds: int, warm: int = 3) -> dict[str, float]:
    """Milliseconds of an act, done so many times."""
    for n in range(warm):
        act(n)
    taken = []
    for n in range(rounds):
        begun = time.perf_counter()
        act(n)
        taken.append((time.perf_counter() - begun) * 1000)
    return {"median": round(statistics.median(taken), 1), "p95": round(sorted(taken)[int(len(taken) * 0.95) - 1], 1),
            "n": len(taken)}  # fmt: skip


def pss_mb(pid: int) -> float:
    """Proportional set size of a process and all that it started, in MB."""
    total = 0
    for process in family(pid):
        with suppress(FileNotFoundError, ProcessLookupError):
            rolled = Path(f"/proc/{process}/smaps_rollup").read_text()
            total += int(re.search(r"^Pss:\s+(\d+) kB", rolled, re.M).group(1))  # type: ignore[union-attr]
    return round(total / 1000, 1)


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        # A thread may end while it is looked at.
        with suppress(FileNotFoundError, ProcessLookupError):
            children += map(int, (task / "children").read_text().split())
    return [pid, *(one for child in children for one in family(child))]


def versions() -> dict[str, str]:
    """What was measured, with what."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return {
        "python": platform.python_version(), "cpu": cpu.group(1) if cpu else platform.machine(),
        **{name: metadata.version(name) for name in ("qafila", "Django", "granian", "sqlcipher3", "httpx")},
    }  # fmt: skip


def table(report: dict[str, Any]) -> str:
    """The report as people read it."""
    lines = [f"{'':28}{'median ms':>10}{'p95 ms':>10}"]
    lines += [f"{what:28}{m['median']:>10}{m['p95']:>10}" for what, m in report["ms"].items()]
    lines.append(f"memory {report['memory_total_mb']} MB ({report['memory_mb']}), database {report['database_mb']} MB")
    lines.append(f"bar: each below {BAR_MS} ms, {BAR_MB} MB: {'reached' if report['within_bar'] else 'NOT reached'}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
