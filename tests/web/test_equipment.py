"""Equipment and tests at the bedside, in the browser of the crew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from qafila.clinic.models import StripTest
from qafila.clinic.visits import acts as visits
from qafila.clinic.visits.acts import Reading
from qafila.clinic.visits.models import Observation, Visit
from qafila.journal.here import Here
from qafila.registry.equipment import acts as equipment
from qafila.registry.equipment.models import Instrument, InstrumentEvent
from qafila.registry.people import acts as people
from qafila.registry.people.details import NameParts
from qafila.registry.places.here import local_day
from tests.web.vehicle import Vehicle, fields, text, vehicle

BOX = {"lot": "B7", "expires": "05/2031"}


@pytest.fixture
def van(unit: Here) -> Iterator[Vehicle]:
    with vehicle(unit) as made:
        yield made


def arrives(van: Vehicle, sex: str = "female") -> Visit:
    person = people.register(van.crew["fatima"], van.unit, names=[NameParts("Latn", "Zineb")], sex=sex)
    return visits.open_visit(person, van.unit, van.crew["fatima"])


def test_an_instrument_from_the_inventory_to_the_reading(van: Vehicle) -> None:
    browser = van.at("rachid")
    typed = {"sort": "thermometer", "maker": "Acme", "model": "T3", "serial": "S-1", "since": "2025-01-02"}
    done = browser.post("/equipment/add/", typed, follow=True)
    assert "In the inventory" in text(done) and "Calibration or maintenance is over" in text(done)
    one = Instrument.objects.get()
    visit = arrives(van)
    reading = Reading("temperature", 38.2, source="device", device="Acme T3", serial="S-1", instrument=one.pk)
    visits.record_vitals(visit, van.crew["rachid"], [reading])
    record = text(browser.get(f"/nurse/record/{visit.pk}/"))
    assert "Acme T3" in record and "out of calibration since" in record
    assert "out of calibration since" in text(van.at("salma").get(f"/doctor/visit/{visit.pk}/"))
    # A calibration of today is no word about yesterday, but it is about today's reading.
    page = browser.get(f"/equipment/{one.pk}/")
    token = fields(page, 'name="note"') | {"act": "note", "what": "calibration", "day": local_day().isoformat()}
    assert "Written down" in text(browser.post(f"/equipment/{one.pk}/", token, follow=True))
    assert "out of calibration" not in text(browser.get(f"/nurse/record/{visit.pk}/"))


def test_faults_and_cleaning_on_the_page(van: Vehicle) -> None:
    browser = van.at("rachid")
    one = equipment.add(van.unit, van.crew["rachid"], "ecg", serial="E1")
    path = f"/equipment/{one.pk}/"
    assert browser.post(path, {"act": "fault", "note": ""}).status_code == 422
    assert "Must not be used" in text(
        browser.post(path, {"act": "fault", "note": "No paper", "usable": "no"}, follow=True)
    )
    fault = InstrumentEvent.objects.get()
    assert browser.post(path, {"act": "repair", "fault": "x", "note": "y"}).status_code == 422
    done = browser.post(path, {"act": "repair", "fault": fault.pk, "note": "Paper put in"}, follow=True)
    assert "Must not be used" not in text(done)
    assert "Cleaned" in text(browser.post(path, {"act": "clean"}, follow=True))
    assert browser.post(path, {"act": "note", "what": "calibration", "day": "soon"}).status_code == 422
    assert browser.post(path, {"act": "note", "what": "calibration", "day": "2099-01-01"}).status_code == 422
    assert browser.post(path, {"act": "explode"}).status_code == 404
    for form in ({"calibrate_days": "x"}, {"calibrate_days": "9999", "maintain_days": "1", "clean_days": "1"}):
        assert browser.post(path, {"act": "intervals", **form}).status_code == 422
    assert "Out of service" in text(browser.post(path, {"act": "retire", "note": "Stolen"}, follow=True))
    assert "No instrument is entered yet" in text(browser.get("/equipment/"))
    assert van.at("hind").get("/equipment/").status_code == 403


def test_a_cassette_is_one_tap(van: Vehicle) -> None:
    browser, visit = van.at("rachid"), arrives(van)
    path = f"/nurse/tests/{visit.pk}/malaria/"
    assert browser.post(path, {"malaria_test": "neg"}).status_code == 422
    ended = {"lot": "B7", "expires": (local_day() - timedelta(days=40)).isoformat()}
    answer = browser.post(path, ended | {"malaria_test": "neg"})
    assert answer.status_code == 422 and "take another one" in text(answer)
    assert browser.post(path, BOX).status_code == 422
    assert not StripTest.objects.exists()
    done = browser.post(path, BOX | {"malaria_test": "falciparum"}, follow=True)
    assert "positive: P. falciparum" in text(done) and "B7" in text(done)
    kept = Observation.objects.get()
    assert (kept.code, kept.loinc, kept.choice) == ("malaria_test", "70569-9", "falciparum")
    assert (kept.method, kept.serial) == ("strip:malaria", "B7")
    # The box in use is remembered; the record and the doctor's page show the result.
    assert 'value="B7"' in browser.get(path).content.decode()
    assert "positive: P. falciparum" in text(browser.get(f"/nurse/record/{visit.pk}/"))
    assert "positive: P. falciparum" in text(van.at("salma").get(f"/doctor/visit/{visit.pk}/"))
    assert browser.post(path, BOX | {"malaria_test": "nonsense"}).status_code == 422


def test_no_control_line_is_no_result(van: Vehicle) -> None:
    browser, visit = van.at("rachid"), arrives(van)
    done = browser.post(f"/nurse/tests/{visit.pk}/pregnancy/", BOX | {"control": "no"}, follow=True)
    assert "invalid: no control line" in text(done)
    assert not Observation.objects.exists() and not StripTest.objects.get().valid


def test_pads_and_meters(van: Vehicle) -> None:
    browser, visit = van.at("rachid"), arrives(van, "male")
    assert "Pregnancy test" not in text(browser.get(f"/nurse/tests/{visit.pk}/"))
    pads = BOX | {"urine_nitrite": "pos", "urine_protein": "2", "urine_ph": "٦٫٥", "urine_gravity": "1.020"}
    browser.post(f"/nurse/tests/{visit.pk}/urine/", pads)
    kept = {o.code: o for o in Observation.objects.all()}
    assert kept["urine_protein"].choice == "2" and float(kept["urine_ph"].number or 0) == 6.5
    assert float(kept["urine_gravity"].number or 0) == 1.02
    meter = f"/nurse/tests/{visit.pk}/haemoglobin/"
    assert "not possible" in text(browser.post(meter, BOX | {"haemoglobin": "135"}))
    browser.post(meter, BOX | {"haemoglobin": "135", "unit-haemoglobin": "g/L"})
    blood = Observation.objects.get(code="haemoglobin")
    assert (float(blood.number or 0), blood.unit, blood.entered, blood.entered_unit) == (13.5, "g/dL", "135", "g/L")
    browser.post(f"/nurse/tests/{visit.pk}/hba1c/", BOX | {"hba1c": "53", "unit-hba1c": "mmol/mol"})
    assert float(Observation.objects.get(code="hba1c").number or 0) == 7.0
    # Glucose is one of the vital signs: triage sees it, and what is unusual is asked about.
    sugar = f"/nurse/tests/{visit.pk}/glucose/"
    assert browser.post(sugar, BOX | {"glucose": "32"}).status_code == 422
    assert browser.post(sugar, BOX | {"glucose": "32", "sure": "yes"}).status_code == 302
    assert Observation.objects.get(code="glucose").confirmed
    assert browser.get(f"/nurse/tests/{visit.pk}/unknown/").status_code == 404
