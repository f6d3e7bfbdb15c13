"""Room on the disk: people are warned before it is full, and writing stops while the journal still has room to end
what it has begun."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.conf import settings

from qafila.kernel import topics
from qafila.kernel.text import N_
from qafila.node import power
from qafila.node.directory import current
from qafila.sync import machine

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


def watch(batteries: Path = power.ROOT) -> None:
    """Job: keep for the screens, and for the hub, how disk and battery do."""
    directory, told = current().path, power.read(batteries)
    if machine.keep(directory, machine.Machine(state(), told.word if told else "", told.percent if told else 0)):
        (directory / "changed").touch()
        topics.touch(directory, [topics.NODE])
