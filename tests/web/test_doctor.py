"""The doctor's pages: consultation, prescription, a case from its first word to its outcome; printed pages."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pydicom.data
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from qafila.clinic.cases import acts as cases
from qafila.clinic.cases.models import Answer, Case
from qafila.clinic.prescribing.models import Prescription, PrescriptionItem
from qafila.clinic.visits import acts as visits
from qafila.clinic.visits.models import Condition, Note, Visit
from qafila.journal.here import Here
from qafila.journal.write import writing
from qafila.registry.people import acts as people
from qafila.registry.people.details import NameParts
from qafila.registry.people.models import Person
from tests.web.vehicle import Vehicle, text, vehicle


@pytest.fixture
def van(unit: Here) -> Iterator[Vehicle]:
    with vehicle(unit) as made:
        yield made


@pytest.fixture
def visit(van: Vehicle) -> Visit:
    person = people.register(van.crew["fatima"], van.unit, names=[NameParts("Latn", "Zineb", family="Alami")])
    return visits.open_visit(person, van.unit, van.crew["fatima"])


def test_a_consultation_is_written_and_finished(van: Vehicle, visit: Visit) -> None:
    browser = van.at("salma")
    browser.post(f"/doctor/visit/{visit.pk}/start/")
    page = browser.post(
        f"/doctor/visit/{visit.pk}/", {"complaint": "Palpitations", "exam": "Pouls régulier"}, follow=True
    )
    assert "Palpitations" in page.content.decode()
    assert set(Note.objects.values_list("kind_of_note", flat=True)) == {"complaint", "exam"}
    found = browser.post("/doctor/diagnoses/", {"q": "I48"}, headers={"HX-Request": "true"})
    assert 'value="I48' in found.content.decode()
    browser.post(f"/doctor/visit/{visit.pk}/diagnoses/", {"code": "I48", "certainty": "provisional"})
    assert Condition.objects.get().code == "I48"
    browser.post(f"/doctor/visit/{visit.pk}/finish/")
    assert Visit.objects.get().status == "done"


def test_the_same_form_sent_twice_writes_once(van: Vehicle, visit: Visit) -> None:
    browser = van.at("salma")
    for _ in range(2):
        sent = browser.post(
            f"/doctor/visit/{visit.pk}/diagnoses/", {"code": "I10", "certainty": "confirmed", "once": "abc"}
        )
        assert sent.status_code == 302
    assert Condition.objects.count() == 1


def test_pages_cost_the_same_however_much_is_recorded(van: Vehicle, visit: Visit) -> None:
    browser = van.at("salma")
    with CaptureQueriesContext(
        connection,
    ) as few:
        browser.get(f"/doctor/visit/{visit.pk}/")
    for _ in range(8):
        person = people.register(van.crew["fatima"], van.unit, names=[NameParts("Latn", "Autre")])
        visits.open_visit(person, van.unit, van.crew["fatima"])
    for number in range(12):
        visits.record_note(visit, "complaint", f"mot {number}", van.crew["salma"])
    with CaptureQueriesContext(connection) as many:
        browser.get(f"/doctor/visit/{visit.pk}/")
    assert len(many) <= len(few) <= 45
    with CaptureQueriesContext(connection) as queue:
        browser.get("/doctor/")
    assert len(queue) <= 30


def test_a_letter_in_a_dose_is_told_and_nothing_written(van: Vehicle, visit: Visit) -> None:
    browser = van.at("salma")
    typed = {"words-0": "Paracétamol 500 mg", "dose-0": "1a", "dose_unit-0": "tablet", "route-0": "oral",
             "per_day-0": "3", "days-0": "5"}  # fmt: skip
    page = browser.post(f"/doctor/visit/{visit.pk}/prescription/", typed)
    assert page.status_code == 422 and "1a" in page.content.decode()
    assert not Prescription.objects.exists()


def prescribe(van: Vehicle, visit: Visit) -> Prescription:
    typed = {"words-0": "Paracétamol 500 mg", "dose-0": "٢", "dose_unit-0": "tablet", "route-0": "oral",
             "per_day-0": "3", "days-0": "5", "override_reason": "Vu avec la patiente"}  # fmt: skip
    sent = van.at("salma").post(f"/doctor/visit/{visit.pk}/prescription/", typed)
    assert sent.status_code == 302, text(sent)
    return Prescription.objects.get()


def test_a_prescription_is_signed_and_printed(van: Vehicle, visit: Visit, tmp_path: Path) -> None:
    row = prescribe(van, visit)
    assert row.signed_at and PrescriptionItem.objects.get().dose == 2
    page = van.at("salma").get(f"/prints/prescription/{row.pk}/")
    assert page["Content-Type"] == "application/pdf"
    (tmp_path / "p.pdf").write_bytes(page.content)
    words = subprocess.run(["pdftotext", str(tmp_path / "p.pdf"), "-"], capture_output=True, text=True, check=True)
    assert "Zineb Alami" in words.stdout and "Paracétamol 500 mg" in words.stdout
    with writing(None, "test.unsign") as write:
        row = Prescription.objects.get()
        row.signed_at = None
        write.save(row)
    assert van.at("salma").get(f"/prints/prescription/{row.pk}/").status_code == 409


def test_an_emergency_says_what_to_do_and_prints_a_transfer_sheet(van: Vehicle, visit: Visit) -> None:
    browser = van.at("salma")
    visits.record_note(visit, "complaint", "Douleur thoracique", van.crew["salma"])
    browser.post(f"/doctor/visit/{visit.pk}/refer/cardiology/")
    case = Case.objects.get()
    packet = {"question": "Transférer ?", "urgency": "emergency", "chest_pain": "true"}
    assert browser.post(f"/doctor/case/{case.pk}/packet/", packet | {"done": "yes"}).status_code == 302
    browser.post(f"/doctor/case/{case.pk}/consent/", {"decision": "emergency", "reason": "inconsciente"})
    page = browser.post(f"/doctor/case/{case.pk}/send/", {"incomplete_reason": "pas le temps"}, follow=True)
    assert Case.objects.get().status == "sent"
    assert 'href="tel:' in page.content.decode()
    assert browser.get(f"/prints/transfer/{case.pk}/").content.startswith(b"%PDF")
    browser.post(f"/doctor/case/{case.pk}/act/transfer/", {"words": "Ambulance partie à 10 h"})
    assert "Ambulance partie" in text(browser.get(f"/doctor/case/{case.pk}/"))


def test_what_lacks_is_listed_and_the_case_stays(van: Vehicle, visit: Visit) -> None:
    browser = van.at("salma")
    browser.post(f"/doctor/visit/{visit.pk}/refer/cardiology/")
    case = Case.objects.get()
    page = browser.post(f"/doctor/case/{case.pk}/send/", follow=True)
    assert Case.objects.get().status == "draft"
    assert "Still missing" in text(page)
    wrong = browser.post(f"/doctor/case/{case.pk}/packet/", {"duration": "x", "onset_days": "x", "urgency": "routine"})
    assert wrong.status_code in (302, 422)


def test_an_ecg_is_kept_and_a_false_dicom_is_refused(van: Vehicle, visit: Visit) -> None:
    browser = van.at("salma")
    ecg = Path(pydicom.data.get_testdata_file("waveform_ecg.dcm", download=False) or "").read_bytes()
    good = browser.post(f"/nurse/record/{visit.pk}/files/", {"file": SimpleUploadedFile("e.dcm", ecg)})
    assert good.status_code == 302
    bad = browser.post(f"/nurse/record/{visit.pk}/files/", {"file": SimpleUploadedFile("x.dcm", b"not one" * 99)})
    assert bad.status_code == 422
    assert "ECG" in text(browser.get(f"/doctor/visit/{visit.pk}/"))


def test_an_answer_is_explained_printed_and_the_case_closed(van: Vehicle, visit: Visit) -> None:
    browser, doctor = van.at("salma"), van.crew["salma"]
    case = cases.draft_case(visit, "cardiology", doctor)
    with writing(None, "test.answered") as write:
        row = Case.objects.get(pk=case.pk)
        row.status = "answered"
        write.save(row)
        answer = write.save(Answer(person_id=case.person_id, case=row, author=doctor, diagnosis="Fibrillation",
                                   certainty="confirmed", plan="Anticoagulant"))  # fmt: skip
    cases.deliver(row)
    assert "Fibrillation" in text(browser.get(f"/doctor/case/{case.pk}/"))
    assert browser.get(f"/prints/answer/{answer.pk}/").content.startswith(b"%PDF")
    assert browser.get(f"/prints/visit/{visit.pk}/").content.startswith(b"%PDF")
    browser.post(f"/doctor/case/{case.pk}/act/explain/", {"note": "en darija"})
    refused = browser.post(f"/doctor/case/{case.pk}/act/close/", {"outcome": "no_such"})
    assert refused.status_code == 422
    browser.post(f"/doctor/case/{case.pk}/act/close/", {"outcome": "treated_here"})
    assert Case.objects.get().status == "closed"
    assert Person.objects.count() == 1
