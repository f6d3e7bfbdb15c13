"""The hub's page that orders a unit to lock or wipe itself; and a unit's pages while it does so."""

from __future__ import annotations

from qafila.journal.here import Here
from qafila.sync import pki
from qafila.sync.models import NodeOrder, NodeOrderDone, Peer
from tests.web.desk import desk
from tests.web.vehicle import fields, text, vehicle


def test_an_order_is_said_twice_with_a_reason_by_who_may(unit: Here) -> None:
    with desk(unit) as made:
        assert unit.directory is not None
        Peer.objects.create(code="U1", profile="unit", signing_key=pki.signing_public(unit.directory / "keys"))
        address = "/coordinator/units/U1/orders/"
        coordinator, admin = made.at(made.crew.coordinator), made.at(made.admin)
        assert made.at(made.crew.heart).get(address).status_code == 403
        page = coordinator.get(address)
        assert "Wipe" not in text(page) and "Lock:" in text(page)
        said = fields(page, 'name="reason"') | {"what": "wipe", "reason": "stolen", "sure": "U1"}
        assert coordinator.post(address, said).status_code == 403, "a coordinator locks, an administrator wipes"
        page = admin.get(address)
        said = fields(page, 'name="reason"') | {"what": "wipe", "reason": "stolen at night", "now": "yes"}
        for wrong in ({"reason": ""}, {"sure": "U2"}, {"sure": ""}):
            assert admin.post(address, said | wrong).status_code == 422
        assert admin.post(address, said | {"what": "sell"}).status_code == 422
        asked = admin.post(address, said)
        assert "Nothing brings it back" in text(asked) and not NodeOrder.objects.exists()
        done = admin.post(address, fields(asked, 'name="sure"') | {"sure": "u1"}, follow=True)
        order = NodeOrder.objects.get()
        assert "Ordered." in text(done) and "waits for the next contact" in text(done)
        assert (order.what, order.unsent_first, order.reason) == ("wipe", False, "stolen at night")
        assert order.signature and NodeOrderDone.objects.count() == 0
        Peer.objects.update(revoked=True)
        assert "shut out" in text(admin.get(address)) and 'name="what"' not in text(admin.get(address))


def test_a_unit_that_closes_shows_nothing(unit: Here) -> None:
    with vehicle(unit) as van:
        assert unit.directory is not None
        browser = van.at("salma")
        (unit.directory / "closing").touch()
        for address in ("/doctor/", "/login/", "/lease/"):
            page = browser.get(address)
            assert page.status_code == 503 and "This unit is closed" in text(page)
