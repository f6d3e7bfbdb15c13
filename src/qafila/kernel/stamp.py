"""An empty file whose time says that something was committed: how the processes of a node tell each other."""

from __future__ import annotations

import os
import time
from pathlib import Path


def touch(file: Path) -> None:
    """Give the file a time that it never had: a kernel's own stamp may stand still for 10 ms, and a commit that falls
    between a watcher's look at the stamp and its look at the rows would be seen a minute later."""
    file.touch()
    moment = time.time_ns()  # noqa: TID251 - nobody reads this clock: it only has to differ each time
    os.utime(file, ns=(moment, moment))


def stamp(file: Path) -> int:
    """The file's time in nanoseconds; 0 where there is none."""
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
