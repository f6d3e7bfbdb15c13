"""A node that was switched off: serves one page, opens by a password, and is locked again in the middle of its work."""

from __future__ import annotations

import http.client
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest

from bench.ports import free_port
from qafila.kernel import clock
from qafila.node import device
from qafila.node.commands.vault import certify_door
from qafila.node.create import create, environment
from qafila.node.directory import NodeDirectory, NodeError
from qafila.sync import vault
from tests.node.test_backup import qafila

PASSWORD = "Chevre-montagne-11"


def until(found: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    end = clock.monotonic() + 100
    while not found():
        assert clock.monotonic() < end and process.poll() is None, "it did not happen"


def ask(node: NodeDirectory, method: str = "GET", path: str = "/", **form: str) -> tuple[int, str]:
    """Status and text; 0 while nobody answers."""
    context = ssl.create_default_context(cafile=str(node.path / "ca.crt"))
    connection = http.client.HTTPSConnection("localhost", node.port, context=context, timeout=20)
    try:
        headers = {"Origin": f"https://localhost:{node.port}", "Content-Type": "application/x-www-form-urlencoded"}
        connection.request(method, path, urlencode(form), headers)
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    except OSError:
        return 0, ""
    finally:
        connection.close()


@pytest.mark.timeout(300)
def test_a_locked_unit_opens_by_a_password_and_locks_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QAFILA_RUN", str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    node = create("unit", tmp_path / "node", code="U1", country="morocco", port=free_port())
    facts = node.path / "node.toml"
    facts.write_text(facts.read_text() + f'\n[vault]\ndevice = "{tmp_path / "machine.key"}"\n')
    node = NodeDirectory(node.path)
    code = vault.make(node.path, device.key(node, make=True))
    certify_door(node)
    (node.path / "ca.crt").write_bytes((node.path / "keys" / "ca.crt").read_bytes())
    done = qafila("vault", "admit", node.path, "salma", said=PASSWORD)
    assert done.returncode == 0, done.stderr
    vault.shut(node.path)
    done = qafila("check", node.path)
    assert done.returncode == 1 and "locked" in done.stderr and "Traceback" not in done.stderr
    with pytest.raises(NodeError):
        node.secret("web")
    with (tmp_path / "log").open("wb") as log:
        command = [sys.executable, "-m", "qafila.cli", "serve", str(node.path)]
        serving = subprocess.Popen(command, env=environment(node), stdout=log, stderr=log)
    try:
        until(lambda: ask(node)[0] == 200, serving)
        assert ask(node, path="/healthz") == (503, "locked\n") and ask(node, path="/doctor/")[0] == 503
        page = ask(node)[1]
        assert 'type="password"' in page and "<script" not in page and "style=" not in page
        assert ask(node, "POST", name="salma", secret="wrong-phrase-77")[0] == 403
        assert vault.locked(node.path)
        assert ask(node, "POST", name="salma", secret=PASSWORD)[0] == 200
        until(lambda: "ok" in ask(node, path="/healthz")[1], serving)
        arguments = _arguments()
        vault.shut(node.path)
        until(lambda: ask(node, path="/healthz")[1] == "locked\n", serving)
    finally:
        serving.terminate()
        serving.wait(30)
    told = (tmp_path / "log").read_text()
    for secret in (PASSWORD, "wrong-phrase-77", "salma", code, "BEGIN"):
        assert secret not in told and secret not in arguments


def _arguments() -> str:
    """Arguments and environments of every process that this user may look at."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            found += [
                (process / "cmdline").read_text(errors="replace"),
                (process / "environ").read_text(errors="replace"),
            ]
        except OSError:
            continue
    return "\n".join(found)
