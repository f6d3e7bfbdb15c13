"""What every process of a node's pages pays for before anybody asks for anything."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HEAVY = set("numpy scipy pydicom pynetdicom PIL matplotlib neurokit2 weasyprint requests ortools".split())
"""Each takes tens of megabytes of a small computer in a vehicle, and part of a second; loaded where they are used."""


EXPRESSIONS = set("antlr4 fhirpathpy".split())
"""Parser and engine of FHIRPath: loaded with the first expression that is read."""
SCREENS = set("qafila.web.urls granian whitenoise".split())


def loaded(code: str, **more: str) -> set[str]:
    """What a process has loaded that did this: modules, and the packages that they are of."""
    told = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; print(*sys.modules)"],
        capture_output=True, text=True, check=True, env={**os.environ, **more},
    ).stdout.split()  # fmt: skip
    return {*told, *(name.split(".")[0] for name in told)}


def test_the_pages_load_without_pictures_and_numbers() -> None:
    found = loaded("import qafila.node.wsgi; from django.urls import get_resolver; get_resolver().url_patterns")
    assert "qafila" in found and not (HEAVY | EXPRESSIONS) & found


def test_the_agent_loads_neither_screens_nor_what_a_job_seldom_needs() -> None:
    code = "from qafila.cli import parser; parser(); import django; django.setup(); "
    code += "from qafila.node import agent; agent.known_jobs(); import qafila.sync.agent"
    found = loaded(code)
    assert "qafila.sync.agent" in found and not (HEAVY | EXPRESSIONS | SCREENS) & found


def test_the_live_lists_load_neither_django_nor_packs_nor_the_vault(tmp_path: Path) -> None:
    found = loaded("import qafila.node.live", QAFILA_DIR=str(tmp_path))
    assert "qafila.node.directory" in found
    assert not (HEAVY | EXPRESSIONS | {"django", "cryptography", "qafila.packs.load"}) & found
