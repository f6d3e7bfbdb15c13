"""Five hundred people at a hub at once, and what its safety costs: the same load on the same hub without hardening.

    qafila bench load [--people 500] [--minutes 10] [--json]

Each configuration has a PostgreSQL database of its own with the same people and cases, served as `qafila serve` does.
*hardened*: HTTPS, argon2, CSRF, every header, secure cookies. *bare* (bench/load/bare.py): HTTP, none of these.
People log in during the first quarter, hold a live connection, look at pages with think time (exponential around
--think seconds), save drafts, go on duty and off; an open list asks for itself again when something has changed.
The callers run on the same machine, so their processor time is told beside the hub's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import httpx

from bench.hub.run import cpu
from bench.load.people import crowd
from bench.ports import free_ports
from bench.unit.run import pss_mb
from qafila.node.create import create, environment
from qafila.node.directory import NodeDirectory
from qafila.node.server import PAGE_THREADS, certify, granian, page_workers
from qafila.packs import load
from qafila.sync.pki import make_authority
from tests.postgres import Cluster

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "bench" / "results"
P95_MS = 500
SETTINGS = {"hardened": "qafila.node.settings", "bare": "bench.load.bare"}


def main() -> int:
    """Measure and print; exit status 1 where the hardened hub misses the bar."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--think", type=float, default=20, help="seconds between two pages of a person, on average")
    parser.add_argument("--cases", type=int, default=140)
    parser.add_argument("--workers", type=int, default=2, help="processes that serve pages")
    parser.add_argument("--only", choices=sorted(SETTINGS), help="one configuration alone")
    arguments = parser.parse_args()
    folder = RESULTS / "load-run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    cluster = Cluster(folder / "postgres")
    cluster.options += " -c shared_buffers=256MB -c max_connections=100"
    with cluster:
        found: dict[str, dict[str, Any]] = {}
        for name in [arguments.only] if arguments.only else list(SETTINGS):
            found[name] = measured(name, folder, cluster, arguments)
            print(f"{name}: {json.dumps(found[name]['all_pages'])}, errors {found[name]['errors']}", file=sys.stderr)
    safe = found.get("hardened", {})
    report = {
        "bench": "load", "people": arguments.people, "minutes": arguments.minutes, "think_s": arguments.think,
        "workers": arguments.workers, "cases": arguments.cases, "configurations": found,
        "price_of_safety": price(found), "bar": {"p95_ms": P95_MS, "errors": 0}, "versions": versions(),
        "within_bar": bool(safe) and not safe["errors"] and safe["all_pages"].get("p95", 1e9) <= P95_MS,
    }  # fmt: skip
    print(json.dumps(report, indent=2) if arguments.json else table(report))
    return 0 if report["within_bar"] or arguments.only == "bare" else 1


