"""Sync over a poor link, beside PouchDB and rsync on the same link: seconds and bytes.

    qafila bench sync [--json]
    python -m bench.sync.run [--json] [--only LINE …] [--no-peers] [--consultations N] [--units N] [--fill N,…]
                                [--seed N] [--quick]

The link lies between two network namespaces (bench/sync/link.py): 128 kbit/s each way, 600 ms there and back, 1 % of
the packets lost, 60 kB of queue. Seconds run from the first packet of the unit until the hub has all of it durably;
bytes are those of IP packets, TLS and repetitions included. Needs root. Exit status 1 where a bar is not reached.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from bench.sync import lines, peers, storm
from bench.sync.bars import BARS, line, table
from bench.sync.channel import Conditions, Cuts
from bench.sync.lines import Size
from bench.sync.link import Link, NotPermitted
from bench.sync.nodes import ROOT, Nodes, say
from bench.sync.watch import TooLong

FULL, FULL_UNITS, FULL_FILLS = 2000, 10_000, "1e6,1e7"
FAILURES = (TooLong, RuntimeError, OSError, subprocess.SubprocessError, peers.Missing)


@dataclass
class Bench:
    """One run: what is asked for, what was found."""

    size: Size
    units: int
    with_peers: bool
    nodes: Nodes
    fills: str
    """Numbers of records at which the hub is measured."""
    found: list[dict[str, Any]] = field(default_factory=list)
    _clean: dict[str, dict[str, Any]] = field(default_factory=dict)

    def measure(self, name: str) -> None:
        """One line, ours and the peers'; a failure is a result, not the end of the others."""
        say(f"{BARS[name].title} …")
        ours = self._tried(self._ours(name))
        say(json.dumps({"ours": _short(ours)}))
        full = self.size.count == FULL and self.size.cuts == 10
        if name == "storm":
            full = self.units == FULL_UNITS
        if name == "hub":
            full = self.fills == FULL_FILLS
        beside = {who: self._tried(self._peer(name, who)) for who in self._who(name)}
        self.found.append(line(name, ours, beside, full=full))
        for who, one in beside.items():
            say(json.dumps({who: _short(one)}))

    def _who(self, name: str) -> list[str]:
        return list(peers.PEERS) if self.with_peers and name in ("clean", "cuts") else []

    def _tried(self, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        try:
            return act()
        except FAILURES as error:
            return {"failed": f"{type(error).__name__}: {error}"}

    def _ours(self, name: str) -> Callable[[], dict[str, Any]]:
        return {
            "clean": self._uncut, "cuts": self._cut,
            "urgent": lambda: lines.urgent_cold(self.nodes, self.size),
            "urgent-busy": lambda: lines.urgent_busy(self.nodes, self.size),
            "ecg": lambda: lines.ecg(self.nodes, self.size),
            "thin": lambda: lines.thin_day(self.nodes, self.size),
            "hub": lambda: lines.hub(self.fills),
            "storm": lambda: storm.storm(self.nodes, self.units, self.size.seed),
        }[name]  # fmt: skip

    def _uncut(self) -> dict[str, Any]:
        if "ours" not in self._clean:
            self._clean["ours"] = _judged(lines.clean(self.nodes, self.size))
        return self._clean["ours"]

    def _cut(self) -> dict[str, Any]:
        before = self._uncut()["up_bytes"]
        found = _judged(lines.cut(self.nodes, self.size, before))
        return {**found, "times_clean_bytes": round(found["up_bytes"] / before, 3)}

    def _peer(self, name: str, who: str) -> Callable[[], dict[str, Any]]:
        def uncut() -> dict[str, Any]:
            if who not in self._clean:
                self._clean[who] = self._carried(who, None)
            return self._clean[who]

        def cut() -> dict[str, Any]:
            before = uncut()["up_bytes"]
            found = self._carried(who, Cuts(every=before // (self.size.cuts + 1), count=self.size.cuts))
            return {**found, "times_clean_bytes": round(found["up_bytes"] / before, 3)}

        return uncut if name == "clean" else cut

    def _carried(self, who: str, cuts: Cuts | None) -> dict[str, Any]:
        with tempfile.TemporaryDirectory(prefix="qafila-peer-") as folder:
            return {**peers.PEERS[who](Path(folder), self.size, cuts), "how": peers.HOW[who]}


def _judged(found: dict[str, Any]) -> dict[str, Any]:
    same = found["compared"]
    return {**found, "equal": same["differ"] == 0 and same["records"] > found["records"] // 2}


def _short(found: dict[str, Any]) -> dict[str, Any]:
    kept = (
        "seconds", "up_bytes", "down_bytes", "up_bytes_each", "times_clean_bytes", "longest_s", "a_second", "p99_ms",
        "failed",
    )  # fmt: skip
    return {name: found[name] for name in kept if name in found}


def main() -> int:
    """Measure and print."""
    arguments = _arguments()
    # Told to end, it ends what it started: servers, a database, two namespaces.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    size = Size(arguments.consultations, arguments.seed)
    if arguments.quick:
        size = Size(min(200, size.count), size.seed, cuts=2, images_mb=2.0, repeats=2)
    units = min(500, arguments.units) if arguments.quick else arguments.units
    fills = "" if arguments.quick else arguments.fill
    try:
        with Link():
            pass
    except NotPermitted as error:
        print(f"bench sync: {error}", file=sys.stderr)
        return 1
    with Nodes() as nodes:
        bench = Bench(size, units, arguments.peers, nodes, fills)
        for name in arguments.only or BARS:
            bench.measure(name)
            report = told(bench)
            (ROOT / "bench" / "results" / "sync.json").write_text(json.dumps(report, indent=2))
    print(json.dumps(report, indent=2) if arguments.json else table(report))
    return 0 if report["within_bar"] else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", action="append", choices=list(BARS), metavar="LINE", help=", ".join(BARS))
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--consultations", type=int, default=FULL)
    parser.add_argument("--units", type=int, default=FULL_UNITS, help="of the storm")
    parser.add_argument("--fill", default=FULL_FILLS, help="of the hub: numbers of records at which to measure it")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="a tenth of the work, two cuts, a small storm: not judged")
    return parser.parse_args()


def told(bench: Bench) -> dict[str, Any]:
    """The whole report so far."""
    return {
        "bench": "sync", "machine": machine(), "versions": {**versions(), **peers.versions()},
        "work": asdict(bench.size), "units": bench.units, "link": asdict(Conditions(seed=bench.size.seed)),
        "lines": bench.found, "within_bar": all(one["reached"] is not False for one in bench.found),
    }  # fmt: skip


def machine() -> dict[str, Any]:
    """What it was measured on."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    return {"cpu": cpu.group(1) if cpu else platform.machine(), "cores": os.cpu_count(), "kernel": platform.release(),
            "memory_gb": round(int(memory.group(1)) / 1e6, 1) if memory else None}  # fmt: skip


def versions() -> dict[str, str]:
    """What was measured, with what."""
    names = ("qafila", "Django", "granian", "sqlcipher3", "httpx", "zstandard")
    cluster = subprocess.run(["psql", "--version"], capture_output=True, text=True, check=False).stdout.split()
    return {"python": platform.python_version(), "postgresql": cluster[2] if len(cluster) > 2 else "?",
            **{name: metadata.version(name) for name in names}}  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
