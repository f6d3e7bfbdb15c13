"""Serves a node: starts its processes, starts again what dies, stops all of them together.

web     pages (WSGI, threads)
live    held connections (ASGI)
sync    the port at which other nodes call (only where the profile serves sync)
radio   readings of Bluetooth instruments (only where the machine has a radio and the profile sees patients)
hl7     results of analysers and monitors (only where node.toml has a section [hl7])
sdc     numbers of patient monitors (only where node.toml has [[sdc]])
agent   jobs and, on a node that calls a hub, the sync loop
dicom   the port at which imaging devices call; not before the administrator has named one

Each ends with the server, however that ends (`kernel.process.bound`).
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from qafila.kernel import clock
from qafila.kernel.process import bound
from qafila.kernel.stamp import stamp
from qafila.node import alive, door, logs, measures, notify
from qafila.node.commands.vault import certify_door
from qafila.node.create import environment, migrate
from qafila.node.directory import NodeDirectory, NodeError
from qafila.node.radio.machine import adapter_present
from qafila.node.rekey import settle
from qafila.sync import vault
from qafila.sync.serving import command as sync_command

log = logging.getLogger("qafila.serve")
LOOK_S = 0.2
USUAL_WORKERS, MOST_WORKERS = 4, 64
PAGE_THREADS = "6"
"""Of each process that serves pages. Some may wait for a password's hash (`kernel.aside`): the others draw pages."""
WIPED = "wiped"
"""A file that a wiped node leaves (`ordered`)."""
STEADY_S = 20
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 15.0
PATIENCE_S = 8.0


@dataclass
class Part:
    """One process of the node."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    wait: float = FIRST_WAIT_S
    due: float = 0.0
    when: Path | None = None
    """It runs once this file is there."""
    restarts: int = 0

    @property
    def wanted(self) -> bool:
        """Whether it is to run by now."""
        return self.when is None or self.when.exists()

    @property
    def pid(self) -> int:
        """Of its process; 0: it does not run."""
        return self.process.pid if self.process is not None else 0

    def rest(self) -> None:
        """It has died: wait before the next start, longer each time."""
        self.due = clock.monotonic() + self.wait
        self.wait = min(self.wait * 2, LONGEST_WAIT_S)


def page_workers(directory: NodeDirectory) -> int:
    """How many processes serve pages: `page_workers` of node.toml; else one, and on PostgreSQL one a core, four at
    most. Raises `NodeError`."""
    said = directory.facts.get("page_workers")
    if said is None:
        on_server = directory.facts.get("database", {}).get("engine") == "postgresql"
        return min(os.cpu_count() or 1, USUAL_WORKERS) if on_server else 1
    if type(said) is not int or not 1 <= said <= MOST_WORKERS:
        raise NodeError(f"node.toml: page_workers is a whole number from 1 to {MOST_WORKERS}")
    return said


def granian(
    interface: str, target: str, port: int, directory: NodeDirectory, *extra: str, workers: int = 1
) -> list[str]:
    """The command of a granian server with the node's certificate."""
    keys = directory.path / "keys"
    address = directory.facts.get("listen", "0.0.0.0")  # noqa: S104 - the crew's tablets reach the unit over its network
    return [
        sys.executable, "-m", "granian", "--interface", interface, "--port", str(port),
        "--host", "127.0.0.1" if on_trial() else address, "--workers", str(workers),
        "--no-ws", "--log-level", "warning",
        "--ssl-certificate", str(keys / "pages.crt"), "--ssl-keyfile", str(keys / "pages.pem"),
        *extra, target,
    ]  # fmt: skip


def certify(directory: NodeDirectory) -> None:
    """Make the certificate of the node's pages, unless it has a fitting one: under its own private authority, or the
    one whose keys lie in the folder that `node.toml` names as `authority`."""
    from qafila.sync.pki import server_certificate

    other = directory.facts.get("authority")
    authority = directory.path / str(other) if other else None
    server_certificate(directory.path / "keys", directory.code, directory.hosts, authority=authority)
    if vault.exists(directory.path):
        certify_door(directory)


def parts(directory: NodeDirectory) -> list[Part]:
    """The processes that this node's profile asks for."""
    found = [
        Part("web", granian("wsgi", "qafila.node.wsgi:application", directory.port, directory,
                            "--blocking-threads", PAGE_THREADS, "--backlog", "256", workers=page_workers(directory))),
        Part("live", granian("asgi", "qafila.node.live:application", directory.live_port, directory)),
        Part("agent", [sys.executable, "-m", "qafila.cli", "agent", str(directory.path)]),
    ]  # fmt: skip
    if directory.profile.keeps_images:
        devices = [sys.executable, "-m", "qafila.node.dicom", str(directory.path)]
        found.append(Part("dicom", devices, when=directory.path / "dicom"))
    if directory.profile.serves_sync:
        found.append(Part("sync", sync_command(directory.path, directory.sync_port)))
    if directory.profile.sees_patients and adapter_present():
        found.append(Part("radio", [sys.executable, "-m", "qafila.node.radio.serve"]))
    if directory.facts.get("hl7"):
        found.append(Part("hl7", [sys.executable, "-m", "qafila.exchange.hl7.serve"]))
    if directory.facts.get("sdc"):
        found.append(Part("sdc", [sys.executable, "-m", "qafila.exchange.sdc.serve"]))
    return [found[0]] if on_trial() else found


