"""The restore drill: a backup taken while people write gives back every record it saw, and the node goes on."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from qafila.kernel.clock import reading_from
from qafila.node import ageing, backup
from qafila.node.create import run_django
from qafila.node.directory import NodeDirectory, NodeError
from qafila.sync import vault
from tests.node.test_killed import node_on, people_of, whole, writer
from tests.node.test_sealed import CODE, PUBLIC
from tests.postgres import Cluster
from tests.shell import command as qafila


def recovery_of(node: NodeDirectory) -> str:
    """A new recovery code for the node: it is printed, and only its public half lies there."""
    code = qafila("recovery", node.path).stdout.strip()
    assert code and not any(code in f.read_text(errors="replace") for f in node.path.rglob("*") if f.is_file())
    return code


def writing(node: NodeDirectory, people: int) -> set[str]:
    """Register people in a process of its own; those acknowledged."""
    with writer(node) as one:
        assert one.stdout is not None
        said = {one.stdout.readline().strip() for _ in range(people)}
        one.kill()
        return said | {line for line in one.stdout.read().split() if len(line) == 36}


def drill(node: NodeDirectory, tmp_path: Path) -> None:
    before = writing(node, 5)
    file = tmp_path / "backup"
    assert "recovery code" in qafila("backup", node.path, file).stderr, "a backup that nobody can open is not made"
    code = recovery_of(node)
    with writer(node) as busy:
        assert busy.stdout is not None
        before.add(busy.stdout.readline().strip())
        done = qafila("backup", node.path, file)
        busy.kill()
    assert done.returncode == 0, done.stderr
    assert file.stat().st_mode & 0o077 == 0
    held = file.read_bytes()
    for known in (b"node.toml", b"person.register", node.key_file("database").read_bytes()):
        assert known not in held, "nothing of a backup is in clear"
    done = qafila("backup", node.path, "--verify", file, said=code)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr

    restored = tmp_path / "again"
    assert qafila("restore", file, node.path, said=code).returncode != 0, "a node that is there is not overwritten"
    assert "does not open" in qafila("restore", file, restored, said="another phrase").stderr
    # The drill on an empty machine is one command: from the sealed file alone, each record looked over.
    done = qafila("restore", "--check", file, restored, said=code.lower().replace("-", " "))
    assert (done.returncode, done.stdout) == (0, "") and "restored and checked: whole" in done.stderr, done.stderr
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


def test_what_is_no_whole_backup_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    node, file = node_on("sqlcipher", tmp_path, None), tmp_path / "backup"
    secret = tmp_path / "phrase"
    secret.write_text("the caravan leaves at dawn\n")
    assert qafila("backup", node.path, file, "--phrase", "--phrase-file", secret).returncode == 0
    sound, tarball = file.read_bytes(), tmp_path / "tar"
    with tarfile.open(tarball, "w") as tar:
        tar.add(__file__, arcname="node.toml")
    middle = len(sound) // 2
    for spoilt in (
        b"", tarball.read_bytes(), sound[:70_000], sound[:-1], sound + b"x",
        sound[:middle] + bytes([sound[middle] ^ 1]) + sound[middle + 1 :],
    ):  # fmt: skip
        file.write_bytes(spoilt)
        with pytest.raises(NodeError):
            backup.read(file, tmp_path / "again", "the caravan leaves at dawn")
        assert not (tmp_path / "again").exists() and not list(tmp_path.glob(".again*"))
    done = qafila("restore", file, tmp_path / "again", "--phrase-file", secret)
    assert done.returncode == 1 and done.stderr and "Traceback" not in done.stderr
    file.write_bytes(sound)
    assert qafila("restore", file, tmp_path / "again", "--phrase-file", secret).returncode == 0


def test_old_backups_go_and_the_newest_stays(tmp_path: Path) -> None:
    def reads(day: datetime) -> Callable[[], float]:
        return day.timestamp

    first = datetime(2026, 3, 1, 8, tzinfo=UTC)
    for day in range(0, 60, 10):
        made = (first + timedelta(days=day)).strftime("%Y%m%d-%H%M%S")
        (tmp_path / f"qafila-U1-{made}.backup").touch()
    (tmp_path / "qafila-U2-20200101-000000.backup").touch()
    (tmp_path / "qafila-U1-notes.backup").touch()
    with reading_from(reads(first + timedelta(days=51))):
        assert len(ageing.aged(tmp_path, "U1", 35)) == 2
    with reading_from(reads(first + timedelta(days=900))):
        assert len(ageing.aged(tmp_path, "U1", 35)) == 5


def test_a_node_makes_its_backups_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QAFILA_RUN", str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    node = node_on("sqlcipher", tmp_path, None)
    vault.make(node.path)
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (node.path / "recovery.pub").write_text(PUBLIC)
    facts = node.path / "node.toml"
    facts.write_text(facts.read_text() + f'\n[backup]\nfolder = "{folder}"\n')
    run_django(node, "from qafila.node.ageing import run; run(); run()")
    (made,) = folder.glob("*.backup")
    again = backup.read(made, tmp_path / "again", CODE, None)
    # What a vault keeps in memory is in the backup, and lies in clear on the new machine until it has a vault, too.
    assert not (again.path / "keys").is_symlink() and not vault.exists(again.path)
    whole(again)
