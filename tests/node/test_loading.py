"""What every process of a node's pages pays for before anybody asks for anything."""

from __future__ import annotations

import subprocess
import sys

HEAVY = set("numpy scipy pydicom pynetdicom PIL matplotlib neurokit2 weasyprint requests ortools".split())
"""Each takes tens of megabytes of a small computer in a vehicle, and part of a second; loaded where they are used."""


def test_the_pages_load_without_pictures_and_numbers() -> None:
    code = "import sys, qafila.node.wsgi; from django.urls import get_resolver; get_resolver().url_patterns; "
    code += "print(*{name.split('.')[0] for name in sys.modules})"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "qafila" in told.stdout.split() and not HEAVY & set(told.stdout.split())
