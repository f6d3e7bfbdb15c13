"""Signing on the answer's page: by the password, within a shift by the PIN, and by nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from qafila.clinic.cases import acts
from qafila.clinic.cases.models import Answer
from qafila.clinic.cases.proof import proof_of
from qafila.clinic.visits.models import Draft
from qafila.journal.here import Here
from qafila.registry.staff.models import Pin
from tests.clinic.conftest import ANSWER, PASSWORD
from tests.web.desk import Desk, desk
from tests.web.vehicle import text

PIN = "204817"


@pytest.fixture
def hub_desk(unit: Here) -> Iterator[Desk]:
    with desk(unit) as made:
        yield made


@pytest.fixture
def case(hub_desk: Desk) -> Any:
    return acts.accept(hub_desk.sent(), hub_desk.crew.heart)


def test_by_the_pin_of_the_shift(hub_desk: Desk, case: Any) -> None:
    browser = hub_desk.at(hub_desk.crew.heart)
    assert "Your password" in text(browser.get("/pin/"))
    wrong = browser.post("/pin/", {"pin": PIN, "again": PIN, "password": "not-it"})
    assert wrong.status_code == 400 and not Pin.objects.exists()
    browser.post("/pin/", {"pin": PIN, "again": PIN, "password": PASSWORD})
    assert "Your PIN of this shift" in text(browser.get(f"/specialist/case/{case.pk}/"))
    sent = browser.post(f"/specialist/case/{case.pk}/answer/", ANSWER | {"secret": "٢٠٤٨١٧"})
    assert sent.status_code == 302 and proof_of(Answer.objects.get()).good
    assert "Covers:" in text(browser.get(f"/specialist/case/{case.pk}/"))


def test_the_fifth_wrong_pin_ends_it_and_the_password_still_signs(hub_desk: Desk, case: Any) -> None:
    browser, at = hub_desk.at(hub_desk.crew.heart), f"/specialist/case/{case.pk}/answer/"
    browser.post("/pin/", {"pin": PIN, "again": PIN, "password": PASSWORD})
    for number in range(5):
        refused = browser.post(at, ANSWER | {"secret": "000111", "once": f"try-{number}"})
        assert refused.status_code == 422 and "Not signed" in text(refused) and "000111" not in text(refused)
        assert "Benign palpitations" in text(refused)
    assert Pin.objects.get().failures == 5
    assert browser.post(at, ANSWER | {"secret": PIN}).status_code == 422 and not Answer.objects.exists()
    assert browser.post(at, ANSWER | {"secret": PASSWORD}).status_code == 302 and Answer.objects.count() == 1


def test_the_fifth_wrong_password_has_to_wait(hub_desk: Desk, case: Any) -> None:
    browser, at = hub_desk.at(hub_desk.crew.heart), f"/specialist/case/{case.pk}/answer/"
    for number in range(5):
        assert browser.post(at, ANSWER | {"secret": f"wrong-{number}"}).status_code == 422
    assert browser.post(at, ANSWER | {"secret": PASSWORD}).status_code == 422
    assert not Answer.objects.exists()


def test_what_is_wrong_in_the_form_and_the_signature_are_said_at_once(hub_desk: Desk, case: Any) -> None:
    browser, at = hub_desk.at(hub_desk.crew.heart), f"/specialist/case/{case.pk}/answer/"
    given = {"diagnosis": "Benign", "medicine-words-0": "Aspirin", "medicine-per_day-0": "99", "secret": "no"}
    page = text(browser.post(at, given))
    assert "Not signed" in page and "Times a day: between" in page and 'value="Aspirin"' in page


def test_the_secret_is_in_no_draft(hub_desk: Desk, case: Any) -> None:
    browser = hub_desk.at(hub_desk.crew.heart)
    browser.post("/nurse/draft/", {"draft": f"answer:{case.pk.hex}", "plan": "Rest", "secret": PASSWORD})
    assert PASSWORD not in Draft.objects.get().data and "Rest" in Draft.objects.get().data
