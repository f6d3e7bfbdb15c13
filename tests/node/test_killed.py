"""Processes killed in the middle of writes: what was acknowledged is there, and the journal is whole."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from qafila.node.create import create
from qafila.node.directory import NodeDirectory
from tests import shell
from tests.postgres import Cluster

LIST = "from qafila.registry.people.models import Person as P; print(*P.objects.values_list('pk', flat=True))"


def node_on(engine: str, tmp_path: Path, cluster: Cluster | None) -> NodeDirectory:
    database = None
    if cluster is not None:
        cluster.create_database("killed")
        database = {"engine": "postgresql", "name": "killed", "host": str(cluster.socket), "user": "qafila"}
    return create("unit" if engine == "sqlcipher" else "hub", tmp_path / "node", code="K1", country="morocco",
                  database=database)  # fmt: skip


def writer(node: NodeDirectory) -> shell.Started:
    """A process that registers people and says each one's id."""
    return shell.Started(shell.environment(node), module="tests.node.killed", arguments=[])


def people_of(node: NodeDirectory) -> set[str]:
    return set(shell.run(node, LIST).split())


def whole(node: NodeDirectory) -> None:
    done = shell.qafila(node, "check", node.path)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.mark.parametrize("engine", ["sqlcipher", "postgresql"])
def test_kill_9_of_writers_loses_nothing_acknowledged(engine: str, tmp_path: Path) -> None:
    if engine == "postgresql":
        with Cluster(tmp_path / "pg") as cluster:
            _killed_writers(node_on(engine, tmp_path, cluster), cluster)
    else:
        _killed_writers(node_on(engine, tmp_path, None), None)


def _killed_writers(node: NodeDirectory, cluster: Cluster | None) -> None:
    acknowledged: set[str] = set()
    for round_ in range(3):
        writers = [writer(node) for _ in range(2)]
        for place, one in enumerate(writers):
            assert one.stdout is not None
            for _ in range(5 + 7 * round_ + place):
                acknowledged.add(one.stdout.readline().strip())
        if cluster is not None and round_ == 2:
            postmaster = int((cluster.data / "postmaster.pid").read_text().split()[0])
            os.kill(postmaster, signal.SIGQUIT)  # immediate shutdown: no checkpoint, recovery from the log
        for one in writers:
            one.kill()
        for one in writers:
            with one:
                assert one.stdout is not None
                # What was said and not yet read is acknowledged too; the last line may be cut in the middle.
                acknowledged.update(line for line in one.stdout.read().split() if len(line) == 36)
    if cluster is not None:
        cluster.restart_after_crash()
    assert acknowledged <= people_of(node)
    whole(node)
