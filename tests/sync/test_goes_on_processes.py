"""Real processes: a frame that was cut in its middle goes on, over another connection and with a hub begun anew."""

from __future__ import annotations

import json
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from bench.ports import free_port
from qafila.node.directory import NodeDirectory
from qafila.sync.serving import command
from tests.shell import Started, environment, run
from tests.sync.test_processes import Link, hub, joined  # noqa: F401

PEOPLE = """
import secrets
from qafila.journal.write import writing
from qafila.registry.people.models import Person
with writing(None, "person.register") as write:
    for _ in range(1600):
        write.save(Person(code="MMFE-T48G-2", address=secrets.token_hex(95)))
"""
TWO_CALLS = """
import django; django.setup()
import json, sys
from pathlib import Path
from qafila.journal.here import here
from qafila.sync import agent
from qafila.sync.agent import Caller
from qafila.sync.messages import Push
# The link is measured only while it is slower than the unit.
agent.FRAME_BYTES = 60_000
caller = Caller(here())
first = caller.call().reason
frames = [s for s in caller._session[1]._out.values() if isinstance(s.message, Push)]
print(json.dumps([first, [len(s.data) for s in frames]]), flush=True)
sys.stdin.readline()
second = caller.call()
print(json.dumps([second.reason, [s.begun for s in frames]]), flush=True)
"""
WHOLE = "from qafila.journal import check\nprint(list(check.problems()))"
LEFT = "from qafila.journal.models import Record\nprint(Record.objects.filter(pending=True).count())"
OVERHEAD = 12_000
"""A handshake, a greeting, the next questions."""


def two_calls(node: NodeDirectory) -> Started:
    return Started(environment(node), code=TWO_CALLS)


def heard(process: Started) -> tuple[str, list[int]]:
    assert process.stdout is not None
    said: list[Any] = json.loads(process.stdout.readline())
    return said[0], said[1]


def kept(hub: NodeDirectory) -> list[int]:  # noqa: F811
    """Sizes of the parts that the hub keeps, as soon as there are any."""
    folder = hub.path / "parts"
    while not folder.exists() or not (found := [f.stat().st_size for f in folder.iterdir() if "." not in f.name]):
        continue
    return found


@pytest.mark.parametrize("killed", [False, True], ids=["link cut", "hub killed"])
def test_it_goes_on_after(hub: NodeDirectory, tmp_path: Path, killed: bool) -> None:  # noqa: F811
    port = free_port()
    link = Link(port)
    node = joined(hub, link, tmp_path / "u", f"G{int(killed)}")
    run(node, PEOPLE)
    link.holds.set()
    link.budget = 120_000
    with (node.path / "served.log").open("ab") as out:
        server = subprocess.Popen(command(hub.path, port), env=environment(hub), stdout=out, stderr=out)
    try:
        await_port(port)
        process = two_calls(node)
        # The link has gone silent in the middle of a frame.
        begun = sum(kept(hub))
        if killed:
            server.kill()
            server.wait()
            free(port)
            with (node.path / "served.log").open("ab") as out:
                server = subprocess.Popen(command(hub.path, port), env=environment(hub), stdout=out, stderr=out)
            await_port(port)
        link.holds.clear()
        with process:
            reason, sizes = heard(process)
            assert reason == "no_link" and sizes
            before = link.went
            assert process.stdin is not None
            process.stdin.write("go on\n")
            process.stdin.flush()
            reason, places = heard(process)
            assert process.wait() == 0 and not reason
    finally:
        server.terminate()
        server.wait()
        link.close()
    assert max(places) > 8_000 and begun > max(places)
    assert run(node, LEFT) == "0" and run(hub, WHOLE) == "[]"
    assert link.went - before < sum(sizes) - max(places) + OVERHEAD
    assert list((hub.path / "parts").iterdir()) == []


def await_port(port: int) -> None:
    while True:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 0.5).close()
            return


def free(port: int) -> None:
    """Its worker ends with it."""
    while True:
        with suppress(OSError):
            socket.create_server(("127.0.0.1", port)).close()
            return
