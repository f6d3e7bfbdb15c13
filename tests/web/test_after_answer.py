"""After the answer, on the pages: the notice and its owner, telling the person, the next round, the coordinator."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from qafila.clinic.cases import acts as cases
from qafila.clinic.cases.loop_models import Contact, PlainWords
from qafila.clinic.cases.models import Answer, Case
from qafila.clinic.prescribing import acts as prescribing
from qafila.clinic.visits import acts as visits
from qafila.clinic.visits.models import Attachment, Visit
from qafila.journal.here import Here
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.registry.places.here import local_day
from tests.clinic.cases.test_loop import Later, sound
from tests.clinic.conftest import ANSWER, key_of, new_person
from tests.web.desk import Desk, desk
from tests.web.vehicle import Vehicle, text, vehicle


@pytest.fixture
def van(unit: Here) -> Iterator[Vehicle]:
    with vehicle(unit) as made:
        yield made


@pytest.fixture
def hub_desk(unit: Here) -> Iterator[Desk]:
    with desk(unit) as made:
        yield made


@pytest.fixture
def case(van: Vehicle) -> Case:
    doctor = van.crew["salma"]
    with writing(None, "person") as write:
        person = write.save(new_person(local_day().replace(year=1980, day=1)))
    visit = visits.start_doctor(visits.open_visit(person, van.unit, doctor, "palpitations"), doctor)
    made = cases.draft_case(visit, "cardiology", doctor)
    with writing(None, "test.answered") as write:
        row = Case.objects.get(pk=made.pk)
        row.status, row.answered_at = "answered", clock.now()
        write.save(row)
        write.save(Answer(person_id=row.person_id, visit_id=row.visit_id, case=row, author=doctor, plan="Less coffee",
                          diagnosis="Benign palpitations", certainty="probable", place_of_care="unit",
                          red_flag_advice="Fainting", follow_up=local_day() + timedelta(days=3),
                          proposal=[{"medicine": "", "words": "Bisoprolol 2.5 mg tablet", "dose": "1",
                                     "dose_unit": "tablet", "route": "oral", "per_day": "1", "days": "30",
                                     "instructions": ""}, "no line"]))  # fmt: skip
    return cases.deliver(row)


def test_the_notice_is_on_every_page_at_once_and_says_in_whose_hands(van: Vehicle, case: Case) -> None:
    page = text(van.at("salma").get("/doctor/"))
    assert "An answer has come" in page and "in your hands" in page and f"/doctor/case/{case.pk}/" in page
    queue = text(van.at("fatima").get("/reception/queue/"))
    assert "An answer has come" in queue and "Salma" in queue
    assert f"/doctor/case/{case.pk}/" not in queue, "the assistant may not open the case"
    van.at("salma").get(f"/doctor/case/{case.pk}/")
    assert "An answer has come" not in text(van.at("fatima").get("/doctor/alarms/"))


def test_the_alarm_leads_everybody_to_a_page_that_they_may_open(van: Vehicle, case: Case) -> None:
    with writing(None, "test.emergency") as write:
        row = Case.objects.get(pk=case.pk)
        row.status, row.urgency, row.sent_at = "sent", "emergency", clock.now() - timedelta(hours=1)
        write.save(row)
    for name in ("fatima", "rachid", "salma"):
        assert f'href="/doctor/case/{case.pk}/alarm/"' in text(van.at(name).get("/reception/queue/"))
        assert van.at(name).get(f"/doctor/case/{case.pk}/alarm/").status_code == 200


def test_certainty_and_the_packs_own_questions_are_in_words(van: Vehicle, case: Case) -> None:
    page = text(van.at("salma").get(f"/doctor/case/{case.pk}/"))
    for words in ("Probable", "In the unit", "Bisoprolol 2.5 mg tablet", "1 time a day", "for 30 days"):
        assert words in page, words
    assert "Without a signature" in page


def test_attempts_language_and_interpreter_are_noted(van: Vehicle, case: Case) -> None:
    browser, at = van.at("salma"), f"/doctor/case/{case.pk}/"
    sent = {"way": "phone", "result": "no_answer", "words": "rang twice"}
    assert browser.post(at + "act/contact/", sent).status_code == 302
    assert browser.post(at + "act/contact/", {"way": "x", "result": "y", "words": "kept"}).status_code == 422
    said = {"way": "relative", "language": "shi", "interpreter": "Fatima", "note": "told her son"}
    assert browser.post(at + "act/explain/", said).status_code == 302
    page = text(browser.get(at))
    for words in ("By telephone", "No answer", "rang twice", "Tashelhit", "Fatima", "told her son"):
        assert words in page, words
    assert Contact.objects.count() == 2


def test_the_sheet_in_plain_words_shows_signed_medicines_alone(van: Vehicle, case: Case) -> None:
    browser, at, doctor = van.at("salma"), f"/doctor/case/{case.pk}/plain/", van.crew["salma"]
    page = text(browser.get(at))
    assert "Less coffee" in page and "the sheet shows no medicine" in page
    item = prescribing.Item("Bisoprolol 2.5 mg tablet", dose=1, dose_unit="tablet", route="oral", per_day=1, days=30)  # type: ignore[arg-type]
    visits.no_known_allergy(Visit.objects.get(), doctor)
    row = prescribing.write_prescription(Visit.objects.get(), doctor, [item], case=case, override_reason="as proposed")
    prescribing.sign(row, doctor)
    line = prescribing.items_of(row)[0]
    page = text(browser.get(at))
    assert "once a day: say when" in page and "pictograms/night.svg" in page
    given = {"lang": "fr", "have": "Votre cœur va bien", "do": "Moins de café", "come_back": "",
             f"dose-{line.pk.hex}-night": "1", f"dose-{line.pk.hex}-noon": "many"}  # fmt: skip
    assert browser.post(at, given).status_code == 302
    kept = PlainWords.objects.get()
    assert kept.doses == {line.pk.hex: ["", "", "", "1"]} and kept.language == "fr"
    assert browser.post(at, given | {"do": ""}).status_code == 422
    for tongue in ("ar", "fr", "en"):
        assert browser.get(f"/prints/sheet/{case.pk}/?lang={tongue}").content.startswith(b"%PDF")


def test_a_voice_is_kept_and_can_be_played(van: Vehicle, case: Case) -> None:
    browser, at = van.at("rachid"), f"/doctor/case/{case.pk}/"
    sent = {"file": SimpleUploadedFile("voice.wav", sound()), "language": "ary"}
    assert browser.post(at + "voice/", sent).status_code == 302
    file = Attachment.objects.get()
    page = text(browser.get(at))
    assert "Darija" in page and f"/records/files/{file.pk}/original/" in page and "<audio" in page
    assert browser.get(f"/records/files/{file.pk}/original/").status_code == 200
    browser.post(at + "voice/", {"file": SimpleUploadedFile("voice.wav", b"no sound"), "language": "ary"})
    browser.post(at + "voice/", {"language": "ary"})
    assert Attachment.objects.count() == 1


def test_the_next_round_names_who_is_due(van: Vehicle, case: Case) -> None:
    page = text(van.at("salma").get("/loop/round/"))
    assert "answered, not told yet" in page and "Village not known" in page
    assert van.at("fatima").get("/loop/round/").status_code == 403
    with clock.reading_from(Later(days=3)):
        assert "Open too long" in text(van.at("salma").get("/loop/round/"))


def test_the_coordinator_sees_what_nobody_opened_and_what_was_spared(hub_desk: Desk) -> None:
    crew = hub_desk.crew
    case = cases.accept(hub_desk.sent("urgent"), crew.heart)
    cases.answer(case, crew.heart, ANSWER, key_of(crew.heart))
    browser = hub_desk.at(crew.coordinator)
    assert "Every urgent answer was opened in time" in text(browser.get("/loop/watch/"))
    with clock.reading_from(Later(minutes=40)):
        page = text(browser.get("/loop/watch/"))
        assert "Salma Test" in page and "Doctor" in page
        assert "1 urgent answer was not opened" in text(browser.get("/coordinator/"))
        assert "was not opened" not in text(hub_desk.at(crew.heart).get("/specialist/"))
    case = cases.explain(cases.deliver(case), crew.doctor)
    cases.close(case, crew.doctor, "improved")
    assert "money not computed" in text(browser.get("/loop/watch/"))
    done = text(hub_desk.at(crew.heart).get("/specialist/done/"))
    assert "Improved" in done
    assert hub_desk.at(crew.heart).get("/loop/watch/").status_code == 403
