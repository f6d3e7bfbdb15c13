"""Prescribing and the stock as the crew meets them: two taps to a usual dose, findings beside a line, dispensing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from qafila.clinic.cases import acts as cases
from qafila.clinic.cases.models import Answer
from qafila.clinic.papers import queries as papers
from qafila.clinic.papers.models import Kind
from qafila.clinic.prescribing import acts as prescribing
from qafila.clinic.prescribing.models import Prescription, PrescriptionItem
from qafila.clinic.visits import acts as visits
from qafila.clinic.visits.models import Observation, Visit
from qafila.journal.here import Here
from qafila.journal.write import writing
from qafila.registry.people import acts as people
from qafila.registry.people.details import NameParts
from qafila.registry.places.here import local_day
from qafila.registry.stock import acts as stock
from qafila.registry.stock import queries
from qafila.registry.stock.models import Lot, Shipment, StockMove
from qafila.registry.units.acts import create_unit
from qafila.web.doctor.medicines import products
from qafila.web.stock.words import last_day
from tests.web.vehicle import PASSWORD, Vehicle, text, vehicle

AMOXICILLIN = ("amoxicillin", "capsule", "500 mg")


@pytest.fixture
def van(unit: Here) -> Iterator[Vehicle]:
    with vehicle(unit) as made:
        yield made


@pytest.fixture
def visit(van: Vehicle) -> Visit:
    person = people.register(van.crew["fatima"], van.unit, names=[NameParts("Latn", "Zineb", family="Alami")])
    return visits.open_visit(person, van.unit, van.crew["fatima"])


def row(n: int = 0, **changed: str) -> dict[str, str]:
    """A row as the page sends it."""
    values = {"words": "Amoxicillin 500 mg capsule", "dose": "1", "dose_unit": "capsule", "route": "oral",
              "per_day": "3", "days": "7"} | changed  # fmt: skip
    return {f"{name}-{n}": value for name, value in values.items()} | {"secret": PASSWORD}


def received(van: Vehicle, quantity: int = 30, number: str = "A1", days: int = 200, product: Any = AMOXICILLIN) -> Lot:
    ends = local_day() + timedelta(days=days)
    return stock.receive(van.unit, van.crew["rachid"], product, number, ends, quantity).lot


# --- prescribing --------------------------------------------------------------------------


def test_arabic_digits_and_names_make_a_structured_line(van: Vehicle, visit: Visit) -> None:
    address = f"/doctor/visit/{visit.pk}/prescription/"
    sent = van.at("salma").post(address, row(dose="٢", per_day="۳", days="٧"))
    assert sent.status_code == 302
    item = PrescriptionItem.objects.get()
    assert (item.medicine, item.form, item.strength, item.dose, item.per_day, item.days) == (
        "amoxicillin", "capsule", "500 mg", 2, 3, 7
    )  # fmt: skip


def test_arabic_words_keep_the_strength_in_order_and_are_read_back(van: Vehicle, visit: Visit) -> None:
    words = next(p.words for p in products("ar") if (p.code, p.strength) == ("amoxicillin", "250 mg/5 mL"))
    assert "\u2066250 mg/5 mL\u2069" in words
    address = f"/doctor/visit/{visit.pk}/prescription/"
    sent = van.at("salma").post(address, row(words=words, dose="10", dose_unit="mL"))
    assert sent.status_code == 302
    item = PrescriptionItem.objects.get()
    assert (item.medicine, item.form) == ("amoxicillin", "oral_liquid") and "\u2066" not in item.words


def test_milligrams_of_a_syrup_are_refused_and_millilitres_offered(van: Vehicle, visit: Visit) -> None:
    browser, address = van.at("salma"), f"/doctor/visit/{visit.pk}/prescription/"
    syrup = row(words="Amoxicillin 250 mg/5 mL oral liquid", dose="500", dose_unit="mg")
    page = browser.post(address, syrup)
    assert page.status_code == 422 and "10 mL" in text(page) and not Prescription.objects.exists()
    helped = browser.post(address, syrup | {"offer": "0"})
    assert helped.status_code == 200 and 'name="dose-0" value="10"' in helped.content.decode()
    assert not Prescription.objects.exists()


def test_what_is_not_known_is_filled_in_on_the_page_and_a_usual_course_in_two_taps(van: Vehicle, visit: Visit) -> None:
    browser, address = van.at("salma"), f"/doctor/visit/{visit.pk}/prescription/"
    page = text(browser.get(address))
    assert "Not asked yet" in page and "Age and weight have to be known first" in page
    browser.post(f"{address}ask/", {"pregnant": "no", "lactating": "no", "weight": "٧٠", "creatinine": "88"})
    assert set(Observation.objects.values_list("code", flat=True)) == {"pregnant", "lactating", "weight", "creatinine"}
    chosen = browser.post(address, {"usual": "amoxicillin:0"})
    assert chosen.status_code == 200 and not Prescription.objects.exists()


def test_findings_stand_beside_their_line_and_what_was_not_checked_below(van: Vehicle, visit: Visit) -> None:
    visits.state_allergy(visit, van.crew["rachid"], "Pénicilline", "urticaire")
    browser = van.at("salma")
    page = browser.post(f"/doctor/visit/{visit.pk}/prescription/check/", row(n=1))
    said = page.content.decode()
    assert 'id="f1" role="alert"' in said and "penicillins" in said and "Not checked:" in said
    assert "It was not asked which medicines" in text(page)


def test_what_a_specialist_proposed_is_completed_and_adopted(van: Vehicle, visit: Visit) -> None:
    case = cases.draft_case(visit, "cardiology", van.crew["salma"])
    with writing(None, "test.answered") as write:
        told = {"diagnosis": "HTA", "certainty": "probable", "plan": "Traiter"}
        answer = write.save(
            Answer(person_id=visit.person_id, case=case, author=van.crew["hind"],
                   proposal=[{"words": "Amlodipine 5 mg tablet"}], **told)
        )  # fmt: skip
    browser, address = van.at("salma"), f"/doctor/visit/{visit.pk}/prescription/adopt/{answer.pk}/"
    assert address in text(browser.get(f"/doctor/visit/{visit.pk}/"))
    page = text(browser.get(address))
    assert "Proposed by Hind" in page and 'value="Amlodipine 5 mg tablet"' in page
    typed = row(words="Amlodipine 5 mg tablet", dose_unit="tablet", per_day="1", days="30")
    assert browser.post(address, typed).status_code == 302
    made = Prescription.objects.get()
    assert made.answer_id == answer.pk and made.case_id == case.pk and made.signed_at
    assert address not in text(browser.get(f"/doctor/visit/{visit.pk}/"))


# --- stock --------------------------------------------------------------------------------


def test_a_prescription_is_given_out_from_the_lot_that_ends_first(van: Vehicle, visit: Visit) -> None:
    late, soon = received(van, 30, "LATE", 300), received(van, 10, "SOON", 20)
    assert van.at("salma").post(f"/doctor/visit/{visit.pk}/prescription/", row()).status_code == 302
    paper, item = Prescription.objects.get(), PrescriptionItem.objects.get()
    nurse = van.at("rachid")
    assert "Zineb" in text(nurse.get("/stock/"))
    page = text(nurse.get(f"/stock/prescription/{paper.pk}/"))
    assert page.index("SOON") < page.index("LATE")
    assert van.at("salma").get(f"/prints/prescription/{paper.pk}/").status_code == 200
    given = {"item": item.pk.hex, "lot": soon.pk.hex, "quantity": "10"}
    assert nurse.post(f"/stock/prescription/{paper.pk}/", given).status_code == 302
    asked = nurse.post(f"/stock/prescription/{paper.pk}/", given | {"quantity": "5"})
    assert asked.status_code == 422 and queries.balance_of(soon) == 0
    nurse.post(f"/stock/prescription/{paper.pk}/", given | {"lot": late.pk.hex, "quantity": "١١"})
    assert queries.dispensed([item.pk]) == {item.pk: 21} and queries.balance_of(late) == 19
    (printed,) = papers.in_force(Kind.PRESCRIPTION, paper.pk)
    assert papers.standing(printed).state is papers.State.USED
    more = nurse.post(f"/stock/prescription/{paper.pk}/", given | {"lot": late.pk.hex, "quantity": "1"})
    assert more.status_code == 422 and "21 were prescribed" in text(more)


def test_nothing_is_given_out_of_what_is_not_signed_or_of_another_product(van: Vehicle, visit: Visit) -> None:
    paper = prescribing.write_prescription(
        visit, van.crew["salma"],
        [prescribing.Item("Amoxicillin 500 mg", 1, "capsule", "oral", 3, 7, "amoxicillin", "", "capsule", "500 mg")],  # type: ignore[arg-type]
    )  # fmt: skip
    nurse = van.at("rachid")
    assert nurse.get(f"/stock/prescription/{paper.pk}/").status_code == 404
    prescribing.sign(paper, van.crew["salma"])
    other = received(van, product=("ibuprofen", "tablet", "400 mg"))
    wrong = {"item": PrescriptionItem.objects.get().pk.hex, "lot": other.pk.hex, "quantity": "1"}
    assert nurse.post(f"/stock/prescription/{paper.pk}/", wrong).status_code == 422
    assert queries.balance_of(other) == 30


def test_receiving_says_what_is_wrong_and_refuses_what_has_ended(van: Vehicle) -> None:
    browser = van.at("fatima")
    page = browser.post("/stock/receive/", {"product": "nothing", "expires": "soon", "quantity": "-3"})
    assert page.status_code == 422 and "Choose a product" in text(page) and "05/2027" in text(page)
    good = {"product": "amoxicillin|capsule|500 mg", "number": "L7", "expires": "31/12/2020", "quantity": "100"}
    assert "not taken into the stock" in text(browser.post("/stock/receive/", good))
    good["expires"] = f"۱۲/{local_day().year + 1}"
    assert browser.post("/stock/receive/", good).status_code == 302
    assert Lot.objects.get().expires.day == 31 and StockMove.objects.get().quantity == 100


def test_a_count_session_asks_why_before_it_writes(van: Vehicle) -> None:
    one, two = received(van, 30, "A1"), received(van, 12, "B2")
    browser = van.at("rachid")
    typed = {f"n-{one.pk.hex}": "30", f"n-{two.pk.hex}": "11"}
    asked = browser.post("/stock/count/", typed)
    assert asked.status_code == 422 and "the stock says 12" in text(asked) and StockMove.objects.count() == 2
    assert browser.post("/stock/count/", typed | {"reason": "one broken"}).status_code == 302
    assert [queries.balance_of(x) for x in (one, two)] == [30, 11]
    assert browser.post("/stock/count/", {f"n-{one.pk.hex}": "x"}).status_code == 422


def test_a_lot_is_sent_and_the_other_end_confirms(van: Vehicle) -> None:
    held, other = received(van), create_unit(None, "U2", "Unit two")
    browser = van.at("rachid")
    assert browser.post(f"/stock/lot/{held.pk}/", {"act": "waste", "quantity": "2", "reason": ""}).status_code == 422
    browser.post(f"/stock/lot/{held.pk}/", {"act": "send", "quantity": "20", "to": str(other.pk)})
    sent = Shipment.objects.get()
    assert "Unit two" in text(browser.get("/stock/"))
    browser.post(f"/stock/shipment/{sent.pk}/", {"quantity": "20"})
    assert queries.balance_of(held) == 30 and StockMove.objects.filter(move="back").count() == 1


def test_the_list_costs_the_same_however_many_lots_there_are(van: Vehicle) -> None:
    browser = van.at("rachid")
    received(van)
    with CaptureQueriesContext(connection) as few:
        browser.get("/stock/")
    for n in range(8):
        received(van, 5, f"X{n}")
    with CaptureQueriesContext(connection) as many:
        browser.get("/stock/")
    assert len(many) <= len(few)
    for address in ("/stock/order/", "/stock/moves/", "/stock/count/", "/stock/receive/"):
        assert browser.get(address).status_code == 200
    assert van.at("hind").get("/stock/").status_code == 403


@pytest.mark.parametrize(
    ("typed", "day"),
    [("05/2027", "2027-05-31"), ("2/2028", "2028-02-29"), ("2027-12", "2027-12-31"), ("31/05/2027", "2027-05-31"),
     ("٠٥/٢٠٢٧", "2027-05-31"), ("2027-05-09", "2027-05-09"), ("31/02/2027", ""), ("13/2027", ""), ("soon", "")],
)  # fmt: skip
def test_the_day_on_the_box(typed: str, day: str) -> None:
    found = last_day(typed)
    assert (found.isoformat() if found else "") == day
