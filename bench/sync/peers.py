"""Other programs over the same link, with the same consultations as JSON documents: PouchDB and rsync.

Both go without TLS, PouchDB keeps its databases in memory: that is in their favour.
"""

from __future__ import annotations

import filecmp
import json
import shutil
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.sync.acts import UNIT
from bench.sync.channel import Conditions, Cuts
from bench.sync.lines import SETTLE_S, Size
from bench.sync.link import FAST, HUB_ADDRESS, Link
from bench.sync.nodes import ROOT, await_port, say
from bench.sync.watch import until
from bench.sync.workload import consultations

HERE = Path(__file__).parent / "peers"
INSTALLED = ROOT / "bench" / "results" / "sync-peers"
BEGUN = datetime(2026, 1, 5, 7, tzinfo=UTC)
COUCH_PORT, RSYNC_PORT = 5984, 8730
RSYNC_STALL_S = 15


class Missing(Exception):
    """A peer is not on this machine; the message says how to get it."""


class Reader:
    """Lines of a process, with the time at which each came."""

    def __init__(self, process: subprocess.Popen[Any]) -> None:
        self.process, self.said = process, {}
        threading.Thread(target=self._read, daemon=True).start()

    said: dict[str, float]

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self.said.setdefault(line.strip(), time.monotonic())

    def wait(self, word: str, seconds: float) -> float:
        """When it said that."""

        def look() -> bool:
            if word not in self.said and self.process.poll() is not None:
                raise RuntimeError(f"a peer ended before it said {word!r}")
            return word in self.said

        until(look, seconds, lambda: f"never said {word!r}")
        return self.said[word]


def documents(size: Size, file: Path) -> int:
    """Write the consultations as one JSON document a line; the file's size."""
    with file.open("wb") as out:
        for one in consultations(size.count, size.seed):
            said = json.dumps(one.document(BEGUN, UNIT), ensure_ascii=False, separators=(",", ":"))
            out.write(said.encode() + b"\n")
    return file.stat().st_size


def pouchdb(folder: Path, size: Size, cuts: Cuts | None) -> dict[str, Any]:
    """PouchDB's replication to a server with CouchDB's protocol."""
    installed()
    file = folder / "documents.jsonl"
    total = documents(size, file)
    with Link() as link:
        words = ["node", str(INSTALLED / "pouchdb-hub.js"), HUB_ADDRESS, str(COUCH_PORT), str(size.count)]
        hub = Reader(link.hub(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True))
        hub.wait("ready", 60)
        words = ["node", str(INSTALLED / "pouchdb-unit.js"), str(file), f"http://{HUB_ADDRESS}:{COUCH_PORT}/work"]
        process = link.unit(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        Reader(process).wait("ready", 60)
        link.begin(Conditions(seed=size.seed), cuts)
        process.stdin.write("go\n")
        process.stdin.flush()
        done = hub.wait("all", size.patience * 4)
        time.sleep(SETTLE_S)
        return _told(link, done, size, total)


def rsync(folder: Path, size: Size, cuts: Cuts | None) -> dict[str, Any]:
    """rsync --append -z of the documents as one plain file of JSON lines, called again until it is through."""
    program = _program()
    file, target = folder / "documents.jsonl", folder / "arrived"
    total = documents(size, file)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    conf = folder / "rsyncd.conf"
    conf.write_text(f"use chroot = no\nuid = {_owner(target)}\n[work]\npath = {target}\nread only = no\n")
    with Link() as link:
        words = [program, "--daemon", "--no-detach", f"--config={conf}", f"--address={HUB_ADDRESS}", f"--port={RSYNC_PORT}"]  # fmt: skip # noqa: E501
        daemon = link.hub(words, stdout=sys.stderr, stderr=subprocess.DEVNULL)
        await_port(link, RSYNC_PORT, daemon)
        link.begin(Conditions(seed=size.seed), cuts)
        words = [program, "--append", "-z", f"--timeout={RSYNC_STALL_S}", f"--contimeout={RSYNC_STALL_S}", str(file),
                 f"rsync://{HUB_ADDRESS}:{RSYNC_PORT}/work/"]  # fmt: skip
        limit = time.monotonic() + size.patience * 4
        while link.unit(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).wait():
            if time.monotonic() > limit:
                raise RuntimeError("rsync did not get through")
            time.sleep(0.5)
        done = time.monotonic()
        if not filecmp.cmp(file, target / file.name, shallow=False):
            raise RuntimeError("what rsync carried is not what was sent")
        told = _told(link, done, size, total)
        link.begin(FAST)
        return told


def _told(link: Link, done: float, size: Size, total: int) -> dict[str, Any]:
    tally, first = link.tally(), link.first_packet or done
    return {"seconds": round(done - first, 1), **tally, "up_bytes_each": round(tally["up_bytes"] / size.count, 1),
            "json_bytes_each": round(total / size.count, 1)}  # fmt: skip


def _owner(folder: Path) -> str:
    return folder.owner()


def _program() -> str:
    found = shutil.which("rsync")
    if found is None:
        raise Missing("rsync is not installed (Debian: apt-get install rsync)")
    return found


def installed() -> None:
    """Bring PouchDB's packages, as locked, at the first use."""
    if shutil.which("npm") is None:
        raise Missing("npm is not installed (Debian: apt-get install npm)")
    lock = (HERE / "package-lock.json").read_bytes()
    known = INSTALLED / "package-lock.json"
    fresh = known.exists() and known.read_bytes() == lock and (INSTALLED / "node_modules").exists()
    INSTALLED.mkdir(parents=True, exist_ok=True)
    for file in HERE.iterdir():
        shutil.copy(file, INSTALLED)
    if not fresh:
        say("installing PouchDB for the comparison, once")
        words = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        if subprocess.run(words, cwd=INSTALLED, stdout=sys.stderr, check=False).returncode:
            raise Missing("PouchDB's packages could not be installed (npm ci)")


def versions() -> dict[str, str]:
    """What the peers are."""
    said = json.loads((HERE / "package.json").read_text())["dependencies"]
    found = {name: said[name] for name in ("pouchdb-core", "express-pouchdb")}
    for name, words in (("rsync", ["rsync", "--version"]), ("node", ["node", "--version"])):
        if shutil.which(name):
            out = subprocess.run(words, capture_output=True, text=True, check=False).stdout
            found[name] = out.splitlines()[0].removeprefix("rsync").replace("version", "").strip()
    return found


PEERS = {"pouchdb": pouchdb, "rsync": rsync}
HOW = {
    "pouchdb": "PouchDB replication to express-pouchdb, memory adapters, plain HTTP, live with retry",
    "rsync": "rsync --append -z of one plain file of JSON lines to a daemon, no TLS, "
    f"--timeout={RSYNC_STALL_S}, called again until it is through",
}
