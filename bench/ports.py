"""Ports for processes that are started later.

They lie below those that the system gives to whoever asks for any port, and to every outgoing connection: between the
asking and the start, and while a process that was killed is away, nobody else gets them.
"""

from __future__ import annotations

import itertools
import os
import random
import socket
from collections.abc import Iterator
from pathlib import Path

FIRST, SHARES = 15_000, 8
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def _one_after_another() -> Iterator[int]:
    """The ports of this process: test processes that run side by side (gw0, gw1, ...) have shares of their own."""
    end = int(_RANGE.read_text().split()[0]) if _RANGE.exists() else 32_768
    share = (end - FIRST) // SHARES
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    begin = FIRST + share * (number % SHARES)
    at = random.SystemRandom().randrange(share)
    return itertools.cycle([*range(begin + at, begin + share), *range(begin, begin + at)])


_ports = _one_after_another()


def free_port() -> int:
    """A port that nobody listens at, not given before."""
    while True:
        port = next(_ports)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def free_ports(count: int) -> list[int]:
    """So many of them."""
    return [free_port() for _ in range(count)]
