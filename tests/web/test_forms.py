"""Forms printed in advance, and what was written on them by hand entered later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import timezone

from qafila.clinic.papers import acts, keys, numbers, queries
from qafila.clinic.papers.models import IssuedPaper, Kind, PaperPad
from qafila.clinic.papers.queries import State
from qafila.clinic.papers.verify import by_key_id, verify
from qafila.clinic.prescribing import acts as prescribing
from qafila.clinic.prescribing.models import Prescription
from qafila.clinic.refusal import Refusal
from qafila.clinic.visits import acts as visits
from qafila.journal.here import Here, at
from qafila.kernel import clock
from qafila.registry.people import acts as people
from qafila.registry.people.details import NameParts
from tests.web.test_signed_prints import scanned
from tests.web.vehicle import Vehicle, text, vehicle


@pytest.fixture
def van(unit: Here) -> Iterator[Vehicle]:
    with vehicle(unit) as made:
        yield made


@pytest.fixture
def prescription(van: Vehicle) -> Prescription:
    person = people.register(van.crew["fatima"], van.unit, names=[NameParts("Latn", "Zineb", family="Alami")])
    visit = visits.open_visit(person, van.unit, van.crew["fatima"], "Toux")
    item = prescribing.Item("Amoxicilline 500 mg gélule", Decimal(1), "capsule", "oral", Decimal(2), 7)
    row = prescribing.write_prescription(visit, van.crew["salma"], [item], override_reason="vu")
    return prescribing.sign(row, van.crew["salma"])


def test_a_pad_is_printed_with_a_code_on_each_sheet(van: Vehicle, tmp_path: Path) -> None:
    browser = van.at("salma")
    page = browser.post("/prints/forms/", {"kind": "form_rx", "count": "3", "paper": "A5", "lang": "both"})
    pad = PaperPad.objects.get()
    (code,) = scanned(page.content, tmp_path)
    found = verify(code, by_key_id(keys.known()), clock.now())
    first = numbers.written("U1", pad.first)
    assert found.genuine and found.claims is not None and found.claims.number == first
    assert page.content.count(b"/Type /Page\n") in (0, 3)
    assert queries.by_code(first)[0].state is State.BLANK
    assert queries.by_code(numbers.written("U1", pad.first + 3))[0].state is State.UNKNOWN
    assert first in text(browser.get("/prints/forms/"))


@pytest.mark.parametrize(
    ("kind", "count"), [("form_rx", "0"), ("form_rx", "51"), ("form_rx", "x"), ("card", "5"), ("", "5")]
)
def test_no_other_pads(van: Vehicle, kind: str, count: str) -> None:
    assert van.at("salma").post("/prints/forms/", {"kind": kind, "count": count}).status_code == 422
    assert not PaperPad.objects.exists()


def test_pads_never_share_a_number_even_between_nodes(van: Vehicle) -> None:
    first, second = (acts.reserve(Kind.FORM_PRESCRIPTION, 50, van.crew["salma"]) for _ in range(2))
    assert second.first == first.first + 50
    with at(Here("U2", "unit", directory=van.here.directory)):
        other = acts.reserve(Kind.FORM_PRESCRIPTION, 50, van.crew["salma"])
    mine = {numbers.written("U1", first.first + n) for n in range(100)}
    assert mine.isdisjoint(numbers.written("U2", other.first + n) for n in range(50))


def test_what_was_written_by_hand_keeps_its_number_and_the_time_of_care(
    van: Vehicle, prescription: Prescription
) -> None:
    pad = acts.reserve(Kind.FORM_PRESCRIPTION, 5, van.crew["salma"])
    number, care = numbers.written("U1", pad.first + 2), timezone.localtime(clock.now())
    address = f"/prints/prescription/{prescription.pk}/enter/"
    said = {"number": number.lower(), "care_at": care.strftime("%Y-%m-%dT%H:%M:%S")}
    page = van.at("salma").post(address, said, follow=True)
    assert "time of care are kept" in text(page)
    paper = IssuedPaper.objects.get()
    assert paper.code == number and abs(paper.at - care) < timedelta(seconds=2)
    assert queries.by_code(number)[0].state is State.ISSUED
    assert queries.by_id(numbers.form_id("U1", pad.first + 2)).paper == paper
    again = van.at("salma").post(address, said, follow=True)
    assert "has been entered already" in text(again) and IssuedPaper.objects.count() == 1


def test_a_reprint_names_the_form(van: Vehicle, prescription: Prescription, tmp_path: Path) -> None:
    pad = acts.reserve(Kind.FORM_PRESCRIPTION, 1, van.crew["salma"])
    number = numbers.written("U1", pad.first)
    acts.enter(number, Kind.PRESCRIPTION, prescription.person_id, prescription.pk, [], van.crew["salma"], clock.now())
    from tests.web.test_prints import words

    assert number in words(van.at("salma").get(f"/prints/prescription/{prescription.pk}/").content, tmp_path)


def test_numbers_that_cannot_be_are_refused(van: Vehicle, prescription: Prescription) -> None:
    pad = acts.reserve(Kind.FORM_TRANSFER, 1, van.crew["salma"])
    good, doctor, now = numbers.written("U1", pad.first), van.crew["salma"], clock.now()

    def entered(number: str, when: object = now) -> str:
        with pytest.raises(Refusal) as refused:
            acts.enter(number, Kind.PRESCRIPTION, prescription.person_id, prescription.pk, [], doctor, when)  # type: ignore[arg-type]
        return str(refused.value.message.text)

    assert entered("nonsense") == acts.NOT_A_NUMBER
    assert entered(numbers.written("U1", pad.first + 1)) == acts.NOT_PRINTED
    assert entered(good) == acts.OTHER_FORM
    rx = numbers.written("U1", acts.reserve(Kind.FORM_PRESCRIPTION, 1, doctor).first)
    assert entered(rx, now + timedelta(hours=1)) == acts.LATER
    assert entered(rx, now - timedelta(hours=1)) == acts.EARLIER


def test_a_paper_is_cancelled_and_dispensed_on_its_page(van: Vehicle, prescription: Prescription) -> None:
    browser = van.at("salma")
    browser.get(f"/prints/prescription/{prescription.pk}/")
    paper = IssuedPaper.objects.get()
    address = f"/prints/prescription/{prescription.pk}/papers/"
    assert paper.code in text(browser.get(address))
    assert "Noted as dispensed" in text(browser.post(f"/prints/papers/{paper.pk}/use/", follow=True))
    assert "Write a reason" in text(browser.post(f"/prints/papers/{paper.pk}/cancel/", {"reason": " "}, follow=True))
    assert "is told" in text(
        browser.post(f"/prints/papers/{paper.pk}/cancel/", {"reason": "wrong person"}, follow=True)
    )
    assert queries.standing(paper).state is State.CANCELLED
    browser.get(f"/prints/prescription/{prescription.pk}/")
    assert IssuedPaper.objects.count() == 2, "what is printed after that is another paper"
    assert browser.get(f"/prints/nothing/{prescription.pk}/papers/").status_code == 404
