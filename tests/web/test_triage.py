"""Triage through the screens: each age and state gets its table, the queue says level, wait and when to look again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from qafila.clinic.visits import acts as visits
from qafila.clinic.visits.models import Visit
from qafila.journal import history
from qafila.journal.here import Here
from qafila.kernel import clock
from qafila.kernel.dates import PartialDate
from qafila.registry.people import acts
from qafila.registry.people.details import NameParts
from qafila.registry.places.here import local_day
from tests.web.vehicle import Vehicle, text, vehicle

WELL = {"respirations": "16", "spo2": "98", "breathes": "air", "systolic": "120", "diastolic": "80", "pulse": "72",
        "consciousness": "A", "temperature": "36.9"}  # fmt: skip


@pytest.fixture
def van(unit: Here) -> Iterator[Vehicle]:
    with vehicle(unit) as made:
        yield made


def arrives(van: Vehicle, days: int, sex: str = "female") -> Visit:
    born = local_day() - timedelta(days=days)
    birth = PartialDate(born.year, born.month, born.day)
    person = acts.register(van.crew["fatima"], van.unit, names=[NameParts("Latn", "Nour")], birth=birth, sex=sex)
    return visits.open_visit(person, van.unit, van.crew["fatima"])


def sheet_of(van: Vehicle, visit: Visit) -> str:
    return van.at("rachid").get(f"/nurse/vitals/{visit.pk}/").content.decode()


def save(van: Vehicle, visit: Visit, **typed: str) -> Visit:
    answer = van.at("rachid").post(f"/nurse/vitals/{visit.pk}/", typed)
    assert answer.status_code == 302, text(answer)
    return Visit.objects.get(pk=visit.pk)


YEARS = 365.25


@pytest.mark.parametrize(
    ("days", "sign", "table"),
    [
        (20, "not_feeding_well", "danger-signs-young-infant"),
        (59, "yellow_palms_or_soles", "danger-signs-young-infant"),
        (60, "stridor", "danger-signs-child"),
        (int(4.9 * YEARS), "cannot_drink", "danger-signs-child"),
        (int(5.1 * YEARS), "shock", "emergency-signs-child"),
        (int(15.9 * YEARS), "severe_dehydration", "emergency-signs-child"),
    ],
)
def test_each_age_is_asked_its_own_signs(van: Vehicle, days: int, sign: str, table: str) -> None:
    visit = arrives(van, days, "male")
    assert f'name="sign-{sign}"' in sheet_of(van, visit)
    seen = save(van, visit, **{f"sign-{sign}": "yes"})
    assert (seen.triage, seen.triage_basis["table"]) == ("red", table)
    queue = text(van.at("rachid").get("/reception/queue/"))
    assert "triage-red" in queue and "Immediate" in queue and "look at again:" in queue
    record = text(van.at("rachid").get(f"/nurse/record/{visit.pk}/"))
    assert ("edition 2014" in record) == (table == "danger-signs-young-infant")


def test_an_adult_is_scored_from_sixteen(van: Vehicle) -> None:
    visit = arrives(van, int(16.1 * YEARS), "male")
    assert 'name="sign-' not in sheet_of(van, visit)
    assert save(van, visit, **WELL).triage == "green"
    assert save(van, visit, **WELL | {"pulse": "135"}).triage == "orange"


def test_a_young_infants_high_count_is_counted_again(van: Vehicle) -> None:
    visit = arrives(van, 20)
    assert 'name="respirations_again"' in sheet_of(van, visit)
    typed = {"respirations": "64", "temperature": "36.9"}
    first = save(van, visit, **typed)
    assert first.triage == "" and "respirations_again" in first.triage_basis["missing"]
    assert save(van, visit, **typed, respirations_again="62").triage == "red"
    assert 'name="respirations_again"' not in sheet_of(van, arrives(van, 70))


@pytest.mark.parametrize("state", ["yes", "after"])
def test_pregnancy_and_the_weeks_after_birth_ask_the_obstetric_signs(van: Vehicle, state: str) -> None:
    visit = arrives(van, 9000)
    page = sheet_of(van, visit)
    assert 'id="obstetric" aria-labelledby="o-signs" hidden' in page and 'name="sign-bleeding_vaginally"' in page
    seen = save(van, visit, **WELL, pregnant=state)
    assert seen.triage_basis["table"] == "danger-signs-pregnancy" and "severe_headache" in seen.triage_basis["missing"]
    assert 'aria-labelledby="o-signs" hidden' not in sheet_of(van, visit)
    seen = save(van, visit, pregnant=state, **{"sign-severe_headache": "yes"})
    assert seen.triage == "red"
    assert "to 6 weeks after birth" in text(van.at("salma").get(f"/doctor/visit/{visit.pk}/"))


def test_who_is_neither_is_scored_as_an_adult(van: Vehicle) -> None:
    visit = arrives(van, 9000)
    seen = save(van, visit, **WELL, pregnant="no", **{"sign-bleeding_vaginally": "yes"})
    # A sign that was ticked before the answer changed is not on the sheet any more.
    assert (seen.triage, seen.triage_basis["table"]) == ("green", "news2")


def test_a_person_sets_another_level_with_a_reason(van: Vehicle) -> None:
    visit = save(van, arrives(van, 12000, "male"), **WELL)
    url = f"/nurse/record/{visit.pk}/triage/"
    assert van.at("rachid").post(url, {"level": "orange", "reason": " "}).status_code == 422
    assert Visit.objects.get().triage == "green"
    assert van.at("rachid").post(url, {"level": "orange", "reason": "grey and sweating"}).status_code == 302
    seen = Visit.objects.get()
    assert (seen.triage, seen.triage_basis["level"]) == ("orange", "green")
    assert "visit.triage" in {one.act for one in history.of_patient(visit.person_id, 100)}
    queue = text(van.at("fatima").get("/reception/queue/"))
    assert "Very urgent" in queue and "level set by hand:" in queue and "grey and sweating" in queue


def test_who_has_waited_too_long_is_to_be_looked_at_again(van: Vehicle) -> None:
    visit = save(van, arrives(van, 12000, "male"), **WELL | {"pulse": "135"})
    assert visit.reassess_at is not None and visit.reassess_at > clock.now()
    page = text(van.at("rachid").get("/reception/queue/"))
    assert "look at again:" in page and "Look at again" not in page and "here for 0 min" in page
