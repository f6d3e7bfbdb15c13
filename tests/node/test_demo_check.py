"""The whole demonstration as its command: built, started, the journey walked over HTTPS, checked, stopped."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from qafila.node.demo.build import prepare
from qafila.node.demo.layout import Layout, made_by, read_mark
from qafila.node.directory import NodeError


def command(*args: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("QAFILA_", "DJANGO_"))}
    return subprocess.run(
        [sys.executable, "-m", "qafila.cli", "demo", *args], env=clean, capture_output=True, text=True, check=False
    )


@pytest.mark.timeout(400)
def test_the_check_sees_every_step(tmp_path: Path) -> None:
    done = command("--check", "--dir", str(tmp_path / "demo"), "--people", "24", "--port", "21440")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "Everything was seen" in done.stdout
    assert "FAILED" not in done.stdout
    mark = read_mark(tmp_path / "demo")
    assert mark is not None
    assert mark["made_by"] == made_by()


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(NodeError, match="holds something else"):
        prepare(Layout(tmp_path, "morocco", 21480), 20)
    assert (tmp_path / "letter.txt").read_text() == "mine"


def test_an_unknown_country_is_said(tmp_path: Path) -> None:
    done = command("--country", "atlantis", "--dir", str(tmp_path / "demo"))
    assert done.returncode == 1
    assert "atlantis" in done.stderr


def test_other_ports_for_a_built_folder_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    Layout(folder, "morocco", 21480).complete(20, 1)
    done = command("--country", "morocco", "--dir", str(folder), "--port", "21500")
    assert done.returncode == 1
    assert "21480" in done.stderr
