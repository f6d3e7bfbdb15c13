"""How many processes serve a node's pages."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qafila.node.directory import NodeDirectory, NodeError
from qafila.node.server import granian, page_workers

HUB = 'code = "H"\nprofile = "hub"\ncountry = "morocco"\nlanguage = "fr"\nport = 8443\n'
POSTGRESQL = '[database]\nengine = "postgresql"\nname = "hub"\n'


def node(path: Path, words: str) -> NodeDirectory:
    (path / "node.toml").write_text(words)
    return NodeDirectory(path)


def test_one_a_core_on_postgresql_else_one_or_as_many_as_are_asked_for(tmp_path: Path) -> None:
    assert page_workers(node(tmp_path, HUB)) == 1
    assert page_workers(node(tmp_path, HUB + POSTGRESQL)) == min(os.cpu_count() or 1, 4)
    asked = node(tmp_path, "page_workers = 6\n" + HUB + POSTGRESQL)
    command = granian("wsgi", "x", 8443, asked, workers=page_workers(asked))
    assert command[command.index("--workers") + 1] == "6"


@pytest.mark.parametrize("odd", ["0", "65", "-1", "true", '"2"', "1.5"])
def test_no_other_number(tmp_path: Path, odd: str) -> None:
    with pytest.raises(NodeError, match="whole number"):
        page_workers(node(tmp_path, f"page_workers = {odd}\n{HUB}"))
