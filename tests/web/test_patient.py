"""The patient page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from qafila.clinic.history.models import HistoryEntry
from qafila.clinic.visits.models import Consent
from qafila.journal.here import Here
from qafila.journal.models import Read
from qafila.registry.people import acts
from qafila.registry.people.details import NameParts
from qafila.registry.people.models import Person
from tests.web.vehicle import Vehicle, fields, text, vehicle


@pytest.fixture
def van(unit: Here) -> Iterator[Vehicle]:
    with vehicle(unit) as made:
        yield made


@pytest.fixture
def woman(van: Vehicle) -> Person:
    return acts.register(None, van.unit, names=[NameParts("Latn", "Fatima", "", "Benali")], sex="female")


def post(client: Any, page: str, to: str, form: str, **said: Any) -> Any:
    return client.post(to, fields(client.get(page), form) | said)


def test_allergies_stand_first_and_nothing_asked_is_said(van: Vehicle, woman: Person) -> None:
    page = text(van.at("salma").get(f"/records/patients/{woman.pk}/"))
    assert page.index("h-allergies") < page.index("h-problem") < page.index("h-medication")
    assert page.count("Not asked yet") == 1 + 4 + 7
    assert Read.objects.filter(patient=woman.pk, page="records.patient").exists()


def test_lists_are_filled_changed_and_put_right(van: Vehicle, woman: Person) -> None:
    doctor, page = van.at("salma"), f"/records/patients/{woman.pk}/"
    problem = f"{page}lists/problem/"
    assert post(doctor, page, problem, "lists/problem", words="Asthma", since="03/2019").status_code == 302
    assert "Asthma" in text(doctor.get(page))
    refused = post(doctor, page, problem, "lists/problem", words="Gout", since="2091")
    assert refused.status_code == 422 and "Gout" in text(refused)
    assert post(doctor, page, f"{page}lists/family/", "lists/family", none="yes").status_code == 302
    entry = HistoryEntry.objects.get(section="problem")
    change = f"{page}entries/{entry.pk}/"
    assert post(doctor, page, change, str(entry.pk), state="resolved").status_code == 302
    assert "Past (1)" in text(doctor.get(page))
    assert van.at("rachid").post(problem, {"words": "Gout"}).status_code == 403


def test_a_consent_is_given_and_taken_back(van: Vehicle, woman: Person) -> None:
    doctor, page = van.at("salma"), f"/records/patients/{woman.pk}/"
    said = {"purpose": "abroad", "decision": "permit", "method": "spoken", "given_by": "self"}
    assert post(doctor, page, f"{page}consents/", "multipart", **said).status_code == 302
    given = Consent.objects.get()
    assert post(doctor, page, f"{page}consents/{given.pk}/", str(given.pk), reason="thought again").status_code == 302
    assert "taken back" in text(doctor.get(page))
    assert post(doctor, page, f"{page}consents/", "multipart", purpose="abroad").status_code == 422


def test_who_may_look(van: Vehicle, woman: Person) -> None:
    page = f"/records/patients/{woman.pk}/"
    assert van.at("rachid").get(page).status_code == 200
    assert van.at("fatima").get(page).status_code == 403
    assert van.at("salma").get("/records/patients/00000000-0000-0000-0000-000000000001/").status_code == 404
