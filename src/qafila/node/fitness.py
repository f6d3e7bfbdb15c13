"""What is looked at before a node is served: who may read its directory, and whether its ports are free."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

from qafila.node import measures
from qafila.node.directory import NodeDirectory, NodeError

OTHERS = stat.S_IRWXG | stat.S_IRWXO
SECRETS = (".key", ".pem")


def require(directory: NodeDirectory) -> None:
    """Raises `NodeError`, whose words say what to do, where the node cannot or must not be served."""
    _ = directory.facts
    measures.listening(directory)
    found = [*open_to_others(directory.path), *taken(directory)]
    if found:
        raise NodeError("; ".join(found))


def open_to_others(path: Path) -> Iterator[str]:
    """What of the node somebody else on this machine could read, or is not its own: the directory, its keys."""
    keys = path / "keys"
    secrets = sorted(f for f in keys.rglob("*") if f.suffix in SECRETS) if keys.is_dir() else []
    for one in (path, *([keys] if keys.is_dir() else []), *secrets):
        found = one.stat()
        if found.st_uid != os.geteuid():
            yield f"{one} belongs to another user ({found.st_uid}): run as that user, or 'chown -R' the directory"
        elif found.st_mode & OTHERS:
            mode = "700" if one.is_dir() else "600"
            yield f"{one} is open to other users of this machine: 'chmod {mode} {one}'"


def taken(directory: NodeDirectory) -> Iterator[str]:
    """The node's ports at which something else listens."""
    wanted = {"port": directory.port, "live_port": directory.live_port}
    if directory.profile.serves_sync:
        wanted["sync_port"] = directory.sync_port
    if (directory.path / "dicom").exists():
        wanted["dicom_port"] = directory.dicom_port
    address = str(directory.facts.get("listen", "0.0.0.0"))  # noqa: S104 - looked at, not listened to
    for name, port in wanted.items():
        if not _free(address, port):
            yield (
                f"port {port} ({name}) is taken: is this node served already? Else stop what listens there, "
                f"or set '{name}' in {directory.path / 'node.toml'}"
            )


def _free(address: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
