"""Small programs that stand for two releases, and the launcher that exchanges them, killed wherever a test wants."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from qafila.node.demo.waiting import until
from qafila.node.release import launch

PATIENCE_S = 300
"""Where a hundred processes are started one after the other, a busy machine is not a fault."""
CRASH = Path(__file__).with_name("release_crash.py")
PROGRAM = """#!/bin/sh
slot=$(dirname "$(dirname "$0")"); root=$(dirname "$slot"); version=$(cat "$slot/version")
case "$2 $3" in
"qafila.cli serve")
  rm -f "$4/served"
  rows=$(cat "$4/data.db")
  case "$version $rows" in
    "old rows" | "new rows migrated") ;;
    "new rows") printf half > "$4/data.db"; printf "rows migrated" > "$4/data.db" ;;
    *) echo "$version cannot read: $rows" >> "$root/broken"; exit 1 ;;
  esac
  [ "$version" = new ] && [ -e "$root/new-dies" ] && exit 1
  [ "${QAFILA_TRIAL:-0}" = 0 ] && printf "%s" "$version" > "$4/served.new" && mv "$4/served.new" "$4/served"
  [ "${QAFILA_TRIAL:-0}" = 1 ] && printf "%s" "$version" > "$4/tried"
  exec sleep 1000 ;;
"qafila.cli check") [ ! -e "$root/new-is-not-whole" ] ;;
"qafila.cli release")
  [ ! -e "$root/new-is-not-signed" ] && [ -e "$root/staged.release" ] || exit 1
  rm -rf "$6"; mkdir -p "$6/bin"; cp "$0" "$6/bin/python"; echo new > "$6/version"
  echo '{"number": 2}' > "$6/release.json" ;;
"qafila.node.alive "*) [ ! -e "$root/new-never-ready" ] && [ "$(cat "$3/tried")" = "$version" ] ;;
*) echo "$*" >> "$root/broken"; exit 1 ;;
esac
"""


class Machine:
    """A node with an old program, to which a new one has been staged and wanted."""

    def __init__(self, path: Path, *trouble: str) -> None:
        self.root, self.node = path / "program", path / "node"
        (self.root / "a" / "bin").mkdir(parents=True)
        self.node.mkdir()
        (self.root / "a" / "bin" / "python").write_text(PROGRAM)
        (self.root / "a" / "bin" / "python").chmod(0o755)
        (self.root / "a" / "version").write_text("old")
        (self.root / "current").symlink_to("a")
        (self.root / "staged.release").write_text("2")
        (self.root / "wanted").touch()
        (self.node / "data.db").write_text("rows")
        for one in trouble:
            (self.root / one).touch()

    def launch(self, step: int = 0) -> subprocess.Popen[bytes]:
        """The launcher, to be killed at that step; 0: never."""
        self.served.unlink(missing_ok=True)
        command = [sys.executable, "-I", "-S", str(CRASH), str(step), launch.__file__, str(self.root), str(self.node)]
        return subprocess.Popen(command, stderr=subprocess.DEVNULL, env={**os.environ, "PATH": "/usr/bin:/bin"})

    @property
    def served(self) -> Path:
        """Which program serves, as it says itself; gone while none does."""
        return self.node / "served"

    def settled(self) -> bool:
        """Whether a program serves and no exchange is under way."""
        return self.served.exists() and not any((self.root / n).exists() for n in ("update.json", "wanted", "before"))

    def killed_at(self, step: int) -> bool:
        """Run the launcher until it is killed at that step; False where it has settled before. It is gone then."""
        running = self.launch(step)
        until(lambda: running.poll() is not None or self.settled(), PATIENCE_S, f"step {step}")
        killed = running.poll() == -signal.SIGKILL
        stop(running)
        return killed

    def outcome(self) -> tuple[str, str]:
        """(program, rows) after a start that is left alone."""
        running = self.launch()
        try:
            until(self.settled, PATIENCE_S, "a program that serves")
            return self.served.read_text(), (self.node / "data.db").read_text()
        finally:
            stop(running)


def stop(running: subprocess.Popen[bytes]) -> None:
    """As systemd stops it."""
    if running.poll() is None:
        running.terminate()
    running.wait(PATIENCE_S)
