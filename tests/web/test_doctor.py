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
from django.urls import reverse

from qafila.clinic.cases import acts as cases
from qafila.clinic.cases.models import Answer, Case
from qafila.clinic.prescribing.models import Prescription, PrescriptionItem
from qafila.clinic.visits import acts as visits
from qafila.clinic.visits.models import Attachment, Condition, Note, Visit
from qafila.journal.here import Here
from qafila.journal.models import Record
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.registry.people import acts as people
from qafila.registry.people.details import NameParts
from qafila.registry.people.models import Person
from qafila.registry.staff.acts import set_language
from qafila.registry.staff.models import Pin
from qafila.registry.units.acts import create_unit
from qafila.web import login as doors
from tests.web.vehicle import Vehicle, text, vehicle

PIN = "204817"


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
    address, browser = f"/doctor/visit/{visit.pk}/prescription/", van.at("salma")
    doors.set_pin(van.crew["salma"], PIN)
    for number, wrong in enumerate(("", "000111", "not-the-password")):
        refused = browser.post(address, typed | {"secret": wrong, "once": f"try-{number}"})
        assert refused.status_code == 422 and "Not signed" in text(refused) and not Prescription.objects.exists()
    assert Pin.objects.get().failures == 1, "a wrong PIN counts, although nothing else of the form is kept"
    assert browser.post(address, typed | {"secret": PIN}).status_code == 302
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
                                   certainty="cannot_say", plan="Anticoagulant", place_of_care="outpatient",
                                   more={"ecg_report": "FA à 110"}))  # fmt: skip
    cases.deliver(row)
    page = text(browser.get(f"/doctor/case/{case.pk}/"))
    for said in ("Fibrillation", "Cannot say", "Appointment with a specialist", "ECG report", "FA à 110"):
        assert said in page
    assert browser.get(f"/prints/answer/{answer.pk}/").content.startswith(b"%PDF")
    assert browser.get(f"/prints/visit/{visit.pk}/").content.startswith(b"%PDF")
    browser.post(f"/doctor/case/{case.pk}/act/explain/", {"note": "en darija"})
    refused = browser.post(f"/doctor/case/{case.pk}/act/close/", {"outcome": "no_such"})
    assert refused.status_code == 422
    browser.post(f"/doctor/case/{case.pk}/act/close/", {"outcome": "treated_here"})
    assert Case.objects.get().status == "closed"
    assert Person.objects.count() == 1


def test_allergies_are_asked_and_written_where_the_person_is_seen(van: Vehicle, visit: Visit) -> None:
    browser, address = van.at("salma"), f"/doctor/visit/{visit.pk}/"
    assert "Not asked yet" in text(browser.get(address))
    browser.post(f"{address}allergies/", {"none": "yes"})
    assert "None known" in text(browser.get(address))
    assert browser.post(f"{address}allergies/", {"substance": ""}).status_code == 422
    browser.post(f"{address}allergies/", {"substance": "Pénicilline", "reaction": "œdème"})
    page = text(browser.get(address))
    assert "Pénicilline" in page and "None known" not in page


def test_what_was_written_wrongly_is_struck_through(van: Vehicle, visit: Visit) -> None:
    browser = van.at("salma")
    row = visits.add_condition(visit, "I10", "confirmed", "", "fr", van.crew["salma"])
    assert browser.post(f"/doctor/entry/diagnosis/{row.pk}/error/", {"reason": ""}).status_code == 422
    browser.post(f"/doctor/entry/diagnosis/{row.pk}/error/", {"reason": "mauvaise ligne"})
    assert Condition.objects.get().status == "entered-in-error"
    page = text(browser.get(f"/doctor/visit/{visit.pk}/"))
    assert "mauvaise ligne" in page and "<s>" in page
    assert browser.post(f"/doctor/entry/no_such/{row.pk}/error/", {"reason": "x"}).status_code == 404


def test_what_is_typed_and_not_saved_comes_back(van: Vehicle, visit: Visit) -> None:
    browser, address = van.at("salma"), f"/doctor/visit/{visit.pk}/"
    first = browser.get(address).content.decode()
    assert "nurse.js" in first, "the script that keeps drafts is on the page"
    name = f"consult:{visit.pk.hex}"
    assert f'data-draft="{name}"' in first
    browser.post("/nurse/draft/", {"draft": name, "complaint": "Vertiges depuis hier"})
    assert "Vertiges depuis hier" in text(browser.get(address)) and not Note.objects.exists()
    browser.post(address, {"complaint": "Vertiges depuis hier"})
    assert "Typed before" not in text(browser.get(address))


def test_a_refused_file_is_told_where_it_was_chosen(van: Vehicle, visit: Visit) -> None:
    browser, address = van.at("salma"), f"/doctor/visit/{visit.pk}/files/"
    wrong = browser.post(address, {"file": SimpleUploadedFile("x.dcm", b"not one" * 99)})
    assert wrong.status_code == 422 and 'id="n-complaint"' in wrong.content.decode()
    assert browser.post(address, {}).status_code == 422
    ecg = Path(pydicom.data.get_testdata_file("waveform_ecg.dcm", download=False) or "").read_bytes()
    browser.post(address, {"file": SimpleUploadedFile("e.dcm", ecg), "title": "Au repos"})
    page = browser.get(f"/doctor/visit/{visit.pk}/").content.decode()
    assert "Au repos" in page and reverse("records:ecg_page", args=[Attachment.objects.get().pk]) in page