def measured(name: str, folder: Path, cluster: Cluster, arguments: argparse.Namespace) -> dict[str, Any]:
    """One configuration under the load."""
    cluster.create_database(name)
    country = load.countries()[-1]
    database = {"engine": "postgresql", "name": name, "user": "qafila", "host": str(cluster.socket)}
    port, live = free_ports(2)
    hub = create("hub", folder / name, code="H", country=country, port=port, database=database)
    with (hub.path / "node.toml").open("r+") as file:
        text = file.read()
        file.seek(0)
        own = f'live_port = {live}\nsecond_factor = "offered"\npage_workers = {arguments.workers}\n'
        file.write(own + text)
    hub = NodeDirectory(hub.path)
    make_authority(hub.path / "keys", "Qafila bench")
    certify(hub)
    where = {**environment(hub), "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "DJANGO_SETTINGS_MODULE": SETTINGS[name]}
    made = [sys.executable, "-m", "bench.load.make", str(arguments.people), str(arguments.cases)]
    subprocess.run(made, env=where, check=True)
    processes = [subprocess.Popen(line, env=where) for line in lines(hub, name == "hardened")]
    try:
        base = f"{'https' if name == 'hardened' else 'http'}://localhost:{port}"
        authority = hub.path / "keys" / "ca.crt" if name == "hardened" else None
        wait(base, hub)
        memory: list[list[float]] = []
        begun, used = time.monotonic(), [cpu(p.pid) for p in processes]
        own, postgres = time.process_time(), cpu(postmaster(cluster))

        def watch() -> None:
            seconds = round(time.monotonic() - begun)
            memory.append([seconds, *(pss_mb(p.pid) for p in processes), pss_mb(postmaster(cluster))])

        told = asyncio.run(crowd(base, authority, arguments.people, arguments.minutes, arguments.think, watch))
        used = [cpu(p.pid) - then for p, then in zip(processes, used, strict=True)]
        postgres, own = cpu(postmaster(cluster)) - postgres, time.process_time() - own
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()
    seconds = time.monotonic() - begun
    result = told.summary()
    n = result["all_pages"]["n"]
    result |= {
        "seconds": round(seconds, 1), "pages_a_second": round(n / seconds, 1),
        "cpu_s": {"pages": round(used[0], 1), "live": round(used[1], 1), "postgresql": round(postgres, 1),
                  "callers": round(own, 1)},
        "cpu_ms_a_page": round(1000 * (used[0] + postgres) / n, 1) if n else None,
        "memory_mb": {"columns": ["second", "pages", "live", "postgresql"], "rows": memory},
        "memory_growth_mb": growth(memory),
    }  # fmt: skip
    return result


def lines(hub: NodeDirectory, safe: bool) -> list[list[str]]:
    """The commands that serve pages and live lists."""
    pages = granian("wsgi", "qafila.node.wsgi:application", hub.port, hub, "--blocking-threads", PAGE_THREADS,
                    "--backlog", "1024", workers=page_workers(hub))  # fmt: skip
    live = granian("asgi", "qafila.node.live:application", hub.live_port, hub, "--backlog", "1024")
    if not safe:
        for option in ("--ssl-certificate", "--ssl-keyfile"):
            at = pages.index(option)
            del pages[at : at + 2]
    return [pages, live]


def wait(base: str, hub: NodeDirectory) -> None:
    """Until the pages answer."""
    until = time.monotonic() + 90
    while True:
        try:
            httpx.get(f"{base}/healthz", verify=False).raise_for_status()
            return
        except httpx.HTTPError:
            if time.monotonic() > until:
                raise
            time.sleep(0.3)


def postmaster(cluster: Cluster) -> int:
    """PostgreSQL's first process."""
    said = subprocess.run(["head", "-1", cluster.data / "postmaster.pid"], stdout=subprocess.PIPE, check=True)
    return int(said.stdout)


def growth(memory: list[list[float]]) -> float:
    """What the pages' processes hold more at the end than when everybody had logged in, in MB."""
    settled = [row for row in memory if row[0] >= memory[-1][0] / 3]
    third = max(1, len(settled) // 4)
    mean = lambda rows: sum(row[1] for row in rows) / len(rows)  # noqa: E731 - one line, used twice below
    return round(mean(settled[-third:]) - mean(settled[:third]), 1)


def price(found: dict[str, Any]) -> dict[str, Any]:
    """What the hardened hub needs more than the bare one."""
    if len(found) < 2:
        return {}
    safe, bare = found["hardened"], found["bare"]
    return {
        "cpu_ms_a_page": [safe["cpu_ms_a_page"], bare["cpu_ms_a_page"]],
        "p95_ms": [safe["all_pages"].get("p95"), bare["all_pages"].get("p95")],
        "log_in_p50_ms": [one["pages"].get("log-in", {}).get("p50") for one in (safe, bare)],
    }


def versions() -> dict[str, str]:
    """What was measured, with what."""
    names = ("Django", "granian", "psycopg", "aiohttp", "argon2-cffi")
    return {
        "python": platform.python_version(),
        "cores": str(os.cpu_count()),
        **{n: metadata.version(n) for n in names},
    }


def table(report: dict[str, Any]) -> str:
    """For people."""
    out = [f"{report['people']} people, {report['minutes']} min, a page every {report['think_s']} s each"]
    for name, one in report["configurations"].items():
        out.append(f"\n{name}: {one['pages_a_second']} pages/s, {one['cpu_ms_a_page']} ms of processor a page, "
                   f"memory {one['memory_growth_mb']:+} MB, errors {one['errors'] or 'none'}")  # fmt: skip
        rows = {**one["pages"], "all pages": one["all_pages"]}
        out += [f"  {kind:12} {row['n']:7} {row.get('p50', ''):>9} {row.get('p95', ''):>9} {row.get('max', ''):>9} ms"
                for kind, row in rows.items()]  # fmt: skip
    return "\n".join(
        [*out, f"\nprice of safety: {report['price_of_safety']}", f"within the bar: {report['within_bar']}"]
    )


if __name__ == "__main__":
    raise SystemExit(main())
