"""Keeps one of two programs running and exchanges them safely: the part of an update that is not itself updated.

    launch PROGRAM NODE        (what systemd starts on a unit; the standard library alone, copied to PROGRAM/launch)

    PROGRAM/a, PROGRAM/b       two whole environments; `current` is a link to the one that is served
    PROGRAM/staged.release     a bundle that came; PROGRAM/wanted: somebody, or the hour, says that it may be taken now
    PROGRAM/update.json        how far an exchange has come
    PROGRAM/before/            the database as it was before it

An exchange goes through the phases below. Each is written down before it begins and can be done twice, so that after a
power cut, at whatever point, the next start either goes on or goes back:

    (none)    the current program serves and installs the new one beside itself, having checked its signature
    saving    everything is stopped; the database is copied
    trying    the link leads to the new program, which serves the node on the loopback alone: nobody can write anything
              that going back would lose; it has to become ready in time, and its `check` has to pass
    passed    it stays; the copy goes
    undoing   the link leads back, the database is the copy again; the release is noted as refused and not tried again
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

READY_S = float(os.environ.get("QAFILA_READY_S", "600"))
CHECK_S = float(os.environ.get("QAFILA_CHECK_S", "3600"))
INSTALL_S = 1800.0
STOP_S = 25.0
TRIES = 3
LOOK_S = 0.2
SLOTS = ("a", "b")
DATABASE = ("data.db", "data.db-wal", "data.db-shm")
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


class Program:
    """The two programs of one node and the exchange of them."""

    def __init__(self, root: Path, node: Path) -> None:
        self.root, self.node = root, node
        self.child: subprocess.Popen[bytes] | None = None
        self.stopping = False

    # --- what is written down -----------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """How far an exchange has come; empty: none is under way."""
        try:
            found = json.loads((self.root / "update.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) and found.get("to") in SLOTS and found.get("from") in SLOTS else {}

    def note(self, **facts: Any) -> None:
        """Write it down, durably."""
        fresh = self.root / "update.json.new"
        with fresh.open("w") as file:
            json.dump(facts, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.root / "update.json")
        _settle(self.root)

    @property
    def current(self) -> str:
        """The slot that is served."""
        return os.readlink(self.root / "current")

    def lead_to(self, slot: str) -> None:
        """Let `current` lead there, in one step."""
        fresh = self.root / "current.new"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(slot)
        fresh.replace(self.root / "current")
        _settle(self.root)

    def command(self, slot: str, *words: str) -> list[str]:
        """A command of the program in that slot."""
        return [str(self.root / slot / "bin" / "python"), "-m", "qafila.cli", *words]

    # --- running ------------------------------------------------------------------------------

    def run(self) -> int:
        """Serve until told to stop."""
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        while not self.stopping:
            self.exchange()
            if self.stopping:
                break
            self.start(self.current)
            while not self.stopping and self.child is not None and self.child.poll() is None:
                if (self.root / "wanted").exists() and self.prepare():
                    break
                self._wait()
            ended = self.child is not None and self.child.poll() is not None
            self.end()
            if ended and not self.stopping:
                self._wait(2.0)
        return 0

    def _stop(self, *_: object) -> None:
        self.stopping = True

    def start(self, slot: str, *, trial: bool = False) -> None:
        """Serve the node with that program."""
        more = {"QAFILA_TRIAL": "1"} if trial else {}
        environment = {name: value for name, value in os.environ.items() if name != "QAFILA_TRIAL"}
        command = self.command(slot, "serve", str(self.node))
        self.child = subprocess.Popen(command, env={**environment, **more}, preexec_fn=_end_with_me)  # noqa: PLW1509 - one thread

    def end(self) -> None:
        """End the program and everything that it has started: nobody may write when this returns."""
        if self.child is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.child.terminate()
        try:
            self.child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.child = None
        end = time.monotonic() + STOP_S
        while True:
            # What a killed server leaves behind has become our child.
            try:
                gone, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not gone:
                if time.monotonic() > end:
                    for one in _children():
                        with contextlib.suppress(ProcessLookupError):
                            os.kill(one, signal.SIGKILL)
                time.sleep(LOOK_S)

    def told(self, limit_s: float, *command: str) -> bool:
        """Whether a command ends well in time; it is killed where not."""
        done = subprocess.Popen(command, stdout=subprocess.DEVNULL, preexec_fn=_end_with_me)  # noqa: PLW1509 - one thread
        end = time.monotonic() + limit_s
        while done.poll() is None:
            if self.stopping or time.monotonic() > end:
                done.kill()
                done.wait()
                return False
            self._wait()
        return done.returncode == 0

    def _wait(self, seconds: float = LOOK_S) -> None:
        _beat()
        time.sleep(seconds)

    # --- exchanging ---------------------------------------------------------------------------

    def prepare(self) -> bool:
        """Install what is staged beside the current program; whether an exchange may begin."""
        old = self.current
        new = SLOTS[old == SLOTS[0]]
        words = ("release", "prepare", str(self.root), str(self.root / new), str(self.node))
        ready = self.told(INSTALL_S, *self.command(old, *words))
        if self.stopping:
            return False
        if ready:
            self.note(phase="saving", to=new, **{"from": old}, tries=0)
        else:
            _say("the staged release was not installed; the current one goes on")
        (self.root / "wanted").unlink(missing_ok=True)
        return ready

    def exchange(self) -> None:
        """Go on with an exchange from wherever it was left."""
        state = self.state()
        if not state:
            # Left by a cut between the end of an exchange and its tidying.
            shutil.rmtree(self.root / "before", ignore_errors=True)
            return
        phase = state.get("phase")
        if phase == "saving":
            self.save()
            state = {**state, "phase": "trying"}
            self.note(**state)
            phase = "trying"
        if phase == "trying":
            phase = self.attempt(state)
        if phase == "passed":
            self.settle(state)
        elif phase == "undoing":
            self.undo(state)

    def save(self) -> None:
        """Copy the database; nothing runs."""
        shutil.rmtree(self.root / "before", ignore_errors=True)
        (self.root / "before").mkdir(mode=0o700)
        for name in DATABASE:
            if (self.node / name).exists():
                _copy(self.node / name, self.root / "before" / name)
        _settle(self.root / "before")
        _settle(self.root)

    def attempt(self, state: dict[str, Any]) -> str:
        """Serve with the new program where nobody else reaches it; the phase that follows, empty: stopped meanwhile."""
        tries = int(state.get("tries", 0))
        if tries >= TRIES:
            self.note(**{**state, "phase": "undoing"})
            return "undoing"
        self.note(**{**state, "phase": "trying", "tries": tries + 1, "begun": True})
        if state.get("begun"):
            self.restore()
        self.lead_to(state["to"])
        self.start(state["to"], trial=True)
        good = self.ready(state["to"])
        self.end()
        good = good and self.told(CHECK_S, *self.command(state["to"], "check", str(self.node)))
        if self.stopping:
            # A stop is no verdict: the next start tries again.
            self.note(**{**state, "phase": "trying", "tries": tries, "begun": True})
            return ""
        phase = "passed" if good else "undoing"
        self.note(**{**state, "phase": phase})
        return phase

    def ready(self, slot: str) -> bool:
        """Whether the program becomes ready in time."""
        end = time.monotonic() + READY_S
        asked = [str(self.root / slot / "bin" / "python"), "-m", "qafila.node.alive", str(self.node)]
        while time.monotonic() < end and not self.stopping:
            if self.child is None or self.child.poll() is not None:
                return False
            if self.told(30, *asked):
                return True
            self._wait()
        return False

    def settle(self, state: dict[str, Any]) -> None:
        """The new program stays."""
        self.lead_to(state["to"])
        (self.root / "staged.release").unlink(missing_ok=True)
        (self.root / "refused").unlink(missing_ok=True)
        self.forget()
        _say("the new release is served")

    def undo(self, state: dict[str, Any]) -> None:
        """Back to the earlier program and its database."""
        self.lead_to(state["from"])
        self.restore()
        with contextlib.suppress(OSError):
            shutil.copy(self.root / state["to"] / "release.json", self.root / "refused")
        (self.root / "staged.release").unlink(missing_ok=True)
        self.forget()
        _say("the new release did not become ready or its check failed: the earlier one is served again")

    def forget(self) -> None:
        """The exchange is over, durably, before anything is served: what is written from now on is never taken back."""
        (self.root / "wanted").unlink(missing_ok=True)
        (self.root / "update.json").unlink()
        _settle(self.root)
        shutil.rmtree(self.root / "before", ignore_errors=True)

    def restore(self) -> None:
        """The database as it was saved. Done twice it is the same."""
        if not (self.root / "before" / DATABASE[0]).exists():
            return
        for name in DATABASE[1:]:
            (self.node / name).unlink(missing_ok=True)
        for name in DATABASE:
            if (self.root / "before" / name).exists():
                _copy(self.root / "before" / name, self.node / f"{name}.old")
                (self.node / f"{name}.old").replace(self.node / name)
        _settle(self.node)


def _end_with_me() -> None:
    """Whatever we have started ends with us: two of them would write to one slot or one database."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as read, target.open("wb") as write:
        os.fchmod(write.fileno(), 0o600)
        while data := read.read(1 << 20):
            write.write(data)
            _beat()
        write.flush()
        os.fsync(write.fileno())


def _settle(folder: Path) -> None:
    """What was renamed or made in a folder is durable."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _children() -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()]
    except (OSError, ValueError):
        return []


def _beat() -> None:
    """systemd's watchdog hears of us while no program runs that could tell it."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.connect("\0" + address[1:] if address[0] == "@" else address)
            out.sendall(b"WATCHDOG=1")


def _say(words: str) -> None:
    sys.stderr.write(f"qafila launch: {words}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(Program(Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute()).run())
