"""The demonstration as its command builds and checks it: once for all tests that look at it or live in its world."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from qafila.node.demo.layout import Layout
from tests.world import COUNTRY, PEOPLE, free_layout


@dataclass(frozen=True)
class Checked:
    """Where it stands, and what the command said."""

    layout: Layout
    done: subprocess.CompletedProcess[str]


def command(*args: str) -> subprocess.CompletedProcess[str]:
    """`qafila demo` with these words."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("QAFILA_", "DJANGO_"))}
    return subprocess.run(
        [sys.executable, "-m", "qafila.cli", "demo", *args], env=clean, capture_output=True, text=True, check=False
    )


def check(folder: Path) -> Checked:
    """Build, start, walk through and stop it."""
    layout = free_layout(folder, COUNTRY)
    where = ("--dir", str(folder), "--people", str(PEOPLE), "--port", str(layout.base))
    return Checked(layout, command("--check", *where))