def draft_case(van: Vehicle, visit: Visit, **packet: str) -> Case:
    visits.record_note(visit, "complaint", "Douleur thoracique", van.crew["salma"])
    case = cases.draft_case(visit, "cardiology", van.crew["salma"])
    if packet:
        sent = van.at("salma").post(f"/doctor/case/{case.pk}/packet/", packet)
        assert sent.status_code == 302, text(sent)
    return Case.objects.get()


def test_questions_and_red_flags_follow_answers_that_are_not_saved(van: Vehicle, visit: Visit) -> None:
    browser, case = van.at("salma"), draft_case(van, visit)
    live = f"/doctor/case/{case.pk}/packet/live/"
    assert 'name="pain_now"' not in browser.get(f"/doctor/case/{case.pk}/packet/").content.decode()
    assert 'name="pain_now"' in browser.post(live, {"pain": "true"}).content.decode()
    told = browser.post(live, {"pain": "true", "pain_now": "true", "pain_type": "tight", "urgency": "routine"})
    assert "Act now" in text(told) and 'href="tel:' in told.content.decode() and "“Emergency”" in text(told)
    chosen = browser.post(live, {"pain": "true", "pain_now": "true", "pain_type": "tight", "urgency": "emergency"})
    assert "These signs ask" not in text(chosen)
    assert Case.objects.get().intake == {}


def test_a_letter_in_a_number_stays_in_its_field_with_the_reason(van: Vehicle, visit: Visit) -> None:
    browser, case = van.at("salma"), draft_case(van, visit)
    typed = {"pain": "true", "pain_minutes": "1o", "question": "Que faire ?", "urgency": "urgent"}
    page = browser.post(f"/doctor/case/{case.pk}/packet/", typed)
    assert page.status_code == 422
    assert 'value="1o"' in page.content.decode() and "Que faire ?" in text(page)
    assert 'href="#f-pain_minutes"' in page.content.decode()
    assert Case.objects.get().question == "" and Case.objects.get().intake == {}


def test_a_packet_that_was_sent_is_read_on_the_case_page(van: Vehicle, visit: Visit) -> None:
    case = send_emergency(van, visit)
    answer = van.at("salma").get(f"/doctor/case/{case.pk}/packet/")
    assert answer.status_code == 302 and answer["Location"] == f"/doctor/case/{case.pk}/"


def test_consent_is_given_by_somebody_named_or_refused(van: Vehicle, visit: Visit) -> None:
    browser, case = van.at("salma"), draft_case(van, visit)
    address = f"/doctor/case/{case.pk}/consent/"
    nobody = {"decision": "permit", "given_by": "mother", "method": "spoken", "witness": "Rachid"}
    page = browser.post(address, nobody)
    assert page.status_code == 422 and 'value="Rachid"' in page.content.decode()
    browser.post(address, {"decision": "deny", "given_by": "self", "method": "spoken"})
    assert "does not agree" in text(browser.get(f"/doctor/case/{case.pk}/"))
    browser.post(address, nobody | {"guardian_name": "Itto"})
    assert "The person agrees" in text(browser.get(f"/doctor/case/{case.pk}/"))


def send_emergency(van: Vehicle, visit: Visit) -> Case:
    case = draft_case(van, visit, question="Transférer ?", urgency="emergency")
    browser = van.at("salma")
    browser.post(f"/doctor/case/{case.pk}/consent/", {"decision": "emergency", "reason": "inconsciente"})
    alone = browser.post(f"/doctor/case/{case.pk}/send/")
    assert alone.status_code == 422 and "Still missing" in text(alone)
    browser.post(f"/doctor/case/{case.pk}/send/", {"incomplete_reason": "pas le temps"})
    case = Case.objects.get()
    assert case.status == "sent"
    return case


def test_an_emergency_that_nobody_received_alarms_until_somebody_acts(van: Vehicle, visit: Visit) -> None:
    case = send_emergency(van, visit)
    later = clock.seconds() + 6 * 60
    assert "Do not wait" not in text(van.at("salma").get("/doctor/"))
    with clock.reading_from(lambda: later):
        for name, page in (("salma", "/doctor/"), ("fatima", "/doctor/alarms/"), ("rachid", "/doctor/alarms/")):
            shown = van.at(name).get(page)
            assert "Do not wait" in text(shown), name
        assert "Do not wait" in text(van.at("salma").get("/doctor/cases/")), "it stays on every page"
        helper = van.at("fatima")
        page = helper.get(f"/doctor/case/{case.pk}/alarm/")
        assert page.status_code == 200 and 'href="tel:' in page.content.decode()
        assert helper.post(f"/doctor/case/{case.pk}/alarm/", {"kind": "call", "words": ""}).status_code == 422
        assert "Do not wait" in text(helper.get("/doctor/alarms/"))
        done = helper.post(f"/doctor/case/{case.pk}/alarm/", {"kind": "call", "words": "SAMU 141, on vient"})
        assert done.status_code == 302
        assert "Do not wait" not in text(helper.get("/doctor/alarms/"))
        assert "SAMU 141, on vient" in text(van.at("salma").get(f"/doctor/case/{case.pk}/"))


