"""The gates of `make security` refuse what they are there for; they themselves run there, because they take seconds."""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.house.tree import ROOT, setup_script


@pytest.fixture(scope="module")
def supply() -> ModuleType:
    return setup_script("supply")


@pytest.fixture(scope="module")
def rules() -> dict[str, Any]:
    return tomllib.loads((ROOT / "setup" / "licences.toml").read_text())


@pytest.mark.parametrize(
    ("licence", "word"),
    [
        ("MIT", "allowed"),
        ("Apache-2.0 OR GPL-3.0-only", "allowed"),
        ("Apache-2.0 AND MIT", "allowed"),
        ("MIT AND (Apache-2.0 OR GPL-2.0)", "allowed"),
        ("GPL-3.0-or-later", "refused"),
        ("GNU Affero General Public License v3", "refused"),
        ("MIT AND AGPL-3.0", "refused"),
        ("MIT License; Other/Proprietary License", "refused"),
        ("LGPL-3.0-only", "not in"),
        ("UNKNOWN", "not in"),
        ("", "not in"),
    ],
)
def test_a_licence_is_allowed_refused_or_asked_about(
    supply: ModuleType, rules: dict[str, Any], licence: str, word: str
) -> None:
    assert supply.verdict("some-package", licence, rules).startswith(word)


def test_every_weak_licence_has_its_reason_and_none_is_strong(rules: dict[str, Any]) -> None:
    for name, reason in rules["weak"].items():
        assert len(reason) > 10 and "AGPL" not in reason, name
    assert not [one for one in rules["allowed"] if "GPL" in one or "MPL" in one]


def test_every_locked_package_is_seen(supply: ModuleType) -> None:
    found = supply.locked("base")
    assert {"django", "cryptography", "granian"} <= found.keys() and len(found) > 80
    assert dict(supply.npm())["bootstrap"]["license"] == "MIT"


def test_an_objection_needs_an_answer_of_its_own_number(supply: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text("a = 1\n\n\nb = 2  # noqa: S608 - the models' own names\n")
    assert supply.answered(file, [4], "B608") and not supply.answered(file, [4], "B314")
    assert not supply.answered(file, [1], "B608")


def test_an_audit_without_tools_says_that_nothing_is_known(tmp_path: Path) -> None:
    done = subprocess.run(
        ["/bin/bash", str(ROOT / "setup" / "audit.sh"), str(tmp_path)],
        cwd=ROOT, env={**os.environ, "PATH": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3 and done.stderr.count("nothing is known") == 2


def test_known_holes_are_told_from_no_answer(tmp_path: Path) -> None:
    for tool, said, status in (("pip-audit", "jinja2 3.1 GHSA-aaaa-bbbb-cccc", 1), ("npm", "getaddrinfo ENOTFOUND", 1)):
        (tmp_path / tool).write_text(f"#!/bin/sh\necho '{said}'\nexit {status}\n")
        (tmp_path / tool).chmod(0o755)
    done = subprocess.run(
        ["/bin/bash", str(ROOT / "setup" / "audit.sh"), "none"],
        cwd=ROOT, env={**os.environ, "PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and "holes are known" in done.stdout and "npm: could not be asked" in done.stderr


def test_the_list_of_weaknesses_left_out_is_what_ruff_leaves_out_too() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert {"S101", "S603"} <= set(told["ruff"]["lint"]["ignore"]) and "S" in told["ruff"]["lint"]["select"]
    assert json.dumps(told["bandit"]["skips"]) == json.dumps(sorted(told["bandit"]["skips"]))
