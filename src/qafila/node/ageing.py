"""Backups that the node makes by itself and lets go again when they are old.

`node.toml`:    [backup]
                folder = "/media/backup"     where they lie; without it the node makes none by itself
                every_hours = 24
                keep_days = 35               longer than that none is kept, but always the newest
"""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from qafila.kernel import clock
from qafila.node import backup
from qafila.node.directory import current

EVERY_HOURS, KEEP_DAYS = 24, 35
_STAMP = "%Y%m%d-%H%M%S"
_NAME = re.compile(r"qafila-.{1,16}-(\d{8}-\d{6})\.backup")
log = logging.getLogger("qafila.backup")


def run() -> None:
    """Job: write a backup where one is due, then remove what is too old."""
    node = current()
    terms: dict[str, Any] = node.facts.get("backup", {})
    if not terms.get("folder"):
        return
    folder = node.path / str(terms["folder"])
    if not folder.is_dir():
        # An unmounted disk: an empty folder made in its place would take the backups on the node's own.
        log.error("the folder for backups is not there")
        return
    newest = max((made for made, _ in _backups(folder, node.code)), default="")
    due = (clock.now() - timedelta(hours=float(terms.get("every_hours", EVERY_HOURS)))).strftime(_STAMP)
    if newest <= due:
        backup.write(node.path, folder / f"qafila-{node.code}-{clock.now().strftime(_STAMP)}.backup")
    for file in aged(folder, node.code, float(terms.get("keep_days", KEEP_DAYS))):
        file.unlink()
        log.info("a backup has aged out")


def aged(folder: Path, code: str, keep_days: float) -> list[Path]:
    """This node's backups that are older than that by their names; never the newest."""
    found = sorted(_backups(folder, code))
    oldest = (clock.now() - timedelta(days=keep_days)).strftime(_STAMP)
    return [file for made, file in found[:-1] if made < oldest]


def _backups(folder: Path, code: str) -> list[tuple[str, Path]]:
    named = ((_NAME.fullmatch(file.name), file) for file in folder.glob(f"qafila-{code}-*.backup"))
    return [(match[1], file) for match, file in named if match]
