"""Tells systemd how the service is: the datagrams of sd_notify(3), without its library."""

from __future__ import annotations

import os
import socket


def tell(**facts: str | int) -> bool:
    """Send `READY=1`, `STOPPING=1`, `STATUS=…`, `WATCHDOG=1`; False where nobody listens. Never raises."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    words = "\n".join(f"{name.upper()}={value}" for name, value in facts.items())
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            # A leading @ stands for the NUL of an abstract address.
            out.connect("\0" + address[1:] if address[0] == "@" else address)
            out.sendall(words.encode())
    except OSError:
        return False
    return True


def watchdog_s() -> float:
    """Seconds between two words that systemd wants to hear at least; 0: it does not ask."""
    told = os.environ.get("WATCHDOG_USEC", "")
    return int(told) / 2e6 if told.isdigit() and len(told) < 16 else 0.0
