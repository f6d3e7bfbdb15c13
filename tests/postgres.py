"""A PostgreSQL cluster of the tests' own, from Debian's packages."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        raise RuntimeError("PostgreSQL is not installed: run 'make setup', or apt-get install postgresql")
    return found[-1].parent


class Cluster:
    """Started in a folder with a socket in it, reachable by no network; gone when the block ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.socket = folder / "socket"
        self.programs = _programs()
        self.options = f"-c listen_addresses='' -c unix_socket_directories='{self.socket}' -c shared_buffers=64MB"

    def _run(self, *command: str) -> None:
        subprocess.run(self._as_postgres(command), check=True, capture_output=True, cwd="/")

    def _as_postgres(self, command: tuple[str, ...]) -> list[str]:
        # The server refuses to run as root; CI and containers do.
        return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else list(command)

    def __enter__(self) -> Cluster:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.socket.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            for path in (self.folder, self.socket):
                os.chown(path, owner.pw_uid, owner.pw_gid)
            for parent in self.folder.parents:
                if parent.owner() == "root" and parent.stat().st_mode & 0o001 == 0:
                    parent.chmod(parent.stat().st_mode | 0o011)
        self._run(str(self.programs / "initdb"), "-D", str(self.data), "-U", "qafila", "-A", "trust", "-E", "UTF8",
                  "--locale=C.UTF-8", "-N")  # fmt: skip
        self.start()
        return self

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self._run(str(self.programs / "pg_ctl"), "-D", str(self.data), "-w", "-l", str(self.folder / "log"),
                  "-o", self.options, "start")  # fmt: skip

    def restart_after_crash(self) -> None:
        """Wait until a killed server has let go of its data, then start it; it recovers from its log."""
        self._run(str(self.programs / "pg_ctl"), "-D", str(self.data), "-w", "-l", str(self.folder / "log"),
                  "-o", self.options, "restart")  # fmt: skip

    def create_database(self, name: str, like: str = "template1") -> None:
        """An empty database owned by `qafila`, or a copy of one that nobody uses."""
        self._run(str(self.programs / "createdb"), "-h", str(self.socket), "-U", "qafila", "-T", like, name)

    def __exit__(self, *error: object) -> None:
        pid = self.data / "postmaster.pid"
        try:
            self._run(str(self.programs / "pg_ctl"), "-D", str(self.data), "-m", "immediate", "stop")
        except subprocess.CalledProcessError:
            # It had ended by itself (tests kill it), or it is stuck: there is nothing in it to lose.
            with suppress(OSError, ValueError, IndexError):
                os.kill(int(pid.read_text().split()[0]), signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)
