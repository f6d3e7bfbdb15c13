"""The life of a process and of the one that started it: a server that is killed leaves nothing behind.

A part that outlived its server would hold its port, or write beside the part that the next server starts. The kernel
of the machine ends it (Linux, `prctl(2)` PR_SET_PDEATHSIG): the signal is kept over `exec`, so a part is started
through this file (`bound`), whatever its program; and granian's workers ask for the same of granian (`bind`).
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
_LINUX = sys.platform == "linux"


def bound(command: list[str]) -> list[str]:
    """The command of a process that is ended (SIGTERM) when the calling process, or the calling thread, ends."""
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *command] if _LINUX else command


def end_with_the_server() -> None:
    """In the application of a granian worker: end with granian. Does nothing in any other process."""
    if "granian" in sys.modules:
        bind()


def bind() -> None:
    """This process is ended when the one that started it ends."""
    if _LINUX:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _become(parent: int, command: list[str]) -> None:
    bind()
    # It may have ended before the line above.
    if os.getppid() == parent:
        os.execv(command[0], command)  # noqa: S606 - the program and its arguments, no shell


if __name__ == "__main__":
    _become(int(sys.argv[1]), sys.argv[2:])
