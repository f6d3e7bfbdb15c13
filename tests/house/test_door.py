"""A patient's record is opened through one door (`qafila.clinic.access.door`), by every page."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from tests.house.tree import ROOT, SOURCES, name, parsed, python_files

WEB = SOURCES / "web"
KEYS = re.compile(
    "(person|visit|case|file|fact|answer|prescription|attachment|instance|link|entry|consent|row|study|paper|copy|one|"
    "other|subject|clash|image|opinion)(_id|_uid)?"
)
"""Names of a view's arguments that say whose record it is about."""
RIGHTS = "qafila.registry.staff.rights"
DOOR = {f"qafila.clinic.access.door.{verb}" for verb in ("read", "may_open", "listed")} | {
    f"{RIGHTS}.{verb}" for verb in ("require", "may", "require_or_node")
}
"""What opens a record, or asks the right on the row at hand through the same ties."""
OTHERWISE = {
    "qafila.web.watch.passing.present": "opens the record itself: acts.present asks for card or identifiers",
    "qafila.web.watch.passing.break_glass": "opens the record itself: acts.break_glass asks for the reason",
    "qafila.web.records.teaching.copy": "a teaching copy is of nobody: its own rule says whether it may be used",
}
"""view → why it does not come through the door."""
LOOKED = {"clinic/access/door.py", "clinic/access/identity.py", "sync/lookup.py", "journal/history.py",
          "office/export/giving.py"}  # fmt: skip
"""Where a look is written down."""


def module(path: Path) -> str:
    return ".".join(path.relative_to(SOURCES.parent).with_suffix("").parts)


@cache
def imported(path: Path) -> dict[str, str]:
    """The names that a file imports, anywhere in it, each with what it stands for."""
    found = {}
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    return found


def used(path: Path, node: ast.AST) -> set[str]:
    """The functions that a piece of a file uses, by their full names."""
    known, here, found = imported(path), module(path), set()
    for one in ast.walk(node):
        if isinstance(one, ast.Name):
            found.add(known.get(one.id, f"{here}.{one.id}"))
        elif isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name) and one.value.id in known:
            found.add(f"{known[one.value.id]}.{one.attr}")
    return found


@cache
def calls() -> dict[str, set[str]]:
    """Every function and table at the top of a module → what it uses."""
    found: dict[str, set[str]] = {}
    for path in python_files("src"):
        for node in parsed(path).body:
            if isinstance(node, ast.FunctionDef):
                found[f"{module(path)}.{node.name}"] = used(path, ast.Module(body=node.body, type_ignores=[]))
            elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    if isinstance(target, ast.Name):
                        found[f"{module(path)}.{target.id}"] = used(path, node.value)
    # What a module hands on from another is the other's.
    for path in python_files("src"):
        for short, full in imported(path).items():
            found.setdefault(f"{module(path)}.{short}", {full})
    return found


def views() -> dict[str, tuple[Path, ast.FunctionDef]]:
    """Every view for people who are logged in that takes the id of something of a patient."""
    found = {}
    for path in python_files("src"):
        for node in parsed(path).body if WEB in path.parents else ():
            if not isinstance(node, ast.FunctionDef):
                continue
            needs = any(isinstance(d, ast.Call) and getattr(d.func, "id", "") == "needs" for d in node.decorator_list)
            if needs and any(KEYS.fullmatch(arg.arg) for arg in node.args.args[1:]):
                found[f"{module(path)}.{node.name}"] = (path, node)
    return found


def reaches(view: str) -> bool:
    seen: set[str] = set()
    near = {view}
    while near:
        if near & DOOR:
            return True
        seen |= near
        near = {far for one in near for far in calls().get(one, ())} - seen
    return False


def test_looks_are_written_down_at_the_door_alone() -> None:
    held = [p for p in python_files("src") if str(p.relative_to(SOURCES)) not in LOOKED]
    assert [name(path) for path in held if "log_read(" in path.read_text()] == []


def test_every_page_about_a_patient_comes_through_the_door() -> None:
    every = views()
    assert len(every) > 80 and ROOT.is_dir()
    assert sorted(view for view in every if not reaches(view) and view not in OTHERWISE) == []
    assert [view for view in OTHERWISE if view not in every or reaches(view)] == []


def test_the_map_of_calls_sees_what_it_should() -> None:
    assert reaches("qafila.web.records.patient.page") and reaches("qafila.web.nurse.record.file")
    assert not reaches("qafila.web.health.health") and not reaches("qafila.web.reception.words.name_words")
