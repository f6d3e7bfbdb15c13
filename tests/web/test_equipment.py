"""Equipment and tests at the bedside, in the browser of the crew."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest
from django.conf import settings

from bench.ports import free_port
from qafila.clinic.bedside import acts as bedside
from qafila.clinic.lab import acts as lab
from qafila.clinic.models import LabMessage, LabOrder, Nearby, Pairing, StripTest
from qafila.clinic.visits import acts as visits
from qafila.clinic.visits.acts import Reading
from qafila.clinic.visits.models import Observation, Visit
from qafila.devices.measurement import Measurement, Value
from qafila.journal.here import Here
from qafila.registry.equipment import acts as equipment
from qafila.registry.equipment.models import Instrument, InstrumentEvent
from qafila.registry.people import acts as people
from qafila.registry.people.details import NameParts
from qafila.registry.places.here import local_day
from qafila.web.opaque import shown
from tests.exchange.hl7.lines import oru
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


def test_a_reading_that_arrived_is_accepted_on_the_sheet(van: Vehicle) -> None:
    browser, visit = van.at("rachid"), arrives(van)
    old = equipment.add(van.unit, van.crew["rachid"], "thermometer", serial="S-1", since=local_day().replace(year=2024))
    path = f"/nurse/vitals/{visit.pk}/"
    assert "Readings of instruments" not in text(browser.get(path))
    facts = {"address": "F1", "device": "thermometer", "maker": "Acme", "model": "T3", "serial": "S-1"}
    paired = Pairing.objects.create(**facts, instrument=old.pk)
    warm = Value("temperature", Decimal("38.2"), "Cel", "38.2", "Cel")
    kept = bedside.receive(paired, Measurement((warm,), warns=("poor_signal",)))
    odd = bedside.receive(paired, Measurement((Value("temperature", Decimal("43.1"), "Cel", "43.1", "Cel"),)))
    assert kept is not None and odd is not None
    page = text(browser.get(path))
    assert "38.2" in page and "Acme T3" in page and "out of calibration since" in page and "poor signal" in page
    assert "38.2" in text(browser.get(f"{path}arrived/"))
    done = browser.post(f"{path}arrived/{shown(kept.pk)}/", {}, follow=True)
    assert "In the record: Temperature" in text(done)
    asked = browser.post(f"{path}arrived/{shown(odd.pk)}/", {}, follow=True)
    assert "is unusual" in text(asked) and "Yes, it is right" in text(asked)
    browser.post(f"{path}arrived/{shown(odd.pk)}/", {"dismiss": "yes"})
    one = Observation.objects.get()
    assert (one.source, one.device, one.serial, one.instrument_id) == ("device", "Acme T3", "S-1", old.pk)
    assert browser.post(f"{path}arrived/{shown(99999)}/", {}).status_code == 404


def test_what_nobody_doubts_is_accepted_with_one_tap(van: Vehicle) -> None:
    browser, visit = van.at("rachid"), arrives(van)
    sent: dict[str, list[tuple[str, str, str]]] = {
        "thermometer": [("temperature", "38.2", "Cel")], "weight_scale": [("weight", "68.4", "kg")],
        "oximeter": [("spo2", "97", "%"), ("pulse", "80", "/min")],
    }  # fmt: skip
    for device, values in sent.items():
        paired = Pairing.objects.create(address=device, device=device)
        found = tuple(Value(key, Decimal(n), unit, n, unit) for key, n, unit in values)
        bedside.receive(paired, Measurement(found, warns=("weak_signal",) if device == "oximeter" else ()))
    page = browser.get(f"/nurse/vitals/{visit.pk}/")
    assert "Accept 2 readings together" in text(page), "the oximeter remarks something: it is looked at by itself"
    every = re.findall(r'name="every" value="([0-9a-f]{32})"', page.content.decode())
    path = re.search(r'action="(/nurse/vitals/[^"]*/arrived/[0-9a-f]{32}/)" class="a-every"', page.content.decode())
    assert path is not None and len(every) == 2
    done = browser.post(path[1], {"every": [*every, shown(99999)]}, follow=True)
    assert "In the record: Weight, Temperature" in text(done) and "Accept 2" not in text(done)
    assert {(o.code, o.source) for o in Observation.objects.all()} == {("temperature", "device"), ("weight", "device")}
    assert browser.post(path[1], {"every": every}).status_code == 302 and Observation.objects.count() == 2


def test_pairing_and_a_machine_without_bluetooth(van: Vehicle) -> None:
    browser = van.at("rachid")
    page = browser.get("/equipment/bluetooth/")
    assert "This machine has no Bluetooth" in text(page)
    assert "Searching for 20 seconds" in text(browser.post("/equipment/bluetooth/", {"act": "search"}, follow=True))
    near = Nearby.objects.create(address="F1", device="oximeter", name="Finger")
    done = browser.post("/equipment/bluetooth/", {"act": "pair", "of": near.pk}, follow=True)
    assert "appear on the sheet of vitals" in text(done) and Pairing.objects.get().device == "oximeter"
    browser.post("/equipment/bluetooth/", {"act": "unpair", "of": Pairing.objects.get().pk})
    assert not Pairing.objects.get().active
    assert "Search again" in text(browser.post("/equipment/bluetooth/", {"act": "pair", "of": "x"}, follow=True))
    assert browser.post("/equipment/bluetooth/", {"act": "dance"}).status_code == 404


def test_results_that_wait_are_matched_by_hand(van: Vehicle) -> None:
    browser, visit = van.at("rachid"), arrives(van)
    for control in ("1", "2"):
        row, _new = lab.keep("COUNT|LAB", control, oru(control, "").encode(), "count")
        LabMessage.objects.filter(pk=row.pk).update(state="unmatched", why="no_person")
    first, second = LabMessage.objects.order_by("pk")
    page = text(browser.get("/nurse/lab/"))
    assert "It names nobody" in page and "Zineb Benali" in page and "13.5" in page
    assert "Choose whose results" in text(browser.post(f"/nurse/lab/{shown(first.pk)}/", {"visit": "x"}, follow=True))
    done = browser.post(f"/nurse/lab/{shown(first.pk)}/", {"visit": visit.pk}, follow=True)
    assert "In the record: Haemoglobin" in text(done)
    assert "dealt" not in text(browser.post(f"/nurse/lab/{shown(second.pk)}/", {"dismiss": "yes"}, follow=True))
    assert "Nothing waits" in text(browser.get("/nurse/lab/"))
    assert "Haemoglobin" in text(browser.get(f"/nurse/record/{visit.pk}/"))
    assert van.at("fatima").get("/nurse/lab/").status_code == 403


def test_an_order_that_the_analyser_does_not_take_stays(van: Vehicle) -> None:
    browser, visit = van.at("rachid"), arrives(van)
    path = f"/nurse/lab/order/{visit.pk}/"
    assert browser.get(path).status_code == 404
    port = free_port()
    directory = cast("Path", van.here.directory)
    peer = f'[hl7]\n[[hl7.peer]]\nname = "count"\naddress = "127.0.0.1"\norders = "127.0.0.1:{port}"\n'
    (directory / "node.toml").write_text((directory / "node.toml").read_text() + peer)
    settings.DIRECTORY.__dict__.pop("facts", None)
    assert "Ask the analyser" in text(browser.get(f"/nurse/tests/{visit.pk}/"))
    assert browser.post(path, {}).status_code == 422
    done = browser.post(path, {"analyte": ["haemoglobin", "crp"]}, follow=True)
    asked = LabOrder.objects.get()
    assert asked.analytes == ["haemoglobin", "crp"] and f"Type number {asked.number}" in text(done)
