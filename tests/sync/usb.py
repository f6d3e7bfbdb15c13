"""Sticks by hand: written and read at a node; and a node's database put aside and put back, as a backup is."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.db import connections

from qafila.journal.here import Here, at
from qafila.sync import stick
from tests.sync.pair import Pair


def put(node: Here, path: Path, **options: object) -> list[stick.Written]:
    with at(node):
        return stick.to_stick(path, **options)  # type: ignore[arg-type]


def read(node: Here, path: Path, clean: bool = False) -> stick.Reading:
    with at(node):
        return stick.from_stick(path, clean=clean)


def trip(pair: Pair, path: Path) -> None:
    """To the hub and back."""
    put(pair.unit, path)
    assert read(pair.hub, path).sound
    put(pair.hub, path)
    assert read(pair.unit, path).sound


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
