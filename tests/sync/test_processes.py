"""Real processes: a hub behind granian with mutual TLS, units that call it through a link that can be cut."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from bench.ports import free_port
from qafila.node.create import create
from qafila.node.directory import NodeDirectory
from qafila.packs import load
from qafila.sync import pki
from qafila.sync.serving import command
from tests.shell import Started, environment, run


def contact(node: NodeDirectory) -> dict[str, object]:
    code = "import msgspec\nfrom qafila.sync.agent import run_once\nprint(msgspec.json.encode(run_once()).decode())"
    found: dict[str, object] = json.loads(run(node, code).splitlines()[-1])
    return found


class Link:
    """Passes TCP to a port until it is cut, or until so many bytes went up."""

    def __init__(self, target: int) -> None:
        self.target, self.budget = target, -1
        self.went = 0
        """Bytes that went up."""
        self.holds = threading.Event()
        """While set, nothing more goes up once the budget is used; what is there stays open, and silent."""
        self.under_way: dict[socket.socket, socket.socket] = {}
        self.server = socket.create_server(("127.0.0.1", free_port()))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.server.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                near.close()
                continue
            threading.Thread(target=self._carry, args=(near, far), daemon=True).start()

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        with near, far:
            self.under_way[near] = far
            down = threading.Thread(target=self._pass, args=(far, near, False), daemon=True)
            down.start()
            self._pass(near, far, True)
            down.join()
            del self.under_way[near]

    def _pass(self, one: socket.socket, other: socket.socket, up: bool) -> None:
        try:
            while data := one.recv(4096):
                if up and self.budget >= 0:
                    self.budget -= len(data)
                    if self.budget < 0:
                        while self.holds.is_set() and one.recv(4096, socket.MSG_PEEK):
                            threading.Event().wait(0.05)
                        break
                self.went += len(data) if up else 0
                other.sendall(data)
        except OSError:
            pass
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Nobody gets through any more; those who were are cut off."""
        with suppress(OSError):
            self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        for ends in list(self.under_way.items()):
            for end in ends:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)


@contextmanager
def served(arguments: list[str], node: NodeDirectory, port: int) -> Iterator[None]:
    log = node.path / "served.log"
    with log.open("ab") as out:
        process = subprocess.Popen(arguments, env=environment(node), stdout=out, stderr=out)
    try:
        for _ in range(600):
            assert process.poll() is None, log.read_text()
            try:
                socket.create_connection(("127.0.0.1", port), 0.05).close()
                break
            except OSError:
                threading.Event().wait(0.05)
        yield
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeDirectory]:
    node = create("hub", tmp_path_factory.mktemp("n") / "hub", code="H", country=load.countries()[0], port=free_port())
    node.facts["sync_port"] = free_port()
    keys = node.path / "keys"
    pki.server_certificate(keys, "H", node.hosts)
    enrolment = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(node.port),
        "--log-level", "warning", "--ssl-certificate", str(keys / "pages.crt"), "--ssl-keyfile",
        str(keys / "pages.pem"), "tests.sync.enrolment_server:application",
    ]  # fmt: skip
    with served(enrolment, node, node.port), served(command(node.path, node.sync_port), node, node.sync_port):
        yield node


@pytest.fixture(scope="module")
def link(hub: NodeDirectory) -> Iterator[Link]:
    found = Link(hub.sync_port)
    yield found
    found.close()


def issue(hub: NodeDirectory, code: str, sync_port: int) -> str:
    said = (code, "unit", "", f"https://localhost:{hub.port}", f"https://localhost:{sync_port}")
    return run(hub, f"from qafila.sync.enrolment import issue_code\nprint(issue_code(*{said!r}))")


def joined(hub: NodeDirectory, link: Link, path: Path, code: str) -> NodeDirectory:
    node = create("unit", path, code=code, country=load.countries()[0], port=free_port())
    secret = issue(hub, code, link.port)
    run(node, f"from qafila.sync.enrolment import enrol\nprint(enrol({secret!r}).code)")
    return node


@pytest.fixture(scope="module")
def unit(hub: NodeDirectory, link: Link, tmp_path_factory: pytest.TempPathFactory) -> NodeDirectory:
    return joined(hub, link, tmp_path_factory.mktemp("n") / "u1", "U1")


REGISTER = """
from qafila.journal.write import writing
from qafila.registry.people.models import Person
with writing(None, "person.register") as write:
    print(write.save(Person(code="MMFE-T48G-2")).pk)
"""