def test_a_case_says_whether_it_has_left(van: Vehicle, visit: Visit) -> None:
    case = send_emergency(van, visit)
    browser = van.at("salma")
    for page in (f"/doctor/case/{case.pk}/", "/doctor/cases/"):
        assert "Saved, waits for the link" in text(browser.get(page))
    Record._base_manager.update(pending=False)
    for page in (f"/doctor/case/{case.pk}/", "/doctor/cases/"):
        assert "Sent, not yet confirmed by the hub" in text(browser.get(page))


def test_a_refused_act_keeps_what_was_typed(van: Vehicle, visit: Visit) -> None:
    case = send_emergency(van, visit)
    browser = van.at("salma")
    page = browser.post(f"/doctor/case/{case.pk}/act/message/", {"text": " "})
    assert page.status_code == 422
    long = browser.post(f"/doctor/case/{case.pk}/act/cancel/", {"reason": "x" * 600})
    assert long.status_code == 422 and "x" * 600 in long.content.decode()
    assert browser.post(f"/doctor/case/{case.pk}/act/explain/", {}).status_code == 409
    assert browser.post(f"/doctor/case/{case.pk}/act/no_such/", {}).status_code == 404
    assert Case.objects.get().status == "sent"


def test_checks_are_shown_before_signing_and_need_a_reason(van: Vehicle, visit: Visit) -> None:
    browser, address = van.at("salma"), f"/doctor/visit/{visit.pk}/prescription/"
    visits.state_allergy(visit, van.crew["salma"], "Amoxicilline")
    typed = {"words-0": "Amoxicillin 500 mg capsule", "dose-0": "1", "dose_unit-0": "capsule", "route-0": "oral",
             "per_day-0": "3", "days-0": "7", "secret": PIN}  # fmt: skip
    doors.set_pin(van.crew["salma"], PIN)
    told = text(browser.post(f"{address}check/", {"words-0": typed["words-0"]}))
    assert "Amoxicilline" in told and "Not checked:" in told
    page = browser.post(address, typed)
    assert page.status_code == 422 and "Look again" in text(page) and not Prescription.objects.exists()
    nameless = browser.post(address, typed | {"dose-1": "2", "per_day-1": "1", "days-1": "3", "route-1": "oral",
                                              "dose_unit-1": "mg"})  # fmt: skip
    assert nameless.status_code == 422 and "Name the medicine" in text(nameless)
    browser.post(address, typed | {"override_reason": "Toléré depuis"})
    assert Prescription.objects.get().override_reason == "Toléré depuis"


def test_whose_record_it_is_not_sees_nothing(van: Vehicle, visit: Visit) -> None:
    other = create_unit(None, "U9", "Unit nine", home="05.081")
    with writing(None, "test.elsewhere") as write:
        row = Visit.objects.get()
        row.unit_id = other.pk
        write.save(row)
    browser = van.at("salma")
    for page in (f"/doctor/visit/{visit.pk}/", f"/doctor/visit/{visit.pk}/prescription/"):
        assert browser.get(page).status_code == 403
    assert van.at("fatima").get(f"/doctor/visit/{visit.pk}/").status_code == 403


def test_pages_of_a_case_cost_the_same_however_long_its_story(van: Vehicle, visit: Visit) -> None:
    browser, case = van.at("salma"), draft_case(van, visit)
    addresses = {f"/doctor/case/{case.pk}/": 64, f"/doctor/case/{case.pk}/packet/": 56, "/doctor/cases/": 25}

    def cost() -> list[int]:
        found = []
        for address in addresses:
            with CaptureQueriesContext(connection) as run:
                assert browser.get(address).status_code == 200
            found.append(len(run))
        return found

    before = cost()
    for number in range(9):
        cases.post_message(case, van.crew["salma"], f"mot {number}")
        visits.record_note(visit, "history", f"suite {number}", van.crew["salma"])
    after = cost()
    assert after <= before and all(n <= most for n, most in zip(after, addresses.values(), strict=True))


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_every_page_in_every_language(van: Vehicle, visit: Visit, language: str) -> None:
    set_language(van.crew["salma"], language, van.crew["salma"])
    case = draft_case(van, visit)
    pages = ("/doctor/", "/doctor/cases/", f"/doctor/visit/{visit.pk}/", f"/doctor/visit/{visit.pk}/prescription/",
             f"/doctor/case/{case.pk}/", f"/doctor/case/{case.pk}/packet/")  # fmt: skip
    for page in pages:
        shown = van.at("salma").get(page)
        assert shown.status_code == 200
        assert f'lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}"' in shown.content.decode()
        assert " style=" not in shown.content.decode() and "<script>" not in shown.content.decode()
