"""From the record to paper and back: signed on a unit, printed, photographed at 150 dpi, read, verified offline."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from qafila.clinic.papers import keys, queries, trust
from qafila.clinic.papers.models import Act, IssuedPaper, Kind, PaperEvent
from qafila.clinic.papers.verify import Key, Outcome, by_key_id, verify
from qafila.clinic.prescribing import acts as prescribing
from qafila.clinic.prescribing.models import Prescription
from qafila.clinic.visits import acts as visits
from qafila.clinic.visits.corrections import mark_error
from qafila.clinic.visits.models import Visit
from qafila.journal.here import Here
from qafila.kernel import clock
from qafila.registry.people import acts as people
from qafila.registry.people.details import NameParts
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


@pytest.fixture
def prescription(van: Vehicle, visit: Visit) -> Prescription:
    items = [
        prescribing.Item("Paracétamol 500 mg comprimé", Decimal("1.5"), "tablet", "oral", Decimal(3), 5),
        prescribing.Item("Amoxicilline 500 mg gélule", Decimal(1), "capsule", "oral", Decimal(2), 7),
    ]
    made = prescribing.write_prescription(visit, van.crew["salma"], items, override_reason="vu")
    return prescribing.sign(made, van.crew["salma"])


def scanned(data: bytes, folder: Path, pages: int = 1) -> list[str]:
    """The codes on the first pages of a PDF as a scanner of 150 dpi sees them."""
    assert data.startswith(b"%PDF"), data[:200]
    for old in folder.glob("x-*.pgm"):
        old.unlink()
    (folder / "x.pdf").write_bytes(data)
    first = ["-f", "1", "-l", str(pages)]
    # Not packed: packing a page as a PNG takes ten times as long as drawing it.
    subprocess.run(["pdftoppm", "-r", "150", "-gray", *first, str(folder / "x.pdf"), str(folder / "x")], check=True)
    pictures = sorted(str(one) for one in folder.glob("x-*.pgm"))
    read = subprocess.run(["zbarimg", "-q", "--raw", *pictures], capture_output=True, text=True, check=False)
    return read.stdout.splitlines()


def own_keys() -> dict[bytes, Key]:
    """What a verifier without the node holds: the published list, read again."""
    return by_key_id(trust.read(trust.publish("H", keys.known(), keys.signer(), clock.now())).keys)


def test_a_printed_prescription_is_read_from_paper_and_verified(
    van: Vehicle, prescription: Prescription, tmp_path: Path
) -> None:
    page = van.at("salma").get(f"/prints/prescription/{prescription.pk}/")
    (code,) = scanned(page.content, tmp_path)
    found = verify(code, own_keys(), clock.now())
    paper = IssuedPaper.objects.get()
    assert found.outcome is Outcome.GENUINE
    assert found.claims is not None and found.claims.id == paper.pk and found.claims.node == "U1"
    assert found.claims.kind == "prescription" and found.claims.digest.hex() == paper.hash


def test_a_reprint_is_a_copy_of_the_same_paper(van: Vehicle, prescription: Prescription, tmp_path: Path) -> None:
    browser = van.at("salma")
    codes = [scanned(browser.get(f"/prints/prescription/{prescription.pk}/").content, tmp_path) for _ in range(2)]
    assert codes[0] == codes[1]
    told = subprocess.run(["pdftotext", str(tmp_path / "x.pdf"), "-"], capture_output=True, text=True, check=True)
    assert "copy 2" in told.stdout
    assert list(PaperEvent.objects.order_by("copy").values_list("act", "copy")) == [(Act.PRINTED, 1), (Act.PRINTED, 2)]


def test_a_paper_whose_facts_have_changed_is_another(van: Vehicle, visit: Visit) -> None:
    browser = van.at("salma")
    browser.get(f"/prints/visit/{visit.pk}/")
    visits.record_note(visit, "plan", "Repos", van.crew["salma"])
    browser.get(f"/prints/visit/{visit.pk}/")
    first, second = IssuedPaper.objects.order_by("at", "id")
    assert queries.standing(first).state is queries.State.REPLACED
    assert queries.standing(second).state is queries.State.ISSUED


def test_a_prescription_that_was_taken_back_is_told_to_whoever_asks(van: Vehicle, prescription: Prescription) -> None:
    van.at("salma").get(f"/prints/prescription/{prescription.pk}/")
    paper = IssuedPaper.objects.get(kind_of_paper=Kind.PRESCRIPTION)
    assert queries.by_code(paper.code.lower().replace("-", " "))[0].state is queries.State.ISSUED
    mark_error(prescription, van.crew["salma"], "wrong person")
    assert queries.by_code(paper.code)[0].state is queries.State.CANCELLED


def test_a_code_holds_only_so_long(van: Vehicle, prescription: Prescription) -> None:
    van.at("salma").get(f"/prints/prescription/{prescription.pk}/")
    token = IssuedPaper.objects.get().token
    assert verify(token, own_keys(), clock.now() + timedelta(days=91)).outcome is Outcome.EXPIRED