def test_records_go_up_and_down_over_mutual_tls(hub: NodeDirectory, unit: NodeDirectory) -> None:
    person = run(unit, REGISTER)
    report = contact(unit)
    assert report["reached"], report
    edit = f"""
from qafila.journal.write import writing
from qafila.registry.people.models import Person
row = Person.objects.get(pk={person!r}); row.phone = "0600000000"
with writing(None, "person.edit") as write: write.save(row)
"""
    run(hub, edit)
    assert contact(unit)["reached"]
    look = f"from qafila.registry.people.models import Person\nprint(Person.objects.get(pk={person!r}).phone)"
    assert run(unit, look) == "0600000000"
    told = run(unit, "from qafila.sync import state\ns = state.read()\nprint(s.bars > 0, s.waiting, s.doubtful_clock)")
    assert told.split() == ["True", "0", "False"]


def test_a_file_goes_on_after_the_link_was_cut_in_its_middle(
    hub: NodeDirectory, unit: NodeDirectory, link: Link
) -> None:
    put = "import os\nfrom qafila.journal import blobs\nprint(blobs.put(os.urandom(900_000), 'image/jpeg').sha256)"
    name = run(unit, put)
    link.budget = 400_000
    assert contact(unit)["reason"] == "no_link"
    held = int(run(hub, f"from qafila.journal import blobs\nprint(55 - len(blobs.missing({name!r})))"))
    assert 0 < held < 55
    link.budget = -1
    report = contact(unit)
    assert report["reached"] and report["report"]["chunks_up"] == 55 - held  # type: ignore[index]
    check = f"import hashlib\nfrom qafila.journal import blobs\nprint(hashlib.sha256(blobs.read({name!r})).hexdigest())"
    assert run(hub, check) == name
    assert run(unit, f"from qafila.sync import state\nprint(state.of_file({name!r}).state)") == "on_hub"


MANY = """
from qafila.journal.write import writing
from qafila.registry.people.models import Person
for _ in range(400):
    with writing(None, "person.register") as write:
        write.save(Person(code="MMFE-T48G-2"))
"""
HELD = "from qafila.journal.models import Record\nprint(Record.objects.filter(node='U5').count())"
WHOLE = """
from qafila.journal import blobs, check
print([*check.problems(), *blobs.problems()])
"""


def killed_in_the_middle(process: subprocess.Popen[bytes] | Started, hub: NodeDirectory, before: int) -> None:
    """End a process without a word as soon as the hub has taken something of what it is sent."""
    while process.poll() is None and int(run(hub, HELD)) <= before:
        continue
    process.kill()
    process.wait()


def test_both_may_be_killed_in_the_middle_and_nothing_confirmed_is_lost(hub: NodeDirectory, tmp_path: Path) -> None:
    port = free_port()
    link = Link(port)
    unit = joined(hub, link, tmp_path / "u5", "U5")
    run(unit, MANY)
    loop = "import django; django.setup()\nimport threading\nfrom qafila.sync.agent import run_forever\n"
    caller = loop + "run_forever(threading.Event())"
    with served(command(hub.path, port), hub, port):
        killed_in_the_middle(Started(environment(unit), code=caller), hub, 0)
    seen = int(run(hub, HELD))
    assert seen > 0 and run(unit, WHOLE) == "[]"
    run(unit, MANY)
    with (unit.path / "served.log").open("ab") as out:
        server = subprocess.Popen(command(hub.path, port), env=environment(hub), stdout=out, stderr=out)
    agent = Started(environment(unit), code=caller)
    try:
        killed_in_the_middle(server, hub, seen)
    except BaseException:
        server.kill()
        agent.kill()
        raise
    # Its worker ends with it: the port is free again.
    while True:
        try:
            socket.create_server(("127.0.0.1", port)).close()
            break
        except OSError:
            continue
    killed_in_the_middle(agent, hub, -1)
    confirmed = HELD.replace("node='U5'", "node='U5', pending=False")
    assert int(run(unit, confirmed)) <= int(run(hub, HELD))
    with served(command(hub.path, port), hub, port):
        assert contact(unit)["reached"]
    link.close()
    # Two runs of 400 people, each opened by a record of its own.
    assert int(run(hub, HELD)) == 802 and run(hub, WHOLE) == "[]" and run(unit, WHOLE) == "[]"


def test_without_a_certificate_of_the_hub_nobody_gets_as_far_as_a_request(hub: NodeDirectory, tmp_path: Path) -> None:
    context = ssl.create_default_context(cafile=str(hub.path / "keys" / "ca.crt"))
    url = f"https://localhost:{hub.sync_port}/sync"
    with pytest.raises(httpx.TransportError), httpx.Client(verify=context) as client:
        client.post(url, content=b"QFLA")
    pki.make_authority(tmp_path, "stranger")
    certificate, _ = pki.sign_request(tmp_path, pki.client_request(tmp_path, "U1"), "U1")
    (tmp_path / "client.crt").write_bytes(certificate)
    context.load_cert_chain(tmp_path / "client.crt", tmp_path / "client.pem")
    with pytest.raises(httpx.TransportError), httpx.Client(verify=context) as client:
        client.post(url, content=b"QFLA")


