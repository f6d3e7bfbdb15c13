"""Waiting for something to become true: a look, a short pause, another look, until a deadline."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from qafila.kernel import clock
from qafila.node.directory import NodeError

T = TypeVar("T")
PAUSE_S = 0.1


class NeverCame(NodeError):
    """What was waited for did not become true in time."""


def until(look: Callable[[], T | None], seconds: float, what: str, pause: float = PAUSE_S) -> T:
    """The first true value of `look`. Raises `NeverCame`."""
    end = clock.monotonic() + seconds
    still = threading.Event()
    while True:
        found = look()
        if found:
            return found
        if clock.monotonic() >= end:
            raise NeverCame(f"{what}: not within {seconds:.0f} s")
        still.wait(pause)


def listening(
    ports: Iterable[int], seconds: float, processes: Sequence[subprocess.Popen[bytes]] = (), log: Path | None = None
) -> None:
    """Wait until all these ports of this machine take connections; one of the processes that has ended ends the wait.

    Raises `NeverCame`.
    """

    def look(port: int) -> bool:
        if any(process.poll() is not None for process in processes):
            raise NeverCame(f"a server ended by itself{f': see {log}' if log else ''}")
        return _open(port)

    for port in ports:
        until(partial(look, port), seconds, f"port {port}")


def _open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
