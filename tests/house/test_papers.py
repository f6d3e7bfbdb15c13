"""What is written for people: the README, the links between pages, the locks, and how the tests themselves behave."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.house.tree import ROOT, kept, name, parsed, python_files

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")


def test_the_readme_names_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text()
    assert "make demo" in text
    assert "make test" in text


def test_links_between_pages_lead_somewhere() -> None:
    broken = []
    for page in kept("*.md"):
        text = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
        for target in LINK.findall(text):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            file = (page.parent / path) if path else page
            if not file.exists():
                broken.append(f"{name(page)}: {target}")
            elif anchor and file.suffix == ".md" and anchor not in _anchors(file):
                broken.append(f"{name(page)}: {target} (no such heading)")
    assert broken == []


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+\s+(.*)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower().replace("`", "")).replace(" ", "-") for h in headings}


def test_every_decision_has_a_number_of_its_own() -> None:
    numbers = [p.name.split("-")[0] for p in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert len(numbers) == len(set(numbers))


def test_locks_say_what_not_where() -> None:
    found = []
    for path in (*(ROOT / "requirements").glob("*"), ROOT / "package-lock.json", ROOT / "pyproject.toml"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if re.search(r"index-url|find-links|\"resolved\"|registry\.|pypi\.|pythonhosted", line):
                found.append(f"{name(path)}:{number}")
    assert found == []


def test_every_locked_package_is_locked_by_hash() -> None:
    for lock in (ROOT / "requirements").glob("*.lock"):
        pinned = re.findall(r"^([A-Za-z0-9._-]+(?:\[[^\]]*\])?==\S+) \\$", lock.read_text(), re.M)
        loose = re.findall(r"^([A-Za-z0-9._-]+(?:\[[^\]]*\])?(?:==\S+)?)\s*$", lock.read_text(), re.M)
        assert pinned, name(lock)
        assert loose == [], name(lock)


def test_tests_neither_sleep_nor_skip() -> None:
    found = []
    for path in python_files("tests"):
        for node in ast.walk(parsed(path)):
            if not isinstance(node, ast.Call | ast.Attribute):
                continue
            said = ast.unparse(node.func) if isinstance(node, ast.Call) else ast.unparse(node)
            if said in ("time.sleep", "sleep", "asyncio.sleep", "pytest.skip", "pytest.importorskip") or said.endswith(
                ("mark.skip", "mark.skipif", "mark.xfail", ".wait_for_timeout")
            ):
                found.append(f"{name(path)}:{node.lineno}: {said}")
    assert sorted(set(found)) == []


def test_tests_put_nothing_in_the_place_of_our_own_code() -> None:
    found = []
    for path in python_files("tests"):
        for node in ast.walk(parsed(path)):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [module or ""]
            if any(n == "unittest.mock" or n.startswith("unittest.mock.") for n in names):
                found.append(f"{name(path)}:{node.lineno}")
    assert found == []


def test_no_test_hides_another_of_the_same_name() -> None:
    hidden = []
    for path in python_files("tests"):
        top = [node.name for node in parsed(path).body if isinstance(node, ast.FunctionDef)]
        hidden += [f"{name(path)}:{n}" for n in sorted(set(top)) if top.count(n) > 1]
    assert hidden == []