def test_what_is_no_frame_is_refused_in_a_word(hub: NodeDirectory, unit: NodeDirectory) -> None:
    keys = unit.path / "keys"
    context = ssl.create_default_context(cafile=str(keys / "hub-ca.crt"))
    context.load_cert_chain(keys / "client.crt", keys / "client.pem")
    base = f"https://localhost:{hub.sync_port}"
    with httpx.Client(verify=context) as client:
        assert client.post(f"{base}/sync", content=b"GET / HTTP").text == "not_a_frame"
        assert client.post(f"{base}/sync", content=b"QFLA").text == "truncated"
        assert client.post(f"{base}/sync", content=bytes(2_000_000)).status_code == 413
        assert client.get(f"{base}/sync").status_code == 405
        assert client.post(f"{base}/elsewhere").status_code == 404


JOIN = """
import base64
import msgspec
from qafila.sync import enrolment
secret = {secret!r}
def again(**changed):
    told = msgspec.structs.replace(enrolment.read_code(secret), **changed)
    return enrolment.MARK + base64.urlsafe_b64encode(msgspec.msgpack.encode(told)).decode().rstrip("=")
try:
    enrolment.enrol({shown})
    print("joined")
except enrolment.EnrolmentFailed as failed:
    assert str(failed)
    print(failed.reason)
"""


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        ("secret[:-6]", "not_a_code"),
        ("'hello'", "not_a_code"),
        ("again(url='https://localhost:1')", "no_hub"),
        ("again(fingerprint='0' * 64)", "not_the_hub"),
        ("again(secret='guessed')", "wrong"),
        ("again(node='U2')", "other_node"),
    ],
)
def test_a_code_that_is_wrong_joins_nobody(hub: NodeDirectory, unit: NodeDirectory, shown: str, reason: str) -> None:
    secret = issue(hub, "U1", hub.sync_port)
    assert run(unit, JOIN.format(secret=secret, shown=shown)) == reason
    assert contact(unit)["reached"]


def test_a_code_serves_one_box(hub: NodeDirectory, link: Link, tmp_path: Path) -> None:
    box = create("unit", tmp_path / "box", code="U8", country=load.countries()[0], port=free_port())
    other = create("unit", tmp_path / "other", code="U8", country=load.countries()[0], port=free_port())
    secret = issue(hub, "U8", link.port)
    # Twice: the first answer may have been lost on its way.
    assert [run(box, JOIN.format(secret=secret, shown="secret")) for _ in range(2)] == ["joined", "joined"]
    assert run(other, JOIN.format(secret=secret, shown="secret")) == "used"
    assert contact(box)["reached"] and contact(other)["reason"] == "not_enrolled"


def test_an_expired_code_joins_nobody(hub: NodeDirectory, unit: NodeDirectory) -> None:
    secret = issue(hub, "U1", hub.sync_port)
    run(hub, "from qafila.sync.models import EnrolmentCode\nfrom qafila.kernel import clock\n"
             "EnrolmentCode.objects.update(expires=clock.now())")  # fmt: skip
    code = f"""
from qafila.sync import enrolment
try:
    enrolment.enrol({secret!r})
except enrolment.EnrolmentFailed as failed:
    print(failed.reason)
"""
    assert run(unit, code) == "expired"


def test_a_revoked_node_is_refused_and_keeps_what_it_has(
    hub: NodeDirectory, unit: NodeDirectory, link: Link, tmp_path: Path
) -> None:
    lost = joined(hub, link, tmp_path / "u7", "U7")
    assert contact(lost)["reached"]
    run(hub, "from qafila.sync.revocation import revoke\nrevoke('U7')")
    run(lost, REGISTER)
    assert contact(lost)["reason"] == "revoked"
    words = "from django.utils.translation import activate\nactivate('en')\nfrom qafila.sync import state\n"
    told = run(lost, words + "s = state.read()\nprint(s.bars, s.waiting, s.reason)")
    assert told.startswith("0 2 ") and "coordinator" in told
    with served(command(hub.path, port := free_port()), hub, port):
        context = ssl.create_default_context(cafile=str(lost.path / "keys" / "hub-ca.crt"))
        context.load_cert_chain(lost.path / "keys" / "client.crt", lost.path / "keys" / "client.pem")
        with pytest.raises(httpx.TransportError), httpx.Client(verify=context) as client:
            client.post(f"https://localhost:{port}/sync", content=b"QFLA")
        link.target = port
        assert contact(unit)["reached"]
    link.target = hub.sync_port


def test_a_unit_whose_clock_was_set_back_a_year_still_calls_and_is_warned(
    hub: NodeDirectory, unit: NodeDirectory
) -> None:
    code = """
import time
from qafila.kernel import clock
with clock.reading_from(lambda: time.time() - 365 * 86400):
    from qafila.sync.agent import run_once
    from qafila.sync import state
    print(run_once().reached, state.read().doubtful_clock, state.read().bars > 0)
"""
    assert run(unit, code).split() == ["True", "True", "True"]
