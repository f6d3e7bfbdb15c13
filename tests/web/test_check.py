"""Anybody may ask whether a print is genuine, on the page and with the command; nobody learns more than that."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from qafila.cli import main
from qafila.clinic.papers import acts, content, keys, queries, trust
from qafila.clinic.papers.models import IssuedPaper, Kind, NodeKey
from qafila.clinic.papers.verify import Outcome, by_key_id, verify
from qafila.clinic.prescribing import acts as prescribing
from qafila.clinic.visits import acts as visits
from qafila.journal.here import Here
from qafila.kernel import clock
from qafila.registry.people import acts as people
from qafila.registry.people.details import NameParts
from qafila.registry.people.models import Person
from qafila.sync.models import Peer
from qafila.sync.revocation import revoke
from qafila.sync.signals import enrolled
from qafila.web.prints import check
from qafila.web.prints.facts import of_prescription
from tests.web.desk import Desk, desk
from tests.web.vehicle import Vehicle, text, vehicle


@pytest.fixture
def van(unit: Here) -> Iterator[Vehicle]:
    with vehicle(unit) as made:
        yield made


@pytest.fixture
def paper(van: Vehicle) -> IssuedPaper:
    person = people.register(van.crew["fatima"], van.unit, names=[NameParts("Latn", "Zineb", family="Alami")])
    visit = visits.open_visit(person, van.unit, van.crew["fatima"], "Toux")
    item = prescribing.Item("Amoxicilline 500 mg gélule", Decimal(1), "capsule", "oral", Decimal(2), 7)
    row = prescribing.write_prescription(visit, van.crew["salma"], [item], override_reason="vu")
    prescribing.sign(row, van.crew["salma"])
    facts = of_prescription(person, prescribing.items_of(row))
    return acts.issue(Kind.PRESCRIPTION, person.pk, row.pk, facts, van.crew["salma"]).paper


def ask(code: str, **more: str) -> str:
    response = Client().post("/prints/check/", {"code": code, **more}, headers={"Accept-Language": "en"})
    assert response.status_code == 200
    return text(response)


@pytest.fixture(autouse=True)
def english(settings_language: None) -> None:
    pass


@pytest.fixture
def settings_language(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "LANGUAGE_CODE", "en")


def test_a_stranger_checks_a_code_and_a_number(van: Vehicle, paper: IssuedPaper) -> None:
    for code in (paper.token, f"  {paper.token}\n", paper.code, paper.code.lower()):
        told = ask(code)
        assert "Prescription" in told and "U1" in told and "neither cancelled" in told, told
        for secret in ("Zineb", "Alami", "Amoxicilline", Person.objects.get().code, paper.control):
            assert secret not in told


def test_what_became_of_it_is_told(van: Vehicle, paper: IssuedPaper) -> None:
    acts.mark_used(paper, van.crew["salma"])
    assert "Dispensed or used already" in ask(paper.token)
    acts.cancel(paper, van.crew["salma"], "stolen")
    told = ask(paper.code)
    assert "no longer holds" in told and "dispensed or used as well" in told and "stolen" not in told


def test_lines_that_were_typed_are_compared(van: Vehicle, paper: IssuedPaper) -> None:
    lines = f"{Person.objects.get().code}\nAmoxicilline 500mg gelule; 1; 2; 7"
    for code in (paper.token, paper.code):
        assert "is what was printed" in ask(code, facts=lines, control=paper.control.lower())
        assert "is not what was printed" in ask(code, facts=lines.replace("7", "70"), control=paper.control)
        assert "is not what was printed" in ask(code, facts=lines, control="0000-0000-0")


def test_wrong_and_unknown_numbers(van: Vehicle) -> None:
    code = "0000-0000-0"
    assert "Status unknown" in ask(code)
    assert "typed wrong" in ask("0000-0000-1")
    assert "not the code of a document" in ask("QAF9") or "typed wrong" in ask("QAF9")
    assert "not whole" in ask("QAF1:äö")


def test_whoever_asks_too_often_waits(van: Vehicle) -> None:
    answers = [Client().post("/prints/check/", {"code": "x"}).status_code for _ in range(check.MOST + 2)]
    assert answers[: check.MOST] == [200] * check.MOST and answers[-1] == 429


def run(capsys: Any, *arguments: str) -> tuple[int, str]:
    status = main(["verify", *arguments])
    return status, capsys.readouterr().out


def test_the_command_verifies_off_line(
    van: Vehicle, paper: IssuedPaper, tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    (tmp_path / "trust.json").write_text(trust.publish("H", keys.known(), keys.signer(), clock.now()))
    (tmp_path / "code.txt").write_text(paper.token + "\n")
    with_keys = ("--keys", str(tmp_path / "trust.json"))
    status, out = run(capsys, str(tmp_path / "code.txt"), *with_keys, "--json")
    said = json.loads(out)
    assert status == 0 and said["outcome"] == "genuine" and said["document"] == paper.code
    assert said["register"] == "unknown" and said["hash"] == paper.hash and said["agrees"] is None
    monkeypatch.setattr(sys, "stdin", io.StringIO(paper.token))
    status, out = run(capsys, *with_keys)
    assert status == 0 and out.startswith("genuine\n")
    facts = tmp_path / "facts.txt"
    facts.write_text(f"{Person.objects.get().code}\nAmoxicilline 500mg gelule; 1; 2; 7")
    both = ("--facts", str(facts), "--control", paper.control)
    assert run(capsys, str(tmp_path / "code.txt"), *with_keys, *both)[0] == 0
    facts.write_text(facts.read_text() + "0")
    assert run(capsys, str(tmp_path / "code.txt"), *with_keys, *both)[0] == 1


def test_the_command_refuses_and_says_what_it_cannot_read(
    van: Vehicle, paper: IssuedPaper, tmp_path: Path, capsys: Any
) -> None:
    (tmp_path / "trust.json").write_text(trust.publish("H", [], keys.signer(), clock.now()))
    (tmp_path / "code.txt").write_text(paper.token)
    (tmp_path / "cut.txt").write_text("QAF1:ä")
    with_keys = ("--keys", str(tmp_path / "trust.json"))
    assert run(capsys, str(tmp_path / "code.txt"), *with_keys)[0] == 1
    assert run(capsys, str(tmp_path / "cut.txt"), *with_keys)[0] == 2
    assert run(capsys, str(tmp_path / "none.txt"), *with_keys)[0] == 2
    assert run(capsys, str(tmp_path / "code.txt"), "--keys", str(tmp_path / "code.txt"))[0] == 2
    assert run(capsys, str(tmp_path / "code.txt"), *with_keys, "--hub", "AAAA")[0] == 2


@pytest.fixture
def hub_desk(unit: Here) -> Iterator[Desk]:
    with desk(unit) as made:
        yield made


def test_the_hub_publishes_the_keys_of_every_node(hub_desk: Desk) -> None:
    from qafila.packs import load

    keys.connect(load.profile("hub"))
    try:
        first = Peer.objects.create(code="U7", signing_key=bytes(range(32)))
        enrolled.send(sender=Peer, peer=first, unit="")
        first.signing_key, first.enrolled_at = bytes(range(1, 33)), clock.now()
        first.save()
        enrolled.send(sender=Peer, peer=first, unit="")
        response = Client().get("/prints/keys.json")
        found = {k.public: k for k in trust.read(response.content).keys if k.node == "U7"}
        assert found[bytes(range(32))].until is not None, "the box before it is retired, and still believed"
        assert found[bytes(range(1, 33))].until is None
        revoke("U7")
        found = {k.public: k for k in trust.read(Client().get("/prints/keys.json").content).keys if k.node == "U7"}
        assert found[bytes(range(1, 33))].revoked is not None and found[bytes(range(32))].revoked is None
        assert NodeKey.objects.filter(node="H").count() == 1
    finally:
        keys.disconnect()


def test_a_unit_has_no_list_to_publish(van: Vehicle) -> None:
    assert Client().get("/prints/keys.json").status_code == 404
    assert len(keys.known()) == 1


def test_a_paper_of_another_hash_under_the_same_id_is_not_this_one(van: Vehicle, paper: IssuedPaper) -> None:
    assert queries.by_id(paper.pk).paper == paper
    verdict = verify(paper.token, by_key_id(keys.known()), clock.now())
    assert verdict.outcome is Outcome.GENUINE and verdict.claims is not None
    assert verdict.claims.digest.hex() == paper.hash
    assert not content.same(verdict.claims.digest, "card", [], paper.pk, paper.control)
