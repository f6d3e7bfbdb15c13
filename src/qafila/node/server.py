"""Serves a node: starts its processes, starts again what dies, stops all of them together.

web     pages (WSGI, threads)
live    held connections (ASGI)
sync    the port at which other nodes call (only where the profile serves sync)
radio   readings of Bluetooth instruments (only where the machine has a radio and the profile sees patients)
hl7     results of analysers and monitors (only where node.toml has a section [hl7])
sdc     numbers of patient monitors (only where node.toml has [[sdc]])
agent   jobs and, on a node that calls a hub, the sync loop
dicom   the port at which imaging devices call; not before the administrator has named one
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

from qafila.kernel import clock
from qafila.node.create import environment, migrate
from qafila.node.directory import NodeDirectory
from qafila.node.radio.machine import adapter_present

STEADY_S = 20
LONGEST_WAIT_S = 15.0


@dataclass
class Part:
    """One process of the node."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    wait: float = 0.5
    due: float = field(default=0.0)
    when: Path | None = None
    """It runs once this file is there."""

    @property
    def wanted(self) -> bool:
        """Whether it is to run by now."""
        return self.when is None or self.when.exists()


def granian(interface: str, target: str, port: int, directory: NodeDirectory, *extra: str) -> list[str]:
    """The command of a granian server with the node's certificate."""
    keys = directory.path / "keys"
    return [
        sys.executable, "-m", "granian", "--interface", interface, "--host", directory.facts.get("listen", "0.0.0.0"),  # noqa: S104 - the crew's tablets reach the unit over the vehicle's network
        "--port", str(port), "--workers", "1", "--no-ws", "--log-level", "warning",
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


def parts(directory: NodeDirectory) -> list[Part]:
    """The processes that this node's profile asks for."""
    found = [
        Part("web", granian("wsgi", "qafila.node.wsgi:application", directory.port, directory,
                            "--blocking-threads", "4", "--backlog", "256")),
        Part("live", granian("asgi", "qafila.node.live:application", directory.live_port, directory)),
        Part("agent", [sys.executable, "-m", "qafila.cli", "agent", str(directory.path)]),
    ]  # fmt: skip
    if directory.profile.keeps_images:
        devices = [sys.executable, "-m", "qafila.node.dicom", str(directory.path)]
        found.append(Part("dicom", devices, when=directory.path / "dicom"))
    if directory.profile.serves_sync:
        from qafila.sync.serving import command

        found.append(Part("sync", command(directory.path, directory.sync_port)))
    if directory.profile.sees_patients and adapter_present():
        found.append(Part("radio", [sys.executable, "-m", "qafila.node.radio.serve"]))
    if directory.facts.get("hl7"):
        found.append(Part("hl7", [sys.executable, "-m", "qafila.exchange.hl7.serve"]))
    if directory.facts.get("sdc"):
        found.append(Part("sdc", [sys.executable, "-m", "qafila.exchange.sdc.serve"]))
    return found


class Server:
    """Runs the parts of one node."""

    def __init__(self, directory: NodeDirectory, log: Path | None = None) -> None:
        self.directory = directory
        self.parts = parts(directory)
        self.log = log
        self.stopping = threading.Event()

    def start(self) -> None:
        """Start every part."""
        certify(self.directory)
        for part in self.parts:
            if part.wanted:
                self._start(part)

    def _start(self, part: Part) -> None:
        out = self.log.open("ab") if self.log else None
        part.process = subprocess.Popen(
            part.command,
            env={**environment(self.directory), "QAFILA_PART": part.name},
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
        )
        if out:
            out.close()
        part.started = clock.monotonic()

    def watch(self) -> None:
        """Start again what died, with growing pauses, until `stop`."""
        while not self.stopping.wait(0.2):
            for part in self.parts:
                if part.process is not None and part.process.poll() is None:
                    if clock.monotonic() - part.started > STEADY_S:
                        part.wait = 0.5
                    continue
                if part.process is not None:
                    part.process = None
                    part.due = clock.monotonic() + part.wait
                    part.wait = min(part.wait * 2, LONGEST_WAIT_S)
                if part.wanted and clock.monotonic() >= part.due:
                    self._start(part)

    def stop(self) -> None:
        """End every part, gently first."""
        self.stopping.set()
        running = [p.process for p in self.parts if p.process is not None and p.process.poll() is None]
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(8)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def serve(directory: NodeDirectory) -> int:
    """Serve in the foreground until interrupted; the exit status. After an update the database is brought to this
    version first, and what an earlier one could not read is folded."""
    os.environ["QAFILA_DIR"] = str(directory.path)
    migrate(directory)
    server = Server(directory)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: server.stopping.set())
    server.start()
    try:
        server.watch()
    finally:
        server.stop()
    return 0
