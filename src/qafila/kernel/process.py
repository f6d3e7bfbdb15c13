"""The life of a process and of the one that started it."""

from __future__ import annotations

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1


def end_with_the_server() -> None:
    """A worker whose server was killed would hold its port for ever: let the kernel end it too (Linux).

    Does nothing in a process that is no worker of the server.
    """
    if "granian" in sys.modules and sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
