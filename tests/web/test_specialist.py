"""The specialist's pages: the list, the case on one page, what is done about it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from qafila.clinic.cases import acts
from qafila.clinic.cases.duty_models import Opinion
from qafila.clinic.cases.models import Answer, Case, CaseEvent, Decline, Message
from qafila.clinic.forms.context import pack_of
from qafila.clinic.visits import acts as visits
from qafila.clinic.visits.models import Observation
from qafila.journal.here import Here
from qafila.journal.models import Read
from qafila.journal.write import writing
from qafila.registry.places.here import local_day
from qafila.registry.staff.models import Duty
from qafila.registry.staff.roster import acts as roster
from qafila.registry.staff.roster.models import Shift
from tests.clinic.conftest import ANSWER, PASSWORD, key_of
from tests.web.desk import Desk, desk
from tests.web.vehicle import text

SECRET = {"secret": PASSWORD}


@pytest.fixture
def hub_desk(unit: Here) -> Iterator[Desk]:
    with desk(unit) as made:
        yield made


@pytest.fixture
def case(hub_desk: Desk) -> Any:
    return hub_desk.sent()


def queries(client: Any, address: str) -> int:
    with CaptureQueriesContext(connection) as held:
        assert client.get(address).status_code == 200
    return len(held)


def test_the_whole_case_on_one_page_and_the_look_is_kept(hub_desk: Desk, case: Any) -> None:
    page = text(hub_desk.at(hub_desk.crew.heart).get(f"/specialist/case/{case.pk}/"))
    for words in ("Is a beta blocker safe", "Salma Test", "Palpitations for a week", "NEWS2", "128", "Accept"):
        assert words in page, words
    assert "draft-mark" in page
    assert Read.objects.filter(patient=case.person_id, page="specialist.case").count() == 1


@pytest.mark.parametrize("language", ["ar", "fr"])
def test_the_page_speaks_the_readers_language(hub_desk: Desk, case: Any, language: str) -> None:
    from qafila.registry.staff.acts import set_language

    set_language(hub_desk.crew.heart, language, hub_desk.crew.heart)
    answer = hub_desk.at(hub_desk.crew.heart).get(f"/specialist/case/{case.pk}/")
    assert answer.status_code == 200 and f'lang="{language}"' in text(answer)
    assert ('dir="rtl"' in text(answer)) == (language == "ar")


def test_accepted_asked_answered_and_corrected(hub_desk: Desk, case: Any) -> None:
    browser, at = hub_desk.at(hub_desk.crew.heart), f"/specialist/case/{case.pk}/"
    assert browser.post(at + "accept/").status_code == 302
    assert "What do you need before you can answer?" in text(browser.get(at))
    empty = browser.post(at + "ask/", {"text": " "})
    assert empty.status_code == 422 and Case.objects.get().status == "accepted"
    wrong = browser.post(at + "answer/", {"diagnosis": "Benign", "follow_up_date": "2020-01-01"})
    assert wrong.status_code == 422 and 'value="Benign"' in text(wrong) and 'class="wrong"' in text(wrong)
    assert not Answer.objects.exists()
    for _ in range(2):
        assert browser.post(at + "answer/", ANSWER | SECRET | {"once": "one"}).status_code == 302
    assert Answer.objects.get().diagnosis == "Benign palpitations" and Case.objects.get().status == "answered"
    assert browser.post(at + "answer/", ANSWER | SECRET | {"diagnosis": "Anxiety"}).status_code == 302
    assert Answer.objects.filter(status="final").get().diagnosis == "Anxiety"
    assert "Anxiety" in text(browser.get(at)) and "Anxiety" not in text(browser.get("/specialist/"))
    assert "Answered" in text(browser.get("/specialist/done/"))


def test_how_far_the_answer_has_come(hub_desk: Desk, case: Any) -> None:
    heart, doctor = hub_desk.crew.heart, hub_desk.crew.doctor
    browser, at = hub_desk.at(heart), f"/specialist/case/{case.pk}/"
    given = acts.answer(acts.accept(case, heart), heart, ANSWER, key_of(heart))
    assert "Not on the unit yet" in text(browser.get(at))
    case = acts.deliver(case)
    page = text(browser.get(at))
    assert "On the unit" in page and "Not opened there yet" in page
    # The unit's clock is behind the hub's.
    early = {"at": given.at - timedelta(hours=2), "act": "read", "by": doctor, "values": {"answer": given.pk.hex}}
    with writing(doctor, "case.read") as write:
        write.save(CaseEvent(person_id=case.person_id, case=case, node="U1", **early))
    assert "Opened there" in text(browser.get(at))
    assert acts.mark_read(case, doctor) is None
    # A corrected answer has a way of its own.
    acts.correct_answer(case, heart, {**ANSWER, "diagnosis": "Something else"}, key_of(heart))
    page = text(browser.get(at))
    assert "Not on the unit yet" in page and "Not opened there yet" in page


def test_declined_with_a_reason_of_the_pack(hub_desk: Desk, case: Any) -> None:
    browser, at = hub_desk.at(hub_desk.crew.heart), f"/specialist/case/{case.pk}/"
    wrong = browser.post(at + "decline/", {"reason": "", "suggestion": "Ask a surgeon", "secret": PASSWORD})
    assert wrong.status_code == 422 and "Ask a surgeon" in text(wrong)
    reason = pack_of(case).decline_reason[-1]
    said = {"reason": reason.code, "suggestion": "Ask a surgeon"}
    unsigned = browser.post(at + "decline/", said | {"secret": "not it"})
    assert unsigned.status_code == 422 and "Not signed" in text(unsigned) and not Decline.objects.exists()
    assert browser.post(at + "decline/", said | {"secret": PASSWORD}).status_code == 302
    row = Case.objects.get()
    assert row.status == "declined" and row.specialist_id is None
    page = text(hub_desk.at(hub_desk.crew.coordinator).get(at))
    assert f"{reason.label.text('en')}. Ask a surgeon" in page
    assert "Signed" in page and "the refusal, and the case as it was on the screen" in page
    doctor = hub_desk.at(hub_desk.crew.doctor)
    page = text(doctor.get(f"/doctor/case/{case.pk}/"))
    assert "proof-good" in page and reason.label.text("fr") in page and "Ask a surgeon" in page
    assert doctor.get(f"/prints/transfer/{case.pk}/").status_code == 200


def test_messages_go_both_ways(hub_desk: Desk, case: Any) -> None:
    browser, at = hub_desk.at(hub_desk.crew.heart), f"/specialist/case/{case.pk}/"
    assert browser.post(at + "message/", {"text": "Send <b>the</b> ECG"}).status_code == 302
    assert Message.objects.get().text == "Send <b>the</b> ECG"
    assert "Send &lt;b&gt;the&lt;/b&gt; ECG" in text(browser.get(at))


def test_an_answer_is_confirmed_after_a_correction(hub_desk: Desk, case: Any) -> None:
    browser, at = hub_desk.at(hub_desk.crew.heart), f"/specialist/case/{case.pk}/"
    browser.post(at + "accept/")
    browser.post(at + "answer/", ANSWER | SECRET)
    reading = Observation.objects.filter(code="pulse").first()
    assert reading is not None
    visits.mark_error(reading, hub_desk.crew.nurse, "another person")
    assert "Something that the answer rests on was corrected" in text(browser.get(at))
    assert "Confirm again" in text(browser.get("/specialist/"))
    assert browser.post(at + "confirm/", {"note": "Same"}).status_code == 302
    assert not Case.objects.get().reconfirm


def test_a_colleague_does_not_read_it(hub_desk: Desk, case: Any) -> None:
    assert hub_desk.at(hub_desk.crew.other_heart).get(f"/specialist/case/{case.pk}/").status_code == 403
    assert hub_desk.at(hub_desk.crew.coordinator).get(f"/specialist/case/{case.pk}/").status_code == 200


def test_on_duty_by_a_tap(hub_desk: Desk) -> None:
    browser = hub_desk.at(hub_desk.crew.heart)
    browser.post("/specialist/duty/", {"specialty": "cardiology", "status": "on"})
    assert Duty.objects.get().status == "on"
    assert browser.post("/specialist/duty/", {"specialty": "surgery", "status": "on"}).status_code == 404


def test_the_list_costs_the_same_for_any_number(hub_desk: Desk, case: Any) -> None:
    browser = hub_desk.at(hub_desk.crew.heart)
    for _ in range(3):
        hub_desk.sent()
    browser.get("/specialist/")
    few = queries(browser, "/specialist/")
    for _ in range(4):
        hub_desk.sent()
    assert queries(browser, "/specialist/") == few


def test_a_case_that_nobody_has_is_taken(hub_desk: Desk) -> None:
    case = hub_desk.sent(duty=False)
    browser = hub_desk.at(hub_desk.crew.heart)
    assert "Take it" in text(browser.get("/specialist/"))
    assert browser.post(f"/specialist/claim/{case.pk}/").status_code == 302
    assert Case.objects.get().specialist_id == hub_desk.crew.heart.pk
    said = text(hub_desk.at(hub_desk.crew.other_heart).post(f"/specialist/claim/{case.pk}/", follow=True))
    assert "Somebody else has it already." in said


def test_a_second_opinion_from_question_to_answer(hub_desk: Desk, case: Any) -> None:
    crew = hub_desk.crew
    mine, other = hub_desk.at(crew.heart), hub_desk.at(crew.other_heart)
    assert other.get(f"/specialist/case/{case.pk}/").status_code == 403
    mine.post(f"/specialist/case/{case.pk}/opinion/", {"of": [str(crew.other_heart.pk)], "question": "Ablation?"})
    assert "Your opinion is asked" in text(other.get("/specialist/"))
    page = other.get(f"/specialist/case/{case.pk}/")
    assert page.status_code == 200 and "Give the opinion" in text(page) and "Decline the case" not in text(page)
    asked = Opinion.objects.get()
    assert mine.post(f"/specialist/opinion/{asked.pk}/", {"text": "No"}).status_code == 404
    other.post(f"/specialist/opinion/{asked.pk}/", {"text": ""})
    other.post(f"/specialist/opinion/{asked.pk}/", {"text": "Rate control first."})
    assert "Rate control first." in text(mine.get(f"/specialist/case/{case.pk}/"))
    assert mine.post(f"/specialist/case/{case.pk}/opinion/", {"of": ["x"], "question": "?"}).status_code == 404


def test_a_swap_is_accepted_from_the_worklist(hub_desk: Desk) -> None:
    crew = hub_desk.crew
    day = local_day() + timedelta(days=3)
    shift = roster.add_shift(crew.other_heart, "cardiology", day, "am", None, published=True)
    swap = roster.ask_swap(shift, crew.heart, crew.other_heart)
    browser = hub_desk.at(crew.heart)
    assert "A colleague asks to swap" in text(browser.get("/specialist/"))
    assert hub_desk.at(crew.other_heart).post(f"/specialist/swap/{swap.pk}/accept/").status_code == 404
    browser.post(f"/specialist/swap/{swap.pk}/accept/")
    assert Shift.objects.get().staff_id == crew.heart.pk