def on_trial() -> bool:
    """Whether this start tries a new release out (`release.launch`): nobody but the machine itself may reach it, so
    that nothing is written that the way back would lose."""
    return bool(os.environ.get("QAFILA_TRIAL"))


class Server:
    """Runs the parts of one node. `ready` is set once its pages have answered."""

    def __init__(
        self, directory: NodeDirectory, log: Path | None = None, stopping: threading.Event | None = None
    ) -> None:
        self.directory = directory
        self.parts = parts(directory)
        self.log = log
        self.stopping = stopping or threading.Event()
        self.ready = False
        self.more: dict[str, str] = {}
        self._told = 0.0
        self.ended = threading.Event()
        self.turned_away = self._turned_away()

    def start(self) -> None:
        """Start every part."""
        certify(self.directory)
        if measures.listening(self.directory):
            self.more["PROMETHEUS_MULTIPROC_DIR"] = str(measures.clear(self.directory.path))
        for part in self.parts:
            if part.wanted:
                self._start(part)
        self._write()

    def _start(self, part: Part) -> None:
        out = self.log.open("ab") if self.log else None
        try:
            part.process = subprocess.Popen(
                bound(part.command),
                env={
                    **environment(self.directory),
                    "QAFILA_PART": part.name,
                    "GRANIAN_LOG_CONFIG": str(logs.GRANIAN),
                    **self.more,
                },
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
            )
        except OSError as error:
            log.error("%s could not be started: %s", part.name, error.strerror)
            part.rest()
        finally:
            if out:
                out.close()
        part.started = clock.monotonic()

    def watch(self) -> None:
        """Start again what died, with growing pauses, until `stop`, or until the node is locked."""
        while not (self.stopping.wait(LOOK_S) or self.ended.is_set() or self.shut()):
            self._turn_away()
            if self._look():
                self._write()
            self._tell()

    def _look(self) -> bool:
        """Start what died or is wanted now; whether anything has changed."""
        changed = False
        for part in self.parts:
            if part.process is not None and part.process.poll() is None:
                if clock.monotonic() - part.started > STEADY_S:
                    part.wait = FIRST_WAIT_S
                continue
            if part.process is not None:
                log.warning("%s ended by itself (%s): it starts again", part.name, part.process.returncode)
                part.process, changed = None, True
                part.restarts += 1
                part.rest()
            if part.wanted and clock.monotonic() >= part.due:
                self._start(part)
                changed = True
        return changed

    def _write(self) -> None:
        alive.write(self.directory.path, {p.name: (p.pid, p.restarts) for p in self.parts if p.wanted})

    def _tell(self) -> None:
        """Tell systemd, where it started us: ready once the pages answer, then that we are still here."""
        now = clock.monotonic()
        if "NOTIFY_SOCKET" not in os.environ or now - self._told < (notify.watchdog_s() or 1.0):
            return
        self._told = now
        if not self.ready and alive.answers(self.directory):
            self.ready = notify.tell(ready=1, status=f"{self.directory.code} is served")
        notify.tell(watchdog=1)

    def _turned_away(self) -> int:
        return stamp(self.directory.path / "keys" / "units.crl")

    def _turn_away(self) -> None:
        """Somebody was revoked: the port begins anew with the list, so that the box is not even connected. The others
        call again within seconds."""
        if self._turned_away() == self.turned_away:
            return
        self.turned_away = self._turned_away()
        for part in self.parts:
            if part.name == "sync":
                part.command = sync_command(self.directory.path, self.directory.sync_port)
                if part.process is not None:
                    part.process.terminate()

    def shut(self) -> bool:
        """Whether the node was locked or wiped while it runs."""
        return vault.locked(self.directory.path) or (self.directory.path / WIPED).exists()

    def stop(self) -> None:
        """End every part: all are asked at once, and what has not ended after a while is killed."""
        self.ended.set()
        running = [p.process for p in self.parts if p.process is not None and p.process.poll() is None]
        for process in running:
            process.terminate()
        end = clock.monotonic() + PATIENCE_S
        for process in running:
            try:
                process.wait(max(0.1, end - clock.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        alive.forget(self.directory.path)


def serve(directory: NodeDirectory) -> int:
    """Serve in the foreground until interrupted; the exit status. A node whose keys are in a vault begins locked, and
    is so again when the vault is shut while it runs. After an update the database is brought to this version first,
    and what an earlier one could not read is folded. The caller has looked whether it can be served (`fitness`)."""
    os.environ["QAFILA_DIR"] = str(directory.path)
    logs.start(directory.facts)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    if directory.profile.crew_unlock and not vault.exists(directory.path):
        log.warning("the keys of this node lie in clear: seal them with 'qafila vault make %s'", directory.path)
    while not stopping.is_set():
        if (directory.path / WIPED).exists():
            raise NodeError(f"{directory.code} was wiped by order of its hub: make a new node")
        if vault.locked(directory.path) and not door.wait(directory, stopping):
            break
        settle(directory)
        migrate(directory)
        server = Server(directory, stopping=stopping)
        server.start()
        try:
            server.watch()
        finally:
            if stopping.is_set():
                notify.tell(stopping=1)
            server.stop()
    return 0
