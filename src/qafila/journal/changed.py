"""Tells other processes of this machine that something was committed: they watch the time of one empty file."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path

from django.db import transaction

from qafila.journal.here import Here


def mark(node: Here) -> None:
    """Touch `changed` in the node's directory once the transaction at hand is committed."""
    directory = node.directory
    if directory is not None:
        transaction.on_commit(partial(touch, directory / "changed"), using=node.database)


def touch(file: Path) -> None:
    """Give the file a time that it never had: a kernel's own stamp may stand still for 10 ms, and a commit that falls
    between a watcher's look at the stamp and its look at the rows would be seen a minute later."""
    file.touch()
    moment = time.time_ns()
    os.utime(file, ns=(moment, moment))
