"""Another unit's patient: nothing of the record, two ways on, and what each leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from qafila.clinic.access import acts
from qafila.clinic.access.identity import Shown
from qafila.clinic.access.models import AccessGrant
from qafila.journal.here import Here
from qafila.journal.models import Read, Record
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.registry.people.models import Person
from qafila.registry.staff.acts import create_staff
from qafila.registry.staff.models import Staff
from qafila.registry.units.acts import assign_staff, create_unit
from tests.web.desk import Desk, desk
from tests.web.vehicle import text

REASON = "Unconscious after a road accident"


@pytest.fixture
def hub_desk(unit: Here) -> Iterator[Desk]:
    with desk(unit) as made:
        yield made


@pytest.fixture
def stranger(hub_desk: Desk) -> Staff:
    """A doctor of another unit."""
    other = create_unit(None, "U2", "Unit two", home="05.081")
    staff = create_staff(None, "noura", "Chevre-montagne-11", "Noura", ["doctor"], interface_language="en")
    assign_staff(other, staff, None)
    return staff


def pages(hub_desk: Desk) -> list[str]:
    visit = hub_desk.crew.visit()
    person = hub_desk.crew.patient.pk
    return [
        f"/records/patients/{person}/", f"/reception/people/{person}/", f"/records/people/{person}/",
        f"/nurse/record/{visit.pk}/", f"/doctor/visit/{visit.pk}/", f"/prints/visit/{visit.pk}/",
        f"/prints/card/{person}/",
    ]  # fmt: skip


def test_a_doctor_of_another_unit_reads_nothing_until_the_person_is_there(hub_desk: Desk, stranger: Staff) -> None:
    person, browser = hub_desk.crew.patient, hub_desk.at(stranger)
    every = pages(hub_desk)
    for address in every:
        answer = browser.get(address)
        assert answer.status_code in (403, 404), address
        assert person.code not in text(answer) and "Salma" not in text(answer), address
    assert not Read.objects.filter(actor=stranger.pk).exists()
    page = text(browser.get(every[0]))
    assert "Not your patient" in page and "The person is here" in page and "Emergency access" in page
    wrong = browser.post(f"/watch/people/{person.pk}/present/", {"card": "MMFE-T48G-2", "next": every[0]})
    assert wrong.status_code == 422 and "does not fit" in text(wrong)
    right = browser.post(f"/watch/people/{person.pk}/present/", {"card": person.code, "next": every[0]})
    assert right.status_code == 302 and right["Location"] == every[0]
    assert browser.get(every[0]).status_code == 200
    row = AccessGrant.objects.get()
    assert (row.way, row.person_id, row.staff_id) == ("card", person.pk, stranger.pk)
    assert Record._base_manager.get(subject=row.pk).patient == person.pk
    assert Read.objects.filter(actor=stranger.pk, page="records.patient").get().basis == "present"
    # The same card once more is the same presence.
    browser.post(f"/watch/people/{person.pk}/present/", {"card": person.code})
    assert AccessGrant.objects.count() == 1


def test_presence_ends_by_itself_and_is_the_whole_crews(hub_desk: Desk, stranger: Staff) -> None:
    person = hub_desk.crew.patient
    hub_desk.crew.visit()
    nurse = create_staff(None, "ilham", "Chevre-montagne-11", "Ilham", ["nurse"], interface_language="en")
    grant = acts.present(person, stranger, None, Shown(person.code))
    assert hub_desk.at(nurse).get(f"/records/patients/{person.pk}/").status_code == 403
    from qafila.registry.units.models import Unit

    assign_staff(Unit.objects.get(code="U2"), nurse, None)
    assert hub_desk.at(nurse).get(f"/records/patients/{person.pk}/").status_code == 200
    moved(grant, timedelta(hours=-13))
    assert hub_desk.at(nurse).get(f"/records/patients/{person.pk}/").status_code == 403
    assert hub_desk.at(stranger).get(f"/records/patients/{person.pk}/").status_code == 403


def test_two_identifiers_have_to_fit_both_and_guessing_is_stopped(hub_desk: Desk, stranger: Staff) -> None:
    person, browser = hub_desk.crew.patient, hub_desk.at(stranger)
    hub_desk.crew.visit()
    with writing(None, "setup") as write:
        row = Person.objects.get(pk=person.pk)
        row.national_id, row.phone = "AB123456", "0612345678"
        write.save(row)
    address = f"/watch/people/{person.pk}/present/"
    for said in ({"identity": "AB123456"}, {"phone": "0612345678"}, {"identity": "AB123456", "phone": "0600000000"},
                 {"name": "Somebody Else", "identity": "AB123456"}):  # fmt: skip
        assert browser.post(address, said).status_code == 422
    assert browser.post(address, {"identity": "ab 123456", "phone": "+212612345678"}).status_code == 302
    acts.end(AccessGrant.objects.get(), stranger)
    assert browser.post(address, {"card": "MMFE-T48G-2"}).status_code == 422
    stopped = browser.post(address, {"card": person.code})
    assert stopped.status_code == 422 and "Too many wrong tries" in text(stopped)


def test_emergency_access_needs_a_reason_and_says_so_on_every_page(hub_desk: Desk, stranger: Staff) -> None:
    person, browser = hub_desk.crew.patient, hub_desk.at(stranger)
    visit = hub_desk.crew.visit()
    address = f"/watch/people/{person.pk}/emergency/"
    assert browser.post(address, {"reason": "urgent"}).status_code == 422
    assert browser.post(address, {"reason": REASON, "next": "https://elsewhere.example/"}).status_code == 302
    row = AccessGrant.objects.get()
    assert row.reason == REASON and row.until - row.at == timedelta(hours=4)
    for page in (f"/records/patients/{person.pk}/", f"/nurse/record/{visit.pk}/", f"/reception/people/{person.pk}/"):
        shown = browser.get(page)
        assert shown.status_code == 200 and "Emergency access." in text(shown) and REASON in text(shown)
    look = Read.objects.filter(actor=stranger.pk, page="records.patient").get()
    assert (look.basis, look.reason) == ("broken", REASON)
    # It is one person's, not the crew's; the own crew sees no banner.
    assert "Emergency access." not in text(hub_desk.at(hub_desk.crew.doctor).get(f"/records/patients/{person.pk}/"))
    assert browser.post(f"/watch/emergency/{row.pk}/end/").status_code == 302
    assert browser.get(f"/records/patients/{person.pk}/").status_code == 403


def test_a_specialist_reads_as_long_as_the_case_needs_it(hub_desk: Desk) -> None:
    from qafila.clinic.cases.models import Case

    case = hub_desk.sent()
    person, heart = hub_desk.crew.patient, hub_desk.at(hub_desk.crew.heart)
    other = hub_desk.at(hub_desk.crew.other_heart)
    for browser, status in ((heart, 200), (other, 403)):
        assert browser.get(f"/specialist/case/{case.pk}/").status_code == status
        assert browser.get(f"/records/patients/{person.pk}/").status_code == status
    page = text(other.get(f"/records/patients/{person.pk}/"))
    assert "Emergency access" in page and "The person is here" not in page
    with writing(None, "setup") as write:
        row = Case.objects.get(pk=case.pk)
        row.status, row.closed_at = "closed", clock.now() - timedelta(days=13)
        write.save(row)
    assert heart.get(f"/specialist/case/{case.pk}/").status_code == 200
    with writing(None, "setup") as write:
        row = Case.objects.get(pk=case.pk)
        row.closed_at = clock.now() - timedelta(days=15)
        write.save(row)
    assert heart.get(f"/specialist/case/{case.pk}/").status_code == 403
    assert heart.get(f"/records/patients/{person.pk}/").status_code == 403
    assert other.post(f"/watch/people/{person.pk}/emergency/", {"reason": REASON}).status_code == 302
    assert other.get(f"/records/patients/{person.pk}/").status_code == 200


def test_who_holds_no_right_gets_no_way_in(hub_desk: Desk) -> None:
    person, admin = hub_desk.crew.patient, hub_desk.at(hub_desk.admin)
    assert admin.post(f"/watch/people/{person.pk}/emergency/", {"reason": REASON}).status_code == 403
    assert admin.post(f"/watch/people/{person.pk}/present/", {"card": person.code}).status_code == 403
    heart = hub_desk.at(hub_desk.crew.heart)
    assert heart.post(f"/watch/people/{person.pk}/present/", {"card": person.code}).status_code == 403
    assert not AccessGrant.objects.exists()


def test_the_own_patients_record_costs_few_queries(hub_desk: Desk) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from qafila.clinic.access import door
    from qafila.kernel.looks import one_look

    person = hub_desk.crew.visit().person
    with CaptureQueriesContext(connection) as seen, one_look():
        door.may_open(hub_desk.crew.doctor, person.pk)
        door.may_open(hub_desk.crew.doctor, person.pk, "visit.read")
    assert len(seen) == 4


def moved(grant: AccessGrant, by: timedelta) -> None:
    with writing(None, "setup") as write:
        row = AccessGrant.objects.get(pk=grant.pk)
        row.at, row.until = row.at + by, row.until + by
        write.save(row)


def test_a_visit_is_no_way_round_the_door(hub_desk: Desk, stranger: Staff) -> None:
    from qafila.clinic.visits import acts as visits
    from qafila.kernel.rights import Closed
    from qafila.registry.units.models import Unit

    hub_desk.crew.visit()
    there = Unit.objects.get(code="U2")
    with pytest.raises(Closed):
        visits.open_visit(hub_desk.crew.patient, there, stranger)
    acts.present(hub_desk.crew.patient, stranger, there, Shown(hub_desk.crew.patient.code))
    visit = visits.open_visit(hub_desk.crew.patient, there, stranger)
    assert visit.unit_id == there.pk
    acts.end(AccessGrant.objects.get(), stranger)
    # From now on the person is this unit's patient, too.
    assert hub_desk.at(stranger).get(f"/records/patients/{hub_desk.crew.patient.pk}/").status_code == 200
