"""The command itself, in processes of real nodes that know each other by a real enrolment."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from bench.ports import free_port
from qafila.node.create import create
from qafila.node.directory import NodeDirectory
from qafila.packs import load
from qafila.sync import pki
from tests import shell
from tests.shell import environment, run
from tests.sync.test_processes import REGISTER, issue, served

PHONE = "from qafila.registry.people.models import Person\nprint(Person.objects.get(pk={!r}).phone)"
WHOLE = "from qafila.journal import blobs, check\nprint([*check.problems(), *blobs.problems()])"


def joined(hub: NodeDirectory, path: Path, code: str) -> NodeDirectory:
    node = create("unit", path, code=code, country=load.countries()[0], port=free_port())
    secret = issue(hub, code, hub.sync_port)
    run(node, f"from qafila.sync.enrolment import enrol\nprint(enrol({secret!r}).code)")
    return node


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> tuple[NodeDirectory, NodeDirectory, NodeDirectory]:
    """A hub and two units that have joined it; nothing is served any more: there is no link."""
    path = tmp_path_factory.mktemp("n")
    hub = create("hub", path / "hub", code="H", country=load.countries()[0], port=free_port())
    keys = hub.path / "keys"
    pki.server_certificate(keys, "H", hub.hosts)
    enrolment = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(hub.port),
        "--log-level", "warning", "--ssl-certificate", str(keys / "pages.crt"), "--ssl-keyfile",
        str(keys / "pages.pem"), "tests.sync.enrolment_server:application",
    ]  # fmt: skip
    with served(enrolment, hub, hub.port):
        units = joined(hub, path / "u1", "U1"), joined(hub, path / "u2", "U2")
    return hub, *units


def qafila(node: NodeDirectory, *arguments: str | Path, room: int = -1) -> subprocess.CompletedProcess[str]:
    if room < 0:
        return shell.qafila(node, "sync", node.path, *arguments)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    return subprocess.run(
        [sys.executable, "-m", "qafila.cli", "sync", str(node.path), *map(str, arguments)],
        env=environment(node), capture_output=True, text=True, check=False, preexec_fn=limit,
    )  # fmt: skip


def done(node: NodeDirectory, *arguments: str | Path) -> dict[str, object]:
    ended = qafila(node, *arguments, "--json")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found: dict[str, object] = json.loads(ended.stdout)
    return found


def test_a_trip_to_the_hub_and_back(nodes: tuple[NodeDirectory, NodeDirectory, NodeDirectory], tmp_path: Path) -> None:
    hub, unit, _ = nodes
    person = run(unit, REGISTER)
    name = run(unit, "import os\nfrom qafila.journal import blobs\nprint(blobs.put(os.urandom(99_000), 'x/y').sha256)")
    [written] = done(unit, "--to-stick", tmp_path)["written"]  # type: ignore[misc]
    assert written["receiver"] == "H" and written["records"] >= 2 and written["files"] == 1
    [read] = done(hub, "--from-stick", tmp_path)["bundles"]  # type: ignore[misc]
    assert read["sender"] == "U1" and read["records"] == written["records"] and read["chunks"] == 7
    edit = f"""
from qafila.journal.write import writing
from qafila.registry.people.models import Person
row = Person.objects.get(pk={person!r}); row.phone = "0600000000"
with writing(None, "person.edit") as write: write.save(row)
"""
    run(hub, edit)
    done(hub, "--to-stick", tmp_path)
    report = done(unit, "--from-stick", tmp_path, "--clean")
    assert [b["confirmed"] for b in report["bundles"]] == [written["records"]]  # type: ignore[attr-defined]
    assert len(report["removed"]) == 2 and not list(tmp_path.rglob("*.qfb"))  # type: ignore[arg-type]
    assert run(unit, PHONE.format(person)) == "0600000000"
    assert (
        run(unit, "from qafila.journal.models import Record\nprint(Record.objects.filter(pending=True).count())") == "0"
    )
    assert run(hub, f"from qafila.journal import blobs\nprint(len(blobs.read({name!r})))") == "99000"
    assert run(hub, WHOLE) == "[]" and run(unit, WHOLE) == "[]"


def test_words_and_statuses(nodes: tuple[NodeDirectory, NodeDirectory, NodeDirectory], tmp_path: Path) -> None:
    hub, unit, other = nodes
    run(unit, REGISTER)
    assert qafila(unit, "--from-stick", tmp_path).returncode == 1
    nowhere = qafila(unit, "--to-stick", tmp_path / "nowhere")
    assert nowhere.returncode == 1 and nowhere.stderr.startswith("qafila: ")
    assert qafila(unit, "--to-stick", tmp_path, "--clean").returncode == 2
    assert qafila(unit, "--limit", "3").returncode == 2
    assert qafila(unit, "--to-stick", tmp_path, "--limit", "-1").returncode == 2
    assert qafila(unit, "--to-stick", tmp_path, "--from-stick", tmp_path).returncode == 2
    assert "--from-stick PATH" in qafila(unit, "--help").stdout
    assert qafila(unit, "--to-stick", tmp_path).returncode == 0
    carried = qafila(other, "--from-stick", tmp_path)
    assert carried.returncode == 1 and len(carried.stdout.splitlines()) == 2
    [file] = tmp_path.rglob("*.qfb")
    whole = file.read_bytes()
    for spoilt in (whole[:-9], whole[:200] + bytes([whole[200] ^ 1]) + whole[201:], b"a letter"):
        file.write_bytes(spoilt)
        refused = qafila(hub, "--from-stick", tmp_path)
        assert refused.returncode == 1 and file.name in refused.stdout and not refused.stderr.count("Traceback")
    file.write_bytes(whole)
    assert qafila(hub, "--from-stick", tmp_path).returncode == 0


def test_a_full_stick_is_said_so_and_gets_nothing(
    nodes: tuple[NodeDirectory, NodeDirectory, NodeDirectory], tmp_path: Path
) -> None:
    unit = nodes[2]
    run(unit, "import os\nfrom qafila.journal import blobs\nblobs.put(os.urandom(900_000), 'image/jpeg')")
    ended = qafila(unit, "--to-stick", tmp_path, room=400_000)
    assert ended.returncode == 1 and "--limit" in ended.stderr and "Traceback" not in ended.stderr
    assert not [f for f in tmp_path.rglob("*") if f.is_file()]
    assert qafila(unit, "--to-stick", tmp_path).returncode == 0


def test_killed_while_it_writes_it_leaves_nothing_that_counts(
    nodes: tuple[NodeDirectory, NodeDirectory, NodeDirectory], tmp_path: Path
) -> None:
    hub, unit, _ = nodes
    run(unit, "import os\nfrom qafila.journal import blobs\nblobs.put(os.urandom(8_000_000), 'image/jpeg')")
    arguments = [sys.executable, "-m", "qafila.cli", "sync", str(unit.path), "--to-stick", str(tmp_path)]
    process = subprocess.Popen(arguments, env=environment(unit), stdout=subprocess.DEVNULL)
    while process.poll() is None and not any(os.path.getsize(f) for f in tmp_path.rglob("*.part") if f.exists()):
        continue
    process.kill()
    process.wait()
    if not list(tmp_path.rglob("*.qfb")):
        assert not json.loads(qafila(hub, "--from-stick", tmp_path, "--json").stdout)["bundles"]
    done(unit, "--to-stick", tmp_path)
    assert not list(tmp_path.rglob(".*"))
    done(hub, "--from-stick", tmp_path)
    assert run(hub, WHOLE) == "[]"
