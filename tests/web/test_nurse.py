"""The nurse's pages: vitals, files, allergies, corrections."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from PIL import Image

from qafila.clinic.access import acts as access
from qafila.clinic.access.identity import Shown
from qafila.clinic.visits import acts as visits
from qafila.clinic.visits.models import Allergy, Attachment, Draft, Observation, Visit
from qafila.journal.here import Here
from qafila.kernel.dates import PartialDate
from qafila.registry.people import acts
from qafila.registry.people.details import NameParts
from qafila.registry.people.models import Person
from qafila.registry.staff.acts import create_staff
from qafila.registry.staff.models import Staff
from qafila.registry.units.acts import assign_staff, create_unit
from qafila.registry.units.models import Unit
from tests.web.vehicle import PASSWORD, Vehicle, text, vehicle

NINE = {
    "temperature": "36,8", "pulse": "78", "respirations": "16", "systolic": "128", "diastolic": "82", "spo2": "97",
    "glucose": "5.4", "weight": "68", "height": "165", "breathes": "air", "consciousness": "A", "pain": "2",
}  # fmt: skip

ADULT = PartialDate(1984)


@pytest.fixture
def van(unit: Here) -> Iterator[Vehicle]:
    with vehicle(unit) as made:
        yield made


def arrives(van: Vehicle, name: str = "Zineb", born: PartialDate = ADULT, **facts: str) -> Visit:
    facts = {"sex": "female"} | facts
    person = acts.register(van.crew["fatima"], van.unit, names=[NameParts("Latn", name)], birth=born, **facts)
    return visits.open_visit(person, van.unit, van.crew["fatima"])


def save(van: Vehicle, visit: Visit, **typed: str) -> HttpResponse:
    return van.at("rachid").post(f"/nurse/vitals/{visit.pk}/", typed)


def test_nine_vitals_from_the_queue_and_back(van: Vehicle) -> None:
    visit = arrives(van)
    browser = van.at("rachid")
    form = browser.post(f"/nurse/vitals/{visit.pk}/start/", follow=True)
    assert Visit.objects.get().status == "nurse"
    page = form.content.decode()
    assert page.count('inputmode="decimal"') >= 9 and "checked" not in page
    done = browser.post(f"/nurse/vitals/{visit.pk}/", NINE | {"pregnant": "no"}, follow=True)
    assert "Saved. Number 1: Can wait" in text(done)
    kept = {o.code: (o.number, o.unit, o.entered) for o in Observation.objects.all()}
    assert kept["temperature"][1:] == ("Cel", "36,8") and float(kept["temperature"][0]) == 36.8
    assert set(kept) == {*NINE, "oxygen", "pregnant", "after_birth"} - {"breathes"}
    assert Visit.objects.get().status == "ready"


def test_all_digits_and_units(van: Vehicle) -> None:
    visit = arrives(van)
    typed = {"temperature": "٣٧٫٥", "pulse": "۸۰", "glucose": "97", "unit-glucose": "mg/dL", "weight": "68,5"}
    browser = van.at("rachid")
    assert browser.post(f"/nurse/vitals/{visit.pk}/", typed).status_code == 302
    kept = {o.code: float(o.number) for o in Observation.objects.all() if o.number is not None}
    assert kept["temperature"] == 37.5 and kept["pulse"] == 80 and kept["weight"] == 68.5
    assert kept["glucose"] == pytest.approx(5.4, abs=0.05)
    # The unit that was used last is offered next.
    page = browser.get(f"/nurse/vitals/{visit.pk}/").content.decode()
    assert '<option value="mg/dL" selected>' in page


def test_a_letter_in_a_number_saves_nothing(van: Vehicle) -> None:
    answer = save(van, arrives(van), **NINE | {"pulse": "7x"})
    assert answer.status_code == 422 and "is not a number" in text(answer)
    assert 'value="36,8"' in answer.content.decode()
    assert not Observation.objects.exists()


def test_an_impossible_value_is_refused_with_its_range(van: Vehicle) -> None:
    answer = save(van, arrives(van), spo2="107")
    assert answer.status_code == 422 and "is not possible" in text(answer)
    assert not Observation.objects.exists()


def test_an_unusual_value_is_kept_once_confirmed_as_typed(van: Vehicle) -> None:
    visit = arrives(van)
    answer = save(van, visit, pulse="190", temperature="37")
    assert answer.status_code == 422 and 'name="ok-pulse" value="190|/min"' in answer.content.decode()
    # The confirmation was given to another number.
    assert save(van, visit, pulse="195", **{"ok-pulse": "190|/min"}).status_code == 422
    assert not Observation.objects.exists()
    assert save(van, visit, pulse="190", temperature="37", **{"ok-pulse": "190|/min"}).status_code == 302
    assert Observation.objects.get(code="pulse").confirmed


def test_a_number_that_reads_in_two_ways_is_asked_about(van: Vehicle) -> None:
    answer = save(van, arrives(van), weight="1,234")
    page = answer.content.decode()
    assert answer.status_code == 422 and 'data-value="1234"' in page and 'data-value="1.234"' in page


def test_crossed_pressures_and_oxygen_without_a_flow(van: Vehicle) -> None:
    visit = arrives(van)
    assert "must be lower" in text(save(van, visit, systolic="80", diastolic="120"))
    assert "flow of oxygen" in text(save(van, visit, breathes="oxygen"))
    assert save(van, visit, breathes="oxygen", oxygen="4").status_code == 302
    assert float(Observation.objects.get().number) == 4


def test_an_empty_sheet_says_so(van: Vehicle) -> None:
    answer = save(van, arrives(van))
    assert answer.status_code == 422 and "at least one reading" in text(answer)


def test_both_arms(van: Vehicle) -> None:
    typed = {"systolic-left": "120", "diastolic-left": "80", "systolic-right": "150", "diastolic-right": "90"}
    assert save(van, arrives(van), **typed).status_code == 302
    assert set(Observation.objects.values_list("code", "site")) == {
        ("systolic", "left"), ("diastolic", "left"), ("systolic", "right"), ("diastolic", "right")
    }  # fmt: skip


def test_the_sheet_of_a_small_child_asks_what_its_table_needs(van: Vehicle) -> None:
    from qafila.registry.places.here import local_day

    visit = arrives(van, born=PartialDate(local_day().year - 2, 1, 15))
    page = van.at("rachid").get(f"/nurse/vitals/{visit.pk}/").content.decode()
    assert 'name="arm_circumference"' in page and 'name="oedema"' in page and 'name="sign-' in page
    assert 'name="pregnant"' not in page
    sign = page.split('name="sign-')[1].split('"')[0]
    assert save(van, visit, temperature="38", **{f"sign-{sign}": "yes"}).status_code == 302
    assert Observation.objects.get(code=sign).choice == "true"


def test_one_field_is_judged_while_the_next_is_typed(van: Vehicle) -> None:
    visit = arrives(van)
    url = f"/nurse/vitals/{visit.pk}/check/"
    browser = van.at("rachid")
    assert "is unusual" in text(browser.post(f"{url}pulse/", {"pulse": "190"}))
    assert text(browser.post(f"{url}pulse/", {"pulse": "80"})).strip() == ""
    assert text(browser.post(f"{url}pulse/", {"pulse": ""})).strip() == ""
    assert browser.post(f"{url}nothing/", {"pulse": "80"}).status_code == 404


def test_the_next_person_is_called_in_the_same_tap(van: Vehicle) -> None:
    first, second = arrives(van), arrives(van, "Adam")
    done = save(van, first, pulse="80", next="yes")
    assert done["Location"] == f"/nurse/vitals/{second.pk}/"
    done = save(van, second, pulse="80", next="yes")
    assert done["Location"] == "/reception/queue/"


def test_a_draft_comes_back_to_its_author_and_goes_when_saved(van: Vehicle) -> None:
    visit = arrives(van)
    browser, draft = van.at("rachid"), f"vitals:{visit.pk.hex}"
    browser.post("/nurse/draft/", {"draft": draft, "pulse": "81", "once": "x", "csrfmiddlewaretoken": "x"})
    assert 'value="81"' in browser.get(f"/nurse/vitals/{visit.pk}/").content.decode()
    assert 'value="81"' not in van.at("salma").get(f"/nurse/vitals/{visit.pk}/").content.decode()
    assert save(van, visit, pulse="81").status_code == 302
    assert not Draft.objects.exists()


def test_another_units_visit_is_not_theirs(van: Vehicle) -> None:
    other = create_unit(None, "U2", "Unit two")
    person, stranger = Person.objects.get(pk=arrives(van).person_id), _stranger(other)
    access.present(person, stranger, other, Shown(person.code))
    strange = visits.open_visit(person, other, stranger)
    # What another unit did for one's own patient is read as part of the record, and written by nobody else.
    assert van.at("rachid").get(f"/nurse/record/{strange.pk}/").status_code == 200
    assert van.at("rachid").get(f"/nurse/vitals/{strange.pk}/").status_code == 403


def _stranger(unit: Unit) -> Staff:
    staff = create_staff(None, "amina", PASSWORD, "Amina", ["nurse"])
    assign_staff(unit, staff, None)
    return staff


def test_roles(van: Vehicle) -> None:
    visit = arrives(van)
    assert van.at("fatima").get(f"/nurse/vitals/{visit.pk}/").status_code == 403
    assert van.at("fatima").get(f"/nurse/record/{visit.pk}/").status_code == 200
    assert van.at("hind").get(f"/nurse/record/{visit.pk}/").status_code == 403
    gone = f"/nurse/vitals/{Person(code='x').pk}/"
    assert van.at("rachid").get(gone).status_code == 404


def test_what_was_wrong_stays_struck_through_with_its_reason(van: Vehicle) -> None:
    visit = arrives(van)
    save(van, visit, pulse="80")
    row = Observation.objects.get()
    browser = van.at("rachid")
    url = f"/nurse/record/reading/{row.pk}/error/"
    assert "Write a reason" in text(browser.post(url, {"reason": " "}, follow=True))
    done = text(browser.post(url, {"reason": "other person"}, follow=True))
    assert "<s>Pulse" in done and "other person" in done
    assert browser.post(f"/nurse/record/nonsense/{row.pk}/error/").status_code == 404


def test_a_whole_visit_is_moved_to_the_right_person(van: Vehicle) -> None:
    visit = arrives(van)
    save(van, visit, pulse="80")
    right = acts.register(van.crew["fatima"], van.unit, names=[NameParts("Latn", "Adam")])
    browser, url = van.at("rachid"), f"/nurse/record/{visit.pk}/move/"
    assert browser.post(url, {"other": "nobody", "reason": "x"}).status_code == 422
    assert browser.post(url, {"other": right.code, "reason": " "}).status_code == 422
    assert browser.post(url, {"other": right.code, "reason": "mixed up"}).status_code == 302
    assert Observation.objects.filter(person=right, status="final").count() == 1


def test_allergies_and_triage_by_hand(van: Vehicle) -> None:
    visit = arrives(van)
    browser, url = van.at("rachid"), f"/nurse/record/{visit.pk}/"
    assert "Not asked yet" in text(browser.get(url))
    browser.post(f"{url}allergies/", {"none": "yes"})
    assert "None known" in text(browser.get(url))
    assert browser.post(f"{url}allergies/", {"substance": ""}).status_code == 422
    browser.post(f"{url}allergies/", {"substance": "Penicillin", "reaction": "rash"})
    assert "Penicillin" in text(browser.get(url))
    assert Allergy.objects.filter(status="final").count() == 1
    assert browser.post(f"{url}triage/", {"level": "purple", "reason": "x"}).status_code == 422
    assert browser.post(f"{url}triage/", {"level": "red", "reason": "looks bad"}).status_code == 302
    assert "Immediate" in text(browser.get("/reception/queue/"))


def picture() -> bytes:
    file = BytesIO()
    Image.effect_noise((800, 600), 60).convert("RGB").save(file, "JPEG", quality=92)
    return file.getvalue()


def test_a_photograph_is_kept_and_shown(van: Vehicle) -> None:
    visit = arrives(van)
    browser, url = van.at("rachid"), f"/nurse/record/{visit.pk}/files/"
    sent = {"file": SimpleUploadedFile("skin.jpg", picture(), "image/jpeg"), "title": "left arm"}
    assert browser.post(url, sent).status_code == 302
    row = Attachment.objects.get()
    shown = browser.get(f"/nurse/files/{row.pk}/preview/")
    assert shown["Content-Type"] == "image/jpeg" and shown.content[:2] == b"\xff\xd8"
    assert "skin.jpg" not in str(shown.headers)
    whole = browser.get(f"/nurse/files/{row.pk}/")
    assert whole["Content-Disposition"].startswith("inline") and whole["Cache-Control"] == "no-store"
    assert van.at("hind").get(f"/nurse/files/{row.pk}/").status_code == 403


@pytest.mark.parametrize(
    "data", [b"", b"<svg onload=alert(1)>", b"PK\x03\x04zip", b"DICM but not", b"\xff\xd8\xff\xe0broken"]
)
def test_a_file_that_is_none_of_ours_is_refused(van: Vehicle, data: bytes) -> None:
    visit = arrives(van)
    sent = {"file": SimpleUploadedFile("scan.dcm", data, "application/dicom")}
    answer = van.at("rachid").post(f"/nurse/record/{visit.pk}/files/", sent)
    assert answer.status_code == 422
    assert not Attachment.objects.exists()


def test_no_file_is_said(van: Vehicle) -> None:
    answer = van.at("rachid").post(f"/nurse/record/{arrives(van).pk}/files/", {"title": "x"})
    assert answer.status_code == 422 and "Choose a file first" in text(answer)
