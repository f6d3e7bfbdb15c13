"""The stamp by which the processes of a node tell each other of a commit."""

from __future__ import annotations

from pathlib import Path

from qafila.kernel.stamp import stamp, touch


def test_no_two_touches_look_the_same(tmp_path: Path) -> None:
    file = tmp_path / "changed"
    seen = []
    for _ in range(1000):
        touch(file)
        seen.append(stamp(file))
    assert len(set(seen)) == len(seen)


def test_a_file_that_is_not_there_has_no_stamp(tmp_path: Path) -> None:
    assert stamp(tmp_path / "changed") == 0
