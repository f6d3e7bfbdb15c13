"""What a node tells Prometheus: closed lists of words, numbers, and nobody's name."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from qafila.journal.here import Here
from qafila.journal.models import Quarantine
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.node import measures, metrics, power
from qafila.node.directory import NodeDirectory, NodeError
from qafila.node.metering import MeterMiddleware, views
from qafila.node.models import Job
from qafila.registry.people.models import Person, PersonName
from qafila.sync.models import Backup, Peer
from tests.web.vehicle import Vehicle, vehicle


@pytest.fixture
def van(unit: Here) -> Iterator[Vehicle]:
    with vehicle(unit) as made:
        yield made


def asked(van: Vehicle, token: str = "", **more: str) -> tuple[str, str]:
    """(status line, body) of the measures."""
    assert van.here.directory is not None
    found: list[str] = []
    environ = {"PATH_INFO": "/metrics", "REQUEST_METHOD": "GET", **more}
    body = metrics.application(NodeDirectory(van.here.directory), ["sync"], token)(
        environ, lambda s, _: found.append(s)
    )
    return found[0], b"".join(body).decode()


def test_queues_and_ages_are_told(van: Vehicle) -> None:
    with writing(None, "person.register") as write:
        write.save(Person(code="P1"))
    then = clock.now() - timedelta(minutes=5)
    Peer.objects.create(code="H", upward=True, last_contact=then, offset_ms=-1500, waits=[3, 2, 4000])
    Job.objects.create(key="x", name="sync", failed="OSError", run_at=then)
    Quarantine._base_manager.create(node="U2", run=1, seq=1, raw=b"{}", reason="")
    Backup.objects.create(begun=then)
    status, body = asked(van)
    told = {
        (s.name, tuple(s.labels.values())): s.value for f in text_string_to_metric_families(body) for s in f.samples
    }
    assert status == "200 OK"
    assert told["qafila_records_pending", ("2",)] > 0
    assert told["qafila_clock_offset_seconds", ("H",)] == -1.5
    assert 299 < told["qafila_sync_age_seconds", ("H",)] < 400 and 299 < told["qafila_jobs_late_seconds", ()] < 400
    assert told["qafila_jobs_failing", ("sync",)] == told["qafila_quarantine", ()] == 1
    assert told["qafila_unit_waits", ("H", "files")] == 2 and told["qafila_backup_age_seconds", ("begun",)] > 299
    assert told["qafila_check", ("database",)] == 0 and told["qafila_disk_free_bytes", ()] > 0


def test_no_label_and_no_value_can_hold_anything_of_a_person(van: Vehicle) -> None:
    names = ["Zahra Benjelloun", "0612345678", "P7QX"]
    with writing(None, "person.register") as write:
        person = write.save(Person(code=names[2], phone=names[1]))
        write.save(PersonName(person=person, script="Latn", given="Zahra", family="Benjelloun"))
    # As if somebody had written into each column that ends up in a label.
    Peer.objects.create(code=names[0][:16], last_contact=clock.now(), offset_ms=1)
    Job.objects.create(key="y", name=names[0], failed=names[0])
    _, body = asked(van)
    families = list(text_string_to_metric_families(body))
    words = measures.Words(jobs={"sync"})
    known = {**measures.GAUGES, **measures.COUNTED}
    for family in families:
        allowed = set(known[family.name][1])
        for sample in family.samples:
            assert set(sample.labels) <= allowed and isinstance(sample.value, float)
            for label, value in sample.labels.items():
                assert value == measures.OTHER or words.fit(label, value) == value
    everybody = [s.username for s in van.crew.values()] + [s.name for s in van.crew.values()]
    for word in (*names, "Zahra", "Benjelloun", str(person.pk), person.pk.hex, *everybody):
        assert word not in body


@given(label=st.sampled_from([*measures.Words().closed, "node", "version"]), value=st.text())
def test_a_label_has_an_allowed_word_or_the_form_of_a_code(label: str, value: str) -> None:
    fit = measures.Words(views=["home"], jobs=["sync"]).fit(label, value)
    closed = measures.Words(views=["home"], jobs=["sync"]).closed.get(label, ())
    assert fit == measures.OTHER or fit in closed or re.fullmatch(r"[A-Z0-9.-]{1,20}", fit)


def test_every_label_of_every_measure_has_its_list() -> None:
    words = measures.Words()
    for _, labels in (*measures.GAUGES.values(), *measures.COUNTED.values()):
        assert all(words.fit(label, "\0") == measures.OTHER for label in labels)


def test_pages_are_counted_by_view_and_never_by_address(van: Vehicle) -> None:
    client = van.at("salma")
    meter = MeterMiddleware(lambda _: client.get("/"))

    def count(address: str, method: str = "GET") -> None:
        def page(request: Any) -> Any:
            answer = client.get(address)
            request.resolver_match = None if answer.status_code == 404 else answer.resolver_match
            return answer

        meter.get_response = page
        meter(RequestFactory().generic(method, address))

    count("/link/")
    count("/no-such/Zahra-Benjelloun/")
    count("/link/", "ZAHRA")
    told = [s for f in meter.asked.collect() for s in f.samples if s.name.endswith("_total")]
    counted = {tuple(s.labels.values()) for s in told}
    assert counted == {("link", "GET", "2xx"), ("unnamed", "GET", "4xx"), ("link", measures.OTHER, "2xx")}
    assert {"home", "login", "link"} <= set(views()) and any(":" in name for name in views())


def test_only_the_token_opens_them_away_from_the_machine(van: Vehicle) -> None:
    assert asked(van, "s3cret")[0].startswith("401")
    assert asked(van, "s3cret", HTTP_AUTHORIZATION="Bearer wrong")[0].startswith("401")
    assert asked(van, "s3cret", HTTP_AUTHORIZATION="Bearer s3cret")[0].startswith("200")
    assert asked(van, PATH_INFO="/")[0].startswith("404")


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("", None), ("[metrics]", ("127.0.0.1", 9464)), ('[metrics]\naddress = "::1"\nport = 9', ("::1", 9)),
        ('[metrics]\naddress = "10.1.2.3"', ("10.1.2.3", 9464)),
    ],
)  # fmt: skip
def test_where_they_are_told(tmp_path: Path, said: str, found: object) -> None:
    (tmp_path / "node.toml").write_text(said)
    assert measures.listening(NodeDirectory(tmp_path)) == found
    assert not found or measures.needs_token(found[0]) == (found[0] == "10.1.2.3")  # type: ignore[index]


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "8.8.8.8", "example.org", "2001:4860:4860::8888"])
def test_the_public_is_never_told(tmp_path: Path, address: str) -> None:
    (tmp_path / "node.toml").write_text(f'[metrics]\naddress = "{address}"')
    with pytest.raises(NodeError, match="loopback or one private address"):
        measures.listening(NodeDirectory(tmp_path))


def test_a_node_without_measures_loads_nothing_for_them() -> None:
    code = "import django, sys; django.setup(); import qafila.node.wsgi, qafila.node.agent, qafila.node.server; "
    code += "print([m for m in sys.modules if 'prometheus' in m])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("supplies", "found"),
    [
        ({}, None),
        ({"AC": {"type": "Mains", "online": "1"}}, None),
        ({"AC": {"type": "Mains", "online": "1"}, "BAT0": {"type": "Battery", "capacity": "8"}}, (8, True, "ok")),
        ({"AC": {"type": "Mains", "online": "0"}, "BAT0": {"type": "Battery", "capacity": "30"}}, (30, False, "warn")),
        ({"B": {"type": "Battery", "capacity": "80"}, "C": {"type": "Battery", "capacity": "9"}}, (9, None, "stop")),
        ({"B": {"type": "Battery", "capacity": "100", "status": "Discharging"}}, (100, False, "ok")),
        ({"B": {"type": "Battery", "capacity": "5", "status": "Charging"}}, (5, True, "ok")),
        ({"mouse": {"type": "Battery", "scope": "Device", "capacity": "3"}}, None),
        ({"B": {"type": "Battery", "capacity": "high"}}, None),
        ({"B": {"type": "Battery", "capacity": "\N{ARABIC-INDIC DIGIT FIVE}"}}, None),
        ({"B": {"type": "Battery", "present": "0", "capacity": "50"}}, None),
    ],
)
def test_power_as_linux_tells_it(tmp_path: Path, supplies: dict[str, dict[str, str]], found: object) -> None:
    for name, facts in supplies.items():
        (tmp_path / name).mkdir()
        for fact, value in facts.items():
            (tmp_path / name / fact).write_text(f"{value}\n")
    told = power.read(tmp_path)
    assert (told and (told.percent, told.mains, told.word)) == found


def test_no_power_supply_at_all_is_nothing_known(tmp_path: Path) -> None:
    assert power.read(tmp_path / "none") is None
