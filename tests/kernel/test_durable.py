"""A file that is written anew is the old one or the new one, and its owner's alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qafila.kernel import durable


def test_a_private_file_is_replaced_whole_or_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "keys.sealed"
    durable.write_private(file, b"first")
    assert file.stat().st_mode & 0o777 == 0o600

    def cut(number: int) -> None:
        raise OSError("no room")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", cut)
        with pytest.raises(OSError, match="no room"):
            durable.write_private(file, b"second")
    assert file.read_bytes() == b"first" and os.listdir(tmp_path) == ["keys.sealed"]
    durable.write_private(file, b"third")
    assert file.read_bytes() == b"third"
