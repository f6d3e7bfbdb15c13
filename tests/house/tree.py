"""The sources as the house tests see them."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src" / "qafila"
TEMPLATES = SOURCES / "web" / "templates"
STATIC = SOURCES / "web" / "static" / "qafila"


@cache
def python_files(*folders: str) -> tuple[Path, ...]:
    """Python files under these folders of the project, migrations left out."""
    found = (p for name in folders for p in sorted((ROOT / name).rglob("*.py")))
    return tuple(p for p in found if "migrations" not in p.parts and "__pycache__" not in p.parts)


@cache
def templates() -> tuple[Path, ...]:
    """Every template."""
    return tuple(sorted(p for p in SOURCES.rglob("templates/**/*") if p.is_file()))


@cache
def parsed(path: Path) -> ast.Module:
    """The file's syntax tree."""
    return ast.parse(path.read_text(), str(path))


def name(path: Path) -> str:
    """The path as people say it."""
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a file, inner ones too."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def kept(*patterns: str) -> list[Path]:
    """The files under version control, and new ones that are not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / line for line in listed.splitlines() if (ROOT / line).is_file()]


def without_comments(template: str) -> str:
    """A template's text without Django's comments."""
    text = re.sub(r"\{#.*?#\}", "", template)
    return re.sub(r"\{% comment.*?endcomment %\}", "", text, flags=re.S)


def setup_script(name: str) -> ModuleType:
    """A program of the set-up, which is no package: loaded anew."""
    found = importlib.util.spec_from_file_location(name, ROOT / "setup" / f"{name}.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module
