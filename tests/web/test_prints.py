"""Printed pages: what stands on them, on which paper, and that nothing else can be fetched into them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import translation
from django.utils.translation import gettext

from qafila.clinic.prescribing import acts as prescribing
from qafila.clinic.prescribing.models import Prescription
from qafila.clinic.visits import acts as visits
from qafila.clinic.visits.acts import Reading
from qafila.clinic.visits.models import Visit
from qafila.journal.here import Here
from qafila.journal.models import Read
from qafila.registry.people import acts as people
from qafila.registry.people.details import NameParts
from qafila.registry.people.models import Person
from qafila.registry.staff.acts import set_language
from qafila.web.prints import drawing
from qafila.web.prints.render import direction, keep_together, pdf
from tests.web.vehicle import Vehicle, vehicle


@pytest.fixture
def van(unit: Here) -> Iterator[Vehicle]:
    with vehicle(unit) as made:
        yield made


@pytest.fixture
def visit(van: Vehicle) -> Visit:
    names = [NameParts("Latn", "Zineb", family="Alami"), NameParts("Arab", "زينب", family="العلمي")]
    person = people.register(van.crew["fatima"], van.unit, names=names)
    return visits.open_visit(person, van.unit, van.crew["fatima"], "Toux")


def words(data: bytes, folder: Path, tool: str = "pdftotext") -> str:
    """The text of a PDF, or what `pdfinfo` says of it."""
    assert data.startswith(b"%PDF")
    (folder / "x.pdf").write_bytes(data)
    command = [tool, str(folder / "x.pdf")] + (["-"] if tool == "pdftotext" else [])
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def signed(van: Vehicle, visit: Visit) -> Prescription:
    item = prescribing.Item("Paracétamol 500 mg", Decimal("1.5"), "tablet", "oral", Decimal(3), 5)
    made = prescribing.write_prescription(visit, van.crew["salma"], [item], override_reason="vu")
    return prescribing.sign(made, van.crew["salma"])


def test_a_prescription_says_the_dose_as_people_do(van: Vehicle, visit: Visit, tmp_path: Path) -> None:
    row = signed(van, visit)
    page = van.at("salma").get(f"/prints/prescription/{row.pk}/")
    told = words(page.content, tmp_path).replace("\N{NO-BREAK SPACE}", " ")
    for wanted in ("Zineb Alami", "Paracétamol 500 mg", "1.5 tablet", "3 times a day", "for 5 days", "Salma"):
        assert wanted in told
    assert "1 / 1" in told
    assert page["Cache-Control"] == "no-store"


def test_paper_is_a5_or_a4_and_a_card(van: Vehicle, visit: Visit, tmp_path: Path) -> None:
    browser = van.at("fatima")
    size = {}
    for name, address in (
        ("A5", f"/prints/visit/{visit.pk}/"),
        ("A4", f"/prints/visit/{visit.pk}/?paper=A4"),
        ("card", f"/prints/card/{visit.person_id}/"),
    ):
        told = words(browser.get(address).content, tmp_path, "pdfinfo")
        size[name] = next(line for line in told.splitlines() if line.startswith("Page size")).split()[2]
    assert [round(float(size[name])) for name in ("A5", "A4", "card")] == [420, 595, 243]


def test_a_visit_is_printed_with_its_own_readings(van: Vehicle, visit: Visit, tmp_path: Path) -> None:
    nurse, person = van.crew["rachid"], Person.objects.get(pk=visit.person_id)
    visits.record_vitals(visit, nurse, [Reading("weight", Decimal("61.5"), entered="61.5")])
    visits.left(visit, nurse)
    second = visits.open_visit(person, van.unit, van.crew["fatima"])
    visits.record_vitals(second, nurse, [Reading("weight", Decimal("70.5"), entered="70.5")])
    told = words(van.at("fatima").get(f"/prints/visit/{visit.pk}/").content, tmp_path)
    assert "61.5" in told and "70.5" not in told


def test_arabic_is_joined_and_read_from_the_right(van: Vehicle, visit: Visit, tmp_path: Path) -> None:
    set_language(van.crew["salma"], "ar", van.crew["salma"])
    visits.record_note(visit, "complaint", "Tousse depuis hier ?", van.crew["salma"])
    page = van.at("salma").get(f"/prints/visit/{visit.pk}/")
    words(page.content, tmp_path)
    boxes = subprocess.run(
        ["pdftotext", "-bbox", str(tmp_path / "x.pdf"), "-"], capture_output=True, text=True, check=True
    ).stdout
    starts = {word: float(at) for at, word in re.findall(r'xMin="([0-9.]+)".*?>([^<]+)</word>', boxes)}
    assert starts["depuis"] < starts["hier"] < starts["?"], "the question mark stands where French puts it"
    fonts = subprocess.run(["pdffonts", str(tmp_path / "x.pdf")], capture_output=True, text=True, check=True).stdout
    assert "Arabic" in fonts


def test_nothing_from_elsewhere_is_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("not for paper")
    for address in (secret.as_uri(), "http://127.0.0.1:9/x.png", "file:///etc/hostname"):
        made = pdf(f'<object data="{address}"></object><img src="{address}"><link rel=attachment href="{address}">')
        assert "not for paper" not in words(made, tmp_path)
        assert b"EmbeddedFile" not in made


def test_whoever_prints_a_record_is_noted(van: Vehicle, visit: Visit) -> None:
    van.at("salma").get(f"/prints/card/{visit.person_id}/")
    assert Read.objects.filter(patient=visit.person_id, page="print.card", actor=van.crew["salma"].pk).exists()


def test_a_page_of_nobody_is_not_found(van: Vehicle, visit: Visit) -> None:
    for kind in ("prescription", "answer", "transfer", "card", "visit"):
        assert van.at("salma").get(f"/prints/{kind}/{van.unit.pk}/").status_code == 404


@pytest.mark.parametrize(
    ("text", "found"), [("Bonjour", "ltr"), ("12 مرحبا", "rtl"), ("... 12", ""), ("(Aspirine) دواء", "ltr")]
)
def test_the_direction_of_a_text(text: str, found: str) -> None:
    assert direction(text) == found


@pytest.mark.parametrize("text", ["منذ 38.4 °C يومين", "50 mg/kg كل 8 h", "وزن 12.5\N{NO-BREAK SPACE}kg", "شبع 97 %"])
def test_a_number_stays_before_its_unit_in_arabic(text: str) -> None:
    kept = keep_together(text) or ""
    assert kept.count("\u2066") == kept.count("\u2069") >= 1
    assert kept.replace("\u2066", "").replace("\u2069", "") == text
    assert keep_together("Température 38.4 °C") == "Température 38.4 °C"


@pytest.mark.parametrize("killed", [True, False])
def test_a_printer_that_is_killed_or_too_slow_says_when_to_try_again(
    van: Vehicle, visit: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: bool
) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\n" + ("kill -9 $$\n" if killed else "exec tail -f /dev/null\n"))
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(drawing, "SECONDS", 0.1)
    drawing.end()
    row = signed(van, visit)
    for paper, language in (("A5", "fr"), ("strip", "ar")):
        set_language(van.crew["salma"], language, van.crew["salma"])
        page = van.at("salma").get(f"/prints/prescription/{row.pk}/?paper={paper}")
        assert page.status_code == 503 and page["Retry-After"] == "30"
        with translation.override(language):
            assert gettext("Not printed") in page.content.decode()
