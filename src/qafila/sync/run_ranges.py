"""Runs and their ranges as messages tell them: run in hexadecimal → ranges."""

from __future__ import annotations

import orjson

from qafila.journal.ranges import Ranges, loads
from qafila.sync.frames import FrameError


def told(runs: dict[int, Ranges]) -> dict[str, Ranges]:
    """As a message tells them."""
    return {f"{run:x}": ranges for run, ranges in runs.items()}


def by_run(said: dict[str, Ranges]) -> dict[int, Ranges]:
    """As a message told them. Raises `FrameError`."""
    try:
        return {int(run, 16): loads(orjson.dumps(ranges).decode()) for run, ranges in said.items()}
    except ValueError as error:
        raise FrameError("unreadable") from error
