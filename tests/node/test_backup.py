"""The restore drill: a backup taken while people write gives back every record it saw, and the node goes on."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from qafila.node.directory import NodeDirectory
from tests.node.test_killed import WRITER, node_on, people_of, whole
from tests.postgres import Cluster


def qafila(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "qafila.cli", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def writing(node: NodeDirectory, people: int) -> set[str]:
    """Register people in a process of its own; those acknowledged."""
    command = [sys.executable, str(WRITER), str(node.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as writer:
        assert writer.stdout is not None
        said = {writer.stdout.readline().strip() for _ in range(people)}
        writer.kill()
        return said | {line for line in writer.stdout.read().split() if len(line) == 36}


def drill(node: NodeDirectory, tmp_path: Path) -> None:
    before = writing(node, 5)
    command = [sys.executable, str(WRITER), str(node.path)]
    file = tmp_path / "backup.tar"
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as busy:
        assert busy.stdout is not None
        before.add(busy.stdout.readline().strip())
        done = qafila("backup", node.path, file)
        busy.kill()
    assert done.returncode == 0, done.stderr
    assert file.stat().st_mode & 0o077 == 0

    restored = tmp_path / "again"
    assert qafila("restore", file, node.path).returncode != 0, "a node that is there is not overwritten"
    done = qafila("restore", file, restored)
    assert done.returncode == 0, done.stderr
    again = NodeDirectory(restored)
    whole(again)
    assert before <= people_of(again)
    # It goes on under a run of its own: no key is used twice.
    after = writing(again, 3)
    assert before | after <= people_of(again)
    whole(again)


def test_a_units_backup(tmp_path: Path) -> None:
    drill(node_on("sqlcipher", tmp_path, None), tmp_path)


def test_a_hubs_backup(tmp_path: Path) -> None:
    with Cluster(tmp_path / "pg") as cluster:
        drill(node_on("postgresql", tmp_path, cluster), tmp_path)


@pytest.mark.parametrize("what", ["nothing", "cut", "other"])
def test_what_is_no_whole_backup_is_refused_and_leaves_nothing(tmp_path: Path, what: str) -> None:
    file = tmp_path / "backup.tar"
    if what == "cut":
        assert qafila("backup", node_on("sqlcipher", tmp_path, None).path, file).returncode == 0
        file.write_bytes(file.read_bytes()[:70_000])
    elif what == "other":
        with tarfile.open(file, "w") as tar:
            tar.add(__file__, arcname="something")
    done = qafila("restore", file, tmp_path / "again")
    assert done.returncode != 0 and done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "again").exists()
