"""A hub on PostgreSQL, backed up with the command, used on, lost, restored: its units bring back what it has lost."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.ports import free_port
from qafila.node.create import create
from qafila.node.directory import NodeDirectory
from qafila.packs import load
from qafila.sync import pki
from qafila.sync.serving import command
from tests.node.test_backup import qafila
from tests.node.test_sealed import CODE, PUBLIC
from tests.postgres import Cluster
from tests.shell import environment, run
from tests.sync.test_processes import REGISTER, contact, issue, served

PHOTO = """
import os
from qafila.clinic.visits.models import Attachment
from qafila.journal import blobs
from qafila.journal.write import writing
row = blobs.put(os.urandom(70_000), "image/jpeg", {person!r})
with writing(None, "attachment.add") as write:
    said = {{"kind_of_file": "photo", "media": row.media, "sha256": row.sha256, "size": row.size}}
    write.save(Attachment(person_id={person!r}, **said))
print(row.sha256)
"""
ANSWER = """
from qafila.clinic.cases.models import Answer
from qafila.journal.write import writing
from qafila.kernel import ids
with writing(None, "case.answer") as write:
    said = {{"diagnosis": "x", "certainty": "confirmed", "plan": "y"}}
    print(write.save(Answer(person_id={person!r}, case_id=ids.new(), **said)).pk)
"""
HASHES = """
import json
from qafila.journal.models import Record
rows = Record.objects.exclude(kind="journal.run").values_list("node", "run", "seq", "hash")
print(json.dumps(sorted([n, r, s, bytes(h).hex()] for n, r, s, h in rows)))
"""
END = """
import json
from qafila.clinic.cases.models import Answer
from qafila.journal import blobs, check
found = [*check.problems(), *blobs.problems()]
answers = sorted(str(pk) for pk in Answer.objects.values_list("pk", flat=True))
print(json.dumps([found, all(blobs.have(n) for n in {names!r}), answers]))
"""
SAFE = """
from qafila.journal.models import Record
from qafila.sync.keeping import safe_to_drop
print(safe_to_drop(Record.objects.values_list("no", flat=True)), *(safe_to_drop(files=[n]) for n in {names!r}))
"""


@contextmanager
def serving(hub: NodeDirectory) -> Iterator[None]:
    with served(command(hub.path, hub.sync_port), hub, hub.sync_port):
        yield


def joined(hub: NodeDirectory, path: Path, code: str) -> NodeDirectory:
    keys = hub.path / "keys"
    pki.server_certificate(keys, "H", hub.hosts)
    enrolment = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(hub.port),
        "--log-level", "warning", "--ssl-certificate", str(keys / "pages.crt"), "--ssl-keyfile",
        str(keys / "pages.pem"), "tests.sync.enrolment_server:application",
    ]  # fmt: skip
    node = create("unit", path, code=code, country=load.countries()[0], port=free_port())
    with served(enrolment, hub, hub.port):
        secret = issue(hub, code, hub.sync_port)
        run(node, f"from qafila.sync.enrolment import enrol\nprint(enrol({secret!r}).code)")
    return node


def told(node: NodeDirectory) -> list[list[object]]:
    found: list[list[object]] = json.loads(run(node, HASHES))
    return found


def calls(unit: NodeDirectory) -> dict[str, object]:
    report = contact(unit)
    assert report["reached"], report
    return report["report"]  # type: ignore[return-value]


def all_sent(unit: NodeDirectory) -> None:
    """Contacts until every file is at the hub: on a busy machine one may end before."""
    for _ in range(6):
        calls(unit)
        if run(unit, "from qafila.journal.models import Blob\nprint(Blob.objects.filter(sent=False).count())") == "0":
            return
    raise AssertionError("a file does not get through")


def backed_up(hub: NodeDirectory, file: Path) -> None:
    (hub.path / "recovery.pub").write_text(PUBLIC)
    done = qafila("backup", hub.path, file)
    assert done.returncode == 0, done.stderr
    number = done.stdout.rsplit(" ", 1)[1].strip()
    # On the disk of the node itself it counts for nothing until somebody has carried it away.
    assert qafila("backup", hub.path, "--stands", number).returncode == 0


@pytest.mark.timeout(900)
def test_what_a_restore_costs_a_hub_its_units_bring_back(tmp_path: Path) -> None:
    with Cluster(tmp_path / "pg") as cluster:
        cluster.create_database("hub")
        database = {"engine": "postgresql", "name": "hub", "host": str(cluster.socket), "user": "qafila"}
        country = load.countries()[0]
        hub = create("hub", tmp_path / "hub", code="H", country=country, port=free_port(), database=database)
        unit = joined(hub, tmp_path / "u1", "U1")
        with serving(hub):
            old = run(unit, REGISTER)
            early = run(unit, PHOTO.format(person=old))
            all_sent(unit)
            # A greeting that finds the two at odds, after an answer that was lost, does not count; the next one does.
            calls(unit)
            calls(unit)
            backed_up(hub, tmp_path / "backup.tar")
            calls(unit)
            # What is confirmed counts as covered where another greeting stood between that and the backup.
            assert run(unit, SAFE.format(names=[early])) == "True True"
            person = run(unit, REGISTER)
            late = run(unit, PHOTO.format(person=person))
            calls(unit)
            answer = run(hub, ANSWER.format(person=person))
            calls(unit)
            assert run(unit, SAFE.format(names=[early, late])) == "False True False"
            before = told(hub)
        assert told(unit) == before
        shutil.rmtree(hub.path)
        again = restored(tmp_path / "backup.tar", tmp_path / "again")
        assert len(told(again)) < len(before)
        with serving(again):
            report = calls(unit)
            assert report["chunks_up"] == 5, "the file that the backup has is not sent again"
            fresh = run(again, ANSWER.format(person=person))
            calls(unit)
            assert told(unit) == told(again) and {tuple(r) for r in before} < {tuple(r) for r in told(again)}
            assert calls(unit)["sent"] == 0
        for node in (again, unit):
            assert json.loads(run(node, END.format(names=[early, late]))) == [[], True, sorted([answer, fresh])]


def restored(file: Path, directory: Path) -> NodeDirectory:
    done = qafila("restore", file, directory, said=CODE)
    assert done.returncode == 0, done.stderr
    return NodeDirectory(directory)


@pytest.mark.timeout(900)
def test_a_database_that_was_restored_by_other_means_is_noticed(tmp_path: Path) -> None:
    life = "from qafila.sync import restored\nprint(restored.life())"
    with Cluster(tmp_path / "pg") as cluster:
        cluster.create_database("hub")
        database = {"engine": "postgresql", "name": "hub", "host": str(cluster.socket), "user": "qafila"}
        hub = create("hub", tmp_path / "hub", code="H", country=load.countries()[0], database=database)
        number = run(hub, life)
        assert run(hub, life) == number
        reach = ["-h", str(cluster.socket), "-U", "qafila"]
        dump = tmp_path / "dump"
        subprocess.run(["pg_dump", *reach, "-Fc", "-f", str(dump), "hub"], check=True, env=environment(hub))
        subprocess.run(["dropdb", *reach, "hub"], check=True)
        cluster.create_database("hub")
        subprocess.run(["pg_restore", *reach, "-d", "hub", "--no-owner", str(dump)], check=True)
        assert run(hub, life) != number
        number = run(hub, life)
        assert qafila("backup", hub.path, "--restored").returncode == 0
        assert run(hub, life) != number
