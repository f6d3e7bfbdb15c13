"""Waiting for something to become true: a look, a short pause, another look, until a deadline."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

from qafila.kernel import clock

T = TypeVar("T")
PAUSE_S = 0.1


class NeverCame(Exception):
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


def listening(ports: Iterable[int], seconds: float) -> None:
    """Wait until all these ports of this machine take connections. Raises `NeverCame`."""
    for port in ports:
        until(lambda at=port: _open(at), seconds, f"port {port}")  # type: ignore[misc]


def _open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
