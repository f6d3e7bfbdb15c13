"""A node's database put aside and put back, as a backup is."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.db import connections

from qafila.journal.here import Here


def save(node: Here, path: Path) -> None:
    """A backup of a node's database, as it lies on the disk."""
    connection = connections[node.database]
    connection.close()
    shutil.copy(str(connection.settings_dict["NAME"]), path)


def restore(node: Here, path: Path) -> None:
    """The node as it was; its next write begins another life."""
    connection = connections[node.database]
    connection.close()
    name = str(connection.settings_dict["NAME"])
    for suffix in ("-wal", "-shm"):
        Path(name + suffix).unlink(missing_ok=True)
    shutil.copy(path, name)
    node.run = None
