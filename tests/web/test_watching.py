"""Who saw the record, on the screen and on paper; what supervisor and coordinator look at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from qafila.clinic.access import acts, looks
from qafila.clinic.access.models import AccessGrant, AccessReview, DayOfLooks
from qafila.journal.here import Here, at
from qafila.journal.ingest import ingest, parcels_of
from qafila.journal.models import Lane, Read, Record
from qafila.kernel import clock
from qafila.registry.staff.acts import create_staff
from qafila.registry.staff.models import Staff
from qafila.registry.units.acts import assign_staff, create_unit
from tests.web.desk import Desk, desk
from tests.web.vehicle import fields, text

REASON = "Unconscious after a road accident"


@pytest.fixture
def hub_desk(unit: Here) -> Iterator[Desk]:
    with desk(unit) as made:
        yield made


def person_of(unit_code: str, username: str, role: str) -> Staff:
    from qafila.registry.units.models import Unit

    there = Unit.objects.filter(code=unit_code).first() or create_unit(None, unit_code, unit_code, home="05.081")
    staff = create_staff(None, username, "Chevre-montagne-11", username.title(), [role], interface_language="en")
    assign_staff(there, staff, None)
    return staff


def yesterday(*, by: timedelta = timedelta(days=1)) -> None:
    for row in Read.objects.all():
        Read.objects.filter(pk=row.pk).update(at=row.at - by)


def test_the_looks_of_a_day_are_one_small_record_in_the_lane_of_logs(hub_desk: Desk, hub: Here) -> None:
    visit = hub_desk.crew.visit()
    person = hub_desk.crew.patient
    doctor, nurse = hub_desk.at(hub_desk.crew.doctor), hub_desk.at(hub_desk.crew.nurse)
    for _ in range(3):
        doctor.get(f"/records/patients/{person.pk}/")
    nurse.get(f"/nurse/record/{visit.pk}/")
    assert looks.sum_up() == 0
    yesterday()
    assert looks.sum_up() == 1 and looks.sum_up() == 0
    row = DayOfLooks.objects.get()
    record = Record._base_manager.get(subject=row.pk)
    assert (record.lane, record.patient) == (Lane.LOG, person.pk)
    assert [(line[1], line[4]) for line in row.looks] == [("unit", 3), ("unit", 1)]
    assert len(bytes(record.fields)) < 400
    # Elsewhere the same is read from the record.
    other = Here("U9", "unit", database=hub.database)
    parcels = parcels_of(Record.objects.order_by("no"))
    with at(other):
        ingest(parcels)
        told = looks.of_patient(person.pk)
        assert {(one.staff, one.count, one.node) for one in told} == {
            (hub_desk.crew.nurse.pk, 1, "H"), (hub_desk.crew.doctor.pk, 3, "H"),
        }  # fmt: skip
        assert looks.told_until(person.pk) == {"H": row.day}


def test_a_line_that_another_node_wrote_otherwise_is_left_out() -> None:
    day = clock.now().date()
    for bad in (None, {}, [1], [["x", "unit", 1, 2, 3, []]], [["", "unit", "a", 2, 3, []]], [["", "u", 1, 2, 3, None]]):
        assert looks.lines(DayOfLooks(day=day, node="U1", looks=bad)) == []


def test_who_saw_on_the_screen_and_on_paper(hub_desk: Desk) -> None:
    stranger = person_of("U2", "noura", "doctor")
    hub_desk.crew.visit()
    person = hub_desk.crew.patient
    acts.break_glass(person, stranger, REASON)
    hub_desk.at(stranger).get(f"/records/patients/{person.pk}/")
    hub_desk.at(hub_desk.crew.doctor).get(f"/records/patients/{person.pk}/")
    page = text(hub_desk.at(hub_desk.crew.coordinator).get(f"/records/people/{person.pk}/looks/"))
    for words in ("Noura", "General doctor", "emergency access", REASON, "Patient page", "care in the unit"):
        assert words in page, words
    assistant = hub_desk.at(hub_desk.crew.assistant)
    assert assistant.get(f"/records/people/{person.pk}/looks/").status_code == 200
    paper = assistant.get(f"/watch/people/{person.pk}/looks/print/?lang=both&paper=A4")
    assert paper.status_code == 200 and paper.content.startswith(b"%PDF")
    assert hub_desk.at(person_of("U2", "ilham", "nurse")).get(
        f"/watch/people/{person.pk}/looks/print/"
    ).status_code == 403  # fmt: skip


def test_a_supervisor_is_told_and_says_what_they_found(hub_desk: Desk) -> None:
    stranger, boss = person_of("U2", "noura", "doctor"), person_of("U2", "karim", "supervisor")
    elsewhere = person_of("U3", "samia", "supervisor")
    hub_desk.crew.visit()
    grant = acts.break_glass(hub_desk.crew.patient, stranger, REASON)
    for who, told in ((boss, True), (hub_desk.crew.coordinator, True), (elsewhere, False)):
        browser = hub_desk.at(who)
        assert ("1 emergency access was not looked at" in text(browser.get("/account/"))) is told
        assert (REASON in text(browser.get("/watch/emergency/"))) is told
    page = hub_desk.at(boss).get("/watch/emergency/")
    assert "Noura" in text(page) and hub_desk.crew.patient.code in text(page) and "Salma" not in text(page)
    assert hub_desk.at(stranger).get("/watch/emergency/").status_code == 403
    hidden = fields(page, grant.pk.hex)
    url = "/watch/review/break_glass/"
    assert hub_desk.at(elsewhere).post(url, hidden | {"verdict": "in_order"}).status_code == 404
    assert hub_desk.at(boss).post(url, hidden | {"verdict": "pursue", "words": ""}).status_code == 422
    assert hub_desk.at(boss).post(url, hidden | {"verdict": "in_order", "words": "Asked"}).status_code == 302
    row = AccessReview.objects.get()
    assert (row.verdict, row.by_id, row.person_id) == ("in_order", boss.pk, hub_desk.crew.patient.pk)
    assert "was not looked at" not in text(hub_desk.at(boss).get("/account/"))
    assert "looked at, in order" in text(hub_desk.at(boss).get("/watch/emergency/"))


def test_nobody_looks_at_their_own(hub_desk: Desk) -> None:
    boss = person_of("U2", "karim", "supervisor")
    hub_desk.crew.visit()
    grant = acts.break_glass(hub_desk.crew.patient, boss, REASON)
    browser = hub_desk.at(boss)
    assert "This is your own" in text(browser.get("/watch/emergency/"))
    said = {"about": grant.pk.hex, "verdict": "in_order"}
    assert browser.post("/watch/review/break_glass/", said).status_code == 403
    assert not AccessReview.objects.exists()


def test_unusual_reading_is_listed_and_answered_for_by_a_person(hub_desk: Desk) -> None:
    stranger = person_of("U2", "noura", "doctor")
    hub_desk.crew.visit()
    acts.break_glass(hub_desk.crew.patient, stranger, REASON)
    coordinator = hub_desk.at(hub_desk.crew.coordinator)
    doctor = hub_desk.at(hub_desk.crew.doctor)
    doctor.get(f"/records/patients/{hub_desk.crew.patient.pk}/")
    row = Read.objects.filter(actor=hub_desk.crew.doctor.pk).get()
    night = (row.at - timedelta(days=2)).replace(hour=1, minute=30)
    Read.objects.filter(pk=row.pk).update(at=night)
    page = coordinator.get("/watch/unusual/")
    assert "Read at night" in text(page) and hub_desk.crew.patient.code in text(page)
    hidden = fields(page, "w-night")
    assert coordinator.post("/watch/review/night/", hidden | {"verdict": "in_order"}).status_code == 302
    assert "looked at, in order" in text(coordinator.get("/watch/unusual/"))
    assert coordinator.post("/watch/review/night/", {"about": "x", "verdict": "in_order"}).status_code == 404
    assert AccessGrant.objects.count() == 1
