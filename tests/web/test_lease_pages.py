"""A unit without contact for too long: what is closed, what never is, and how it is opened."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from qafila.clinic.visits.acts import open_visit
from qafila.journal.here import Here
from qafila.kernel import typed
from qafila.registry.people.acts import register
from qafila.registry.people.details import NameParts
from qafila.registry.people.models import Person
from qafila.sync import lease, pki
from qafila.sync.models import Lease, LeaseCode, LeaseOpening, Peer
from qafila.web.lease_gate import PAST, of_the_past
from tests.web.desk import desk
from tests.web.test_access import EVERY
from tests.web.vehicle import Vehicle, fields, text, vehicle


@pytest.fixture
def van(unit: Here) -> Iterator[Vehicle]:
    with vehicle(unit) as made:
        assert unit.directory is not None
        keys = unit.directory / "keys"
        Peer.objects.create(code="H", upward=True, sealing_key=pki.sealing_public(keys))
        lease.TERMS.warn_days, lease.TERMS.close_days = 31, 45
        lease.met()
        yield made
        lease.TERMS.warn_days = lease.TERMS.close_days = 0


def spent(days: int) -> None:
    Lease.objects.update(spent_s=days * lease.DAY_S)
    lease.tick()


def person(van: Vehicle, name: str) -> Person:
    return register(van.crew["fatima"], van.unit, names=[NameParts("Latn", name, family="Alami")])


def test_people_are_warned_on_every_page_and_nothing_is_closed_yet(van: Vehicle) -> None:
    one = person(van, "Zineb")
    browser = van.at("salma")
    assert "Long without contact" not in text(browser.get("/doctor/"))
    spent(32)
    for address in ("/doctor/", "/link/", f"/records/patients/{one.pk}/"):
        page = browser.get(address)
        assert page.status_code == 200 and "history closes in 13 days" in text(page)
    assert "13 days left" in text(browser.get("/link/"))


def test_history_closes_and_what_is_new_or_under_way_does_not(van: Vehicle) -> None:
    absent, present = person(van, "Absent"), person(van, "Present")
    visit = open_visit(present, van.unit, van.crew["fatima"])
    spent(46)
    doctor, nurse, desk_ = van.at("salma"), van.at("rachid"), van.at("fatima")
    for address in (
        f"/records/patients/{absent.pk}/",
        f"/records/people/{present.pk}/",
        f"/nurse/trends/{present.pk}/",
    ):
        page = doctor.get(address)
        assert page.status_code == 403 and "History is closed" in text(page), address
        assert "Alami" not in text(page)
    for browser, address in (
        (nurse, f"/nurse/record/{visit.pk}/"),
        (nurse, f"/nurse/vitals/{visit.pk}/"),
        (doctor, f"/doctor/visit/{visit.pk}/"),
        (doctor, f"/records/patients/{present.pk}/"),
        (desk_, "/reception/people/register/"),
        (desk_, f"/reception/people/{absent.pk}/"),
        (desk_, "/reception/queue/"),
    ):
        page = browser.get(address)
        assert page.status_code == 200 and "history is closed" in text(page), address
    form = fields(desk_.get(f"/reception/people/{absent.pk}/"), "/open/")
    assert desk_.post(f"/reception/queue/open/{absent.pk}/", form).status_code == 302
    assert doctor.get(f"/records/patients/{absent.pk}/").status_code == 200, "being seen opens the record"


def test_a_code_by_telephone_opens_it(van: Vehicle) -> None:
    one = person(van, "Zineb")
    spent(46)
    browser = van.at("salma")
    page = browser.get("/lease/")
    assert lease.ask() in text(page)
    form = fields(page, 'name="code"')
    assert "character is wrong" in text(browser.post("/lease/", form | {"code": "1234"}, follow=True))
    # This node is its own hub here: both ends of the key are its own.
    Peer.objects.create(code="U1", sealing_key=bytes(Peer.objects.get(code="H").sealing_key))
    spelt = lease._answer(bytes(Peer.objects.get(code="H").sealing_key), "U1", "H", lease.ask(), 7)
    form = fields(browser.get("/lease/"), 'name="code"')
    page = text(browser.post("/lease/", form | {"code": typed.spell(spelt)}, follow=True))
    assert "History is open for 7 days" in page and LeaseOpening.objects.get().days == 7
    assert browser.get(f"/records/patients/{one.pk}/").status_code == 200


def test_the_hub_makes_the_code_for_who_may_and_keeps_why(unit: Here) -> None:
    with desk(unit) as made:
        assert unit.directory is not None
        Peer.objects.create(code="U1", profile="unit", sealing_key=pki.sealing_public(unit.directory / "keys"))
        browser, address = made.at(made.crew.coordinator), "/coordinator/units/U1/lease/"
        sound = {"challenge": typed.spell(b"abcde"), "days": "14", "reason": "No mast since June"}
        for wrong in ({"reason": ""}, {"days": "400"}, {"days": "x"}, {"challenge": "0000-0000-00"}):
            assert browser.post(address, sound | wrong).status_code == 422
        assert not LeaseCode.objects.exists()
        page = text(browser.post(address, sound))
        assert "Read this code out" in page and LeaseCode.objects.get().reason == "No mast since June"
        assert made.at(made.crew.heart).get(address).status_code == 403
        assert browser.get("/coordinator/units/U8/lease/").status_code == 404


def test_a_new_page_that_names_a_row_is_closed_until_somebody_decides() -> None:
    names = {f"{a}": p for a, p in EVERY.items() if "<uuid:" in a}
    free = [a for a in names if not of_the_past(view_name(a), {"x": UUID(int=1)})]
    allowed = ("reception/", "stock/", "equipment/", "packs/", "coordinator/")
    assert free and all(address.startswith(allowed) for address in free)
    assert {view_name(a) for a in names} >= PAST


def view_name(address: str) -> str:
    return f"{address.split('/')[0]}:{EVERY[address].name}"
