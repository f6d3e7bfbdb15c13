"""What pages and jobs may know of a unit's two programs: a few small files in their folder (docs/howto/update.md)."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

STAGED, WANTED, WORDS, REFUSED, MARK = "staged.release", "wanted", "staged.json", "refused", "release.json"


@dataclass(frozen=True)
class Named:
    """A release by its version and number; number 0: none."""

    version: str = ""
    number: int = 0


def _read(file: Path) -> Named:
    try:
        told = json.loads(file.read_bytes())
        return Named(str(told["version"])[:20], int(told["number"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Named()


def running(root: Path) -> Named:
    """The release that is served."""
    return _read(root / "current" / MARK)


def waiting(root: Path) -> Named:
    """The release that waits to be installed."""
    return _read(root / WORDS) if (root / STAGED).exists() else Named()


def refused(root: Path) -> Named:
    """The release that was tried here last and did not work."""
    return _read(root / REFUSED)


def wanted(root: Path) -> bool:
    """Whether somebody has said that it may be installed, or it is being installed."""
    return (root / WANTED).exists() or (root / "update.json").exists()


def want(root: Path) -> bool:
    """Say that what waits may be installed now; False where nothing waits."""
    number = waiting(root).number
    if not number:
        return False
    fresh = root / f"{WANTED}.{os.getpid()}"
    fresh.write_text(str(number))
    fresh.replace(root / WANTED)
    return True
