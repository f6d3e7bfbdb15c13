"""A release of real wheels, installed beside the running one and followed by one that carries only what has changed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from qafila.node.directory import NodeDirectory
from qafila.node.release import bundle, install
from qafila.node.release.bundle import Refused
from tests.node.test_release import NEXT, built, node, read, wheel, wheels

__all__ = ["node", "wheels"]


def test_it_is_installed_beside_and_the_next_one_carries_only_what_changed(
    tmp_path: Path, wheels: list[Path], node: NodeDirectory
) -> None:
    root = tmp_path / "program"
    install.first(root, built(tmp_path / "r10", wheels), node)
    assert (root / "current").resolve() == root / "a" and install.number_of(root / "current") == 10
    assert (root / "launch").read_text().startswith('"""Keeps one of two programs')
    fresh = [wheel(tmp_path / "w2", "caravan", "1.1", "WORD = 11"), wheels[1]]
    known = {w.sha256 for w in read(tmp_path / "r10").wheels}
    bundle.build(tmp_path / "r11", fresh, "1.1", 11, NEXT, known=known.__contains__)
    assert [w.carried for w in read(tmp_path / "r11").wheels] == [True, False]
    install.stage(root, tmp_path / "r11", node)
    assert install.prepare(root, root / "b", node).number == install.number_of(root / "b") == 11
    told = subprocess.run(
        [root / "b" / "bin" / "python", "-c", "import caravan, needed; print(caravan.WORD, needed.WORD)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout.split() == ["11", "2"]
    # What this node's store has lost or holds damaged is never installed.
    (root / "wheels" / wheels[1].name).write_bytes(b"damaged")
    with pytest.raises(Refused, match="is damaged: take the whole release"):
        install.prepare(root, root / "b", node)
    assert install.number_of(root / "b") == 0
    with pytest.raises(Refused, match="which neither it nor this node has"):
        install.prepare(root, root / "b", node)
    with pytest.raises(Refused, match="is the running program"):
        install.prepare(root, root / "a", node)
