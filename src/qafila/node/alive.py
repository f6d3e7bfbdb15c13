"""Which parts of a node live: the server writes down their process numbers, everybody else may look.

`parts.json` in the node's directory: {"server": pid, "parts": {name: [pid, restarts]}}. It is written when a part
starts or dies and never by a clock; whether a process is still there the machine knows.
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from qafila.node.directory import NodeDirectory

FILE = "parts.json"
PATIENCE_S = 2.0


def write(directory: Path, parts: Mapping[str, tuple[int, int]]) -> None:
    """Keep (process number, restarts) of each part. A full disk must not stop the server, so never raises."""
    fresh = directory / f"{FILE}.{os.getpid()}"
    with suppress(OSError):
        fresh.write_text(json.dumps({"server": os.getpid(), "parts": parts}))
        fresh.replace(directory / FILE)


def forget(directory: Path) -> None:
    """The server has stopped them all."""
    with suppress(OSError):
        (directory / FILE).unlink(missing_ok=True)


def read(directory: Path) -> dict[str, tuple[bool, int]]:
    """Part → (it lives, restarts); empty where the node is not served."""
    try:
        found = json.loads((directory / FILE).read_bytes())
        parts = {str(name): (int(pid), int(restarts)) for name, (pid, restarts) in found["parts"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    return {name: (_lives(pid), restarts) for name, (pid, restarts) in parts.items()}


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0) if pid > 0 else None
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid > 0


def answers(directory: NodeDirectory, path: str = "/health/live") -> bool:
    """Whether the node's pages answer 200 at this address of theirs, with the node's own certificate."""
    said = str(directory.facts.get("listen", ""))
    try:
        # The certificate itself is what is trusted, so its name need not be that of the loopback.
        trust = ssl.create_default_context(cafile=str(directory.path / "keys" / "pages.crt"))
    except (OSError, ssl.SSLError):
        return False
    trust.check_hostname = False
    trust.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return any(_asked(host, directory, path, trust) for host in dict.fromkeys(("127.0.0.1", said)) if host)


def _asked(host: str, directory: NodeDirectory, path: str, trust: ssl.SSLContext) -> bool:
    called = http.client.HTTPSConnection(host, directory.port, timeout=PATIENCE_S, context=trust)
    try:
        called.request("GET", path, headers={"Host": directory.hosts[0].replace("*.", "")})
        return called.getresponse().status == 200
    except (OSError, ssl.SSLError, http.client.HTTPException):
        return False
    finally:
        called.close()


if __name__ == "__main__":
    # For the health check of a container: `python -m qafila.node.alive DIR`.
    sys.exit(0 if answers(NodeDirectory(Path(sys.argv[1])), "/health/ready") else 1)
