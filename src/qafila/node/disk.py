"""Room on the disk: people are warned before it is full, and writing stops while the journal still has room to end
what it has begun."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.conf import settings

from qafila.kernel.text import N_
from qafila.node.directory import current

MB = 1_000_000


class DiskFull(Exception):
    """Too little room is left to begin something new."""

    message = N_("The disk of this node is full. Nothing was saved. Free some room or call the administrator.")


def free_mb(directory: Path) -> int:
    """Megabytes that are free where the node's data lie."""
    return shutil.disk_usage(directory).free // MB


def state() -> str:
    """`ok`, `warn` (people are told) or `stop` (nothing new is written)."""
    directory = settings.DIRECTORY
    if directory is None:
        return "ok"
    free, limits = free_mb(directory.path), directory.profile.disk
    if free < limits.stop_free_mb:
        return "stop"
    return "warn" if free < limits.warn_free_mb else "ok"


def require_room() -> None:
    """Raises `DiskFull` where nothing new may be begun."""
    if state() == "stop":
        raise DiskFull(DiskFull.message)


def watch() -> None:
    """Job: keep the word for screens in a file of the node's directory, so that a page need not ask the disk."""
    directory = current().path
    file, word = directory / "disk", state()
    if not file.exists() or file.read_text() != word:
        file.write_text(word)
        (directory / "changed").touch()
