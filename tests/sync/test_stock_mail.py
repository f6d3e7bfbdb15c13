"""A unit's stock goes to the boxes of that unit, a shipment to both ends, and a new box gets what is there."""

from __future__ import annotations

from datetime import timedelta

from qafila.journal.here import at
from qafila.journal.models import Record
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.registry.places.here import local_day
from qafila.registry.staff.models import Staff
from qafila.registry.stock import acts
from qafila.registry.units.models import Assignment, Unit
from qafila.sync.models import Mail, Peer
from tests.sync.pair import Pair
from tests.sync.test_mailbox import fleet, post

__all__ = ["fleet"]


def stock_mail(pair: Pair) -> dict[str, set[str]]:
    """Box → kinds of stock that it gets mail of."""
    found: dict[str, set[str]] = {}
    with at(pair.hub):
        for to, kind in Mail.objects.values_list("to", "record__kind"):
            if kind in ("registry.lot", "registry.stockmove", "registry.shipment"):
                found.setdefault(to, set()).add(kind)
    return found


def test_stock_stays_with_its_unit_and_a_shipment_goes_to_both_ends(pair: Pair, fleet: dict[str, Unit]) -> None:
    with at(pair.unit):
        # what the unit needs to act is not what is looked at here
        with writing(None, "setup") as write:
            nurse = write.save(Staff(username="n", name="N", roles=["nurse"]))
            for name in ("M1", "M3"):
                unit = fleet[name]
                write.save(Unit(id=unit.pk, code=name, name=name))
            write.save(Assignment(unit=fleet["M1"], staff=nurse, starts=local_day() - timedelta(days=1)))
        start = Record.objects.order_by("-no").values_list("no", flat=True).first() or 0
        ends = local_day() + timedelta(days=100)
        product = ("amoxicillin", "capsule", "500 mg")
        lot = acts.receive(fleet["M1"], nurse, product, "A1", ends, 50).lot
    post(pair, start)
    assert stock_mail(pair) == {"U2": {"registry.lot", "registry.stockmove"}}
    with at(pair.unit):
        start = Record.objects.order_by("-no").values_list("no", flat=True).first() or 0
        acts.send(lot, nurse, fleet["M3"], 20)
    post(pair, start)
    assert stock_mail(pair)["U3"] == {"registry.shipment", "registry.stockmove"}
    with at(pair.hub):
        Peer.objects.create(code="U4", profile="unit")
        with writing(None, "unit.assign") as write:
            write.save(Assignment(unit=fleet["M1"], node="U4", starts=clock.now().date()))
    assert stock_mail(pair)["U4"] == {"registry.lot", "registry.stockmove", "registry.shipment"}
