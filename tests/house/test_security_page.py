"""What docs/security.md says is tried, is tried: it names only tests and files that are there."""

from __future__ import annotations

import re
from pathlib import Path

from tests.house.tree import ROOT

PAGE = ROOT / "docs" / "security.md"
ROWS = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
FILES = {str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("*.py")}
NAMES = {Path(file).stem for file in FILES}
PLACES = ("src/qafila", "", "src/qafila/web", "src/qafila/registry/staff", "src/qafila/packs")
"""A path of the table begins in one of these."""

FILE = re.compile(r"(?<![\w/])(tests/[\w/]+\.py|test_\w+\.py)")
TEST = re.compile(r"(?<![\w/])(test_\w+)(?![\w*]|\.py)")
BEGINNING = re.compile(r"(?:: |, |::)([a-z]\w+_\w+)…")
"""The name of a test, cut short: `test_watch.py::test_a_doctor_…`, `test_second: a_lost_telephone…`."""
SOURCE = re.compile(r"(?<![\w/])((?:\w+/)+\w+\.(?:py|toml|sh))\b")


def known_tests() -> set[str]:
    """The names of all tests."""
    found: set[str] = set()
    for file in FILES:
        if Path(file).name.startswith("test_"):
            found.update(re.findall(r"def (test_\w+)", (ROOT / file).read_text(encoding="utf-8")))
    return found


def test_it_names_only_tests_that_are_there() -> None:
    known = known_tests()
    wrong = []
    for row in ROWS:
        wrong += [one for one in FILE.findall(row) if one not in FILES and Path(one).stem not in NAMES]
        wrong += [one for one in TEST.findall(row) if not one.endswith("_") and one not in known | NAMES]
        begun = {one.removeprefix("test_") for one in BEGINNING.findall(row)}
        wrong += [f"{one}…" for one in begun if not any(name.startswith(f"test_{one}") for name in known)]
    assert not wrong


def test_it_names_only_files_that_are_there() -> None:
    named = {one for row in ROWS for one in SOURCE.findall(row)}
    assert len(named) > 60
    assert sorted(one for one in named if not any((ROOT / place / one).exists() for place in PLACES)) == []


def test_the_run_of_whatever_takes_minutes_is_quoted() -> None:
    runs = PAGE.read_text(encoding="utf-8").partition("## What was run")[2].partition("\n## ")[0]
    held = {Path(file).name for file in FILES if file.startswith("tests/security/test_")}
    assert sorted(name for name in held if f"| {name} |" not in runs) == []
