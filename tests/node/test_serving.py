"""`qafila serve` as a service: what it refuses, when it says that it is ready, what dies with it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.test import Client, RequestFactory, override_settings

from bench.ports import free_ports
from qafila.journal.here import Here
from qafila.journal.models import Run
from qafila.node import alive, fitness, health, notify
from qafila.node.demo.waiting import until
from qafila.node.directory import NodeDirectory, NodeError
from qafila.node.server import LONGEST_WAIT_S, Part


def node_in(path: Path, template: Path) -> NodeDirectory:
    """A unit with an empty database, on free ports of the loopback."""
    pages, live = free_ports(2)
    (path / "keys").mkdir(parents=True, mode=0o700)
    path.chmod(0o700)
    (path / "node.toml").write_text(
        'code = "U1"\nprofile = "unit"\ncountry = "morocco"\nlisten = "127.0.0.1"\nlog = "json"\n'
        f"port = {pages}\nlive_port = {live}\n"
    )
    (path / "keys" / "database.key").touch(mode=0o600)
    (path / "keys" / "database.key").write_text((template.parent / "database.key").read_text())
    shutil.copy(template, path / "data.db")
    return NodeDirectory(path)


@pytest.fixture
def node(template: Path, tmp_path: Path) -> NodeDirectory:
    return node_in(tmp_path / "served", template)


@pytest.fixture
def service() -> Iterator[socket.socket]:
    """Stands for systemd: what it is told."""
    path = f"\0qafila-tests-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(path)
        heard.settimeout(60)
        yield heard


def said(service: socket.socket, word: str) -> None:
    while word not in service.recv(4096).decode():
        pass


def pids(directory: Path) -> dict[str, int]:
    try:
        found = json.loads((directory / alive.FILE).read_text())["parts"]
    except OSError:
        return {}
    return {name: pid for name, (pid, _) in found.items() if pid}


def test_it_says_ready_starts_again_what_died_and_leaves_nothing_behind(
    node: NodeDirectory, service: socket.socket
) -> None:
    told = f"@{service.getsockname()[1:].decode()}"
    server = subprocess.Popen(
        [sys.executable, "-m", "qafila.cli", "serve", str(node.path)],
        env={**os.environ, "NOTIFY_SOCKET": told, "WATCHDOG_USEC": "2000000"},
    )
    try:
        said(service, "READY=1")
        assert alive.answers(node) and alive.answers(node, "/health/ready")
        said(service, "WATCHDOG=1")
        before = pids(node.path)
        assert set(before) == {"web", "live", "agent"}
        os.kill(before["agent"], signal.SIGKILL)
        until(lambda: pids(node.path).get("agent", before["agent"]) != before["agent"], 60, "another agent")
        assert alive.read(node.path)["agent"] == (True, 1)
        parts = pids(node.path).values()
        # As by the machine that runs out of memory: nobody tells the parts.
        server.kill()
        server.wait()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in parts), 60, "parts that ended")
        until(lambda: not list(fitness.taken(node)), 60, "free ports")
    finally:
        server.kill()
        server.wait()


def test_a_taken_port_is_said_before_anything_starts(node: NodeDirectory) -> None:
    with socket.create_server(("127.0.0.1", node.port)):
        done = subprocess.run(
            [sys.executable, "-m", "qafila.cli", "serve", str(node.path)], capture_output=True, text=True, check=False
        )
    assert done.returncode == 1 and f"port {node.port} (port) is taken" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and not (node.path / alive.FILE).exists()


@pytest.mark.parametrize(
    ("what", "mode", "mend"),
    [(".", 0o755, "700"), ("keys", 0o750, "700"), ("keys/database.key", 0o640, "600"), ("keys/sync.pem", 0o604, "600")],
)
def test_keys_that_others_may_read_are_refused(node: NodeDirectory, what: str, mode: int, mend: str) -> None:
    (node.path / "keys" / "sync.pem").touch(mode=0o600)
    fitness.require(node)
    open_one = (node.path / what).resolve()
    open_one.chmod(mode)
    with pytest.raises(NodeError, match=f"'chmod {mend} {open_one}'"):
        fitness.require(node)


def test_a_directory_of_another_user_is_refused(node: NodeDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert all("belongs to another user" in line for line in fitness.open_to_others(node.path))
    assert list(fitness.open_to_others(node.path))


def test_a_part_that_keeps_dying_waits_longer_each_time() -> None:
    part, waits = Part("web", []), []
    for _ in range(8):
        waits.append(part.wait)
        part.rest()
    assert waits[:3] == [0.5, 1.0, 2.0] and waits[-1] == LONGEST_WAIT_S


@pytest.mark.parametrize("address", ["", "nowhere", "/no/such/socket", "@no-such-abstract"])
def test_nobody_who_listens_is_no_error(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    assert notify.tell(ready=1) is False


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"parts": []}', '{"parts": {"web": 1}}', '{"parts": {"web": [0]}}']
)
def test_a_broken_list_of_parts_is_an_empty_one(tmp_path: Path, content: str) -> None:
    (tmp_path / alive.FILE).write_text(content)
    assert alive.read(tmp_path) == {}


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_last", (-health.FRESH_S, {}))


@pytest.mark.usefixtures("fresh")
def test_readiness_is_one_word_outside_and_every_check_on_the_machine(unit: Here, node: NodeDirectory) -> None:
    with override_settings(DIRECTORY=node):
        here = Client().get("/health/ready")
        assert here.status_code == 200 and here.json()["ready"] is True
        assert set(here.json()["checks"]) == {"database", "migrations", "disk", "clock", "parts"}
        away = Client(REMOTE_ADDR="192.0.2.7").get("/health/ready")
        assert away.content == b"ready" and away["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("fresh", "unit")
def test_a_dead_part_is_not_ready(node: NodeDirectory) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    alive.write(node.path, {"web": (os.getpid(), 0), "live": (os.getpid(), 0), "agent": (ended.pid, 3)})
    with override_settings(DIRECTORY=node):
        answer = Client().get("/health/ready")
        assert answer.status_code == 503 and answer.json()["checks"]["parts"] == "no"
    alive.write(node.path, {"web": (os.getpid(), 0), "radio": (ended.pid, 3)})
    with override_settings(DIRECTORY=node):
        assert health.checks()["parts"] == "warn"


@pytest.mark.usefixtures("fresh", "unit")
def test_it_lives_without_a_database_but_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> object:
        raise OperationalError("the words of a driver")

    monkeypatch.setattr(Run.objects, "exists", gone)
    assert Client().get("/health/live").status_code == 200
    answer = Client().get("/health/ready")
    assert answer.status_code == 503 and b"driver" not in answer.content
    assert answer.json()["checks"]["database"] == "no" == answer.json()["checks"]["migrations"]


def test_the_living_answer_asks_no_database(unit: Here) -> None:
    with connection.execute_wrapper(lambda *_: pytest.fail("asked the database")):
        request = RequestFactory().get("/health/live")
        answer = health.HealthMiddleware(lambda _: pytest.fail("passed on"))(request)
        assert answer.status_code == 200
