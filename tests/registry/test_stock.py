"""A unit's stock: lots and moves, nothing below zero in silence, nothing ended given, shipments with two ends."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qafila.journal.write import writing
from qafila.kernel.rights import NotAllowed
from qafila.registry.places.here import local_day
from qafila.registry.staff.models import Staff
from qafila.registry.stock import acts, balance, queries
from qafila.registry.stock.models import Lot, StockMove
from qafila.registry.units.models import Assignment, Unit

AMOXICILLIN = ("amoxicillin", "capsule", "500 mg")
TODAY = date(2026, 6, 1)


@pytest.fixture
def two(unit: Any) -> dict[str, Any]:
    """Two units with a nurse each, and somebody without a unit."""
    made: dict[str, Any] = {}
    with writing(None, "setup") as write:
        for name in ("one", "two"):
            made[name] = write.save(Unit(code=name, name=name))
            nurse = write.save(Staff(username=name, name=name, roles=["nurse"]))
            write.save(Assignment(unit=made[name], staff=nurse, starts=local_day() - timedelta(days=1)))
            made[f"nurse_{name}"] = nurse
        made["stranger"] = write.save(Staff(username="x", name="x", roles=["nurse"]))
    return made


def lot(two: dict[str, Any], quantity: int = 100, days: int = 200, number: str = "A1") -> Lot:
    """A lot with pieces in it at unit one."""
    ends = local_day() + timedelta(days=days)
    return acts.receive(two["one"], two["nurse_one"], AMOXICILLIN, number, ends, quantity).lot


def test_received_dispensed_counted_and_thrown_away(two: dict[str, Any]) -> None:
    held, nurse = lot(two), two["nurse_one"]
    acts.dispense(held, nurse, 21)
    acts.waste(held, nurse, 4, "wet")
    assert queries.balance_of(held) == 75
    with pytest.raises(acts.StockRefused):
        acts.count(held, nurse, 70)
    row = acts.count(held, nurse, 70, "not found")
    assert (row.believed, row.counted, row.quantity) == (75, 70, -5) and queries.balance_of(held) == 70
    assert acts.receive(two["one"], nurse, AMOXICILLIN, "A1", held.expires, 10).lot_id == held.pk
    with pytest.raises(acts.StockRefused):
        acts.receive(two["one"], nurse, AMOXICILLIN, "A1", held.expires + timedelta(days=1), 10)
    with pytest.raises(NotAllowed):
        acts.receive(two["one"], two["stranger"], AMOXICILLIN, "A1", held.expires, 10)
    with pytest.raises(acts.StockRefused):
        acts.receive(two["one"], nurse, ("amoxicillin", "capsule", "3 g"), "A1", held.expires, 10)


def test_less_than_there_is_is_asked_about_and_written_down(two: dict[str, Any]) -> None:
    held, nurse = lot(two, 3), two["nurse_one"]
    with pytest.raises(acts.NotEnough) as asked:
        acts.dispense(held, nurse, 5)
    assert asked.value.values == {"held": 3, "wanted": 5} and StockMove.objects.count() == 1
    found, given_out = acts.dispense(held, nurse, 5, reason="two more in the drawer")
    assert (found.move, found.believed, found.counted, found.quantity) == ("count", 3, 5, 2)
    assert given_out.quantity == -5 and queries.balance_of(held) == 0
    with pytest.raises(acts.NotEnough):
        acts.waste(held, nurse, 1, "broken")


def test_what_has_ended_is_neither_taken_in_nor_given(two: dict[str, Any]) -> None:
    nurse = two["nurse_one"]
    with pytest.raises(acts.Expired):
        lot(two, days=-1)
    held = lot(two, days=0)
    acts.dispense(held, nurse, 1)
    with writing(None, "test.later") as write:
        held.expires = local_day() - timedelta(days=1)
        write.save(held)
    with pytest.raises(acts.Expired):
        acts.dispense(held, nurse, 1, reason="nothing else")
    with pytest.raises(acts.Expired):
        acts.send(held, nurse, two["two"], 1)
    stock = next(s for s in queries.stock_of(two["one"]) if s.product == AMOXICILLIN)
    assert stock.state == "expired" and stock.usable == 0 and stock.need.order > 0
    acts.waste(held, nurse, 99, "ended")
    assert queries.lots_of(two["one"], AMOXICILLIN) == []


def test_a_shipment_needs_the_other_end(two: dict[str, Any]) -> None:
    held = lot(two, 50)
    sent = acts.send(held, two["nurse_one"], two["two"], 30)
    assert queries.balance_of(held) == 20
    assert queries.on_the_way(two["two"]) == ([sent], []) and queries.on_the_way(two["one"]) == ([], [sent])
    with pytest.raises(NotAllowed):
        acts.confirm(sent, two["stranger"], 30)
    with pytest.raises(acts.StockRefused):
        acts.confirm(sent, two["nurse_two"], 28)
    come = acts.confirm(sent, two["nurse_two"], 28, "two broken")
    assert come.unit_id == two["two"].pk and queries.balance_of(come.lot) == 28
    assert queries.on_the_way(two["one"]) == ([], [])
    with pytest.raises(acts.StockRefused):
        acts.confirm(sent, two["nurse_one"], 30)


def test_a_shipment_that_nobody_took_comes_back(two: dict[str, Any]) -> None:
    held = lot(two, 50)
    sent = acts.send(held, two["nurse_one"], two["two"], 30)
    assert acts.confirm(sent, two["nurse_one"], 30).move == "back" and queries.balance_of(held) == 50


# --- rules --------------------------------------------------------------------------------


def test_the_first_to_end_goes_first_and_what_has_ended_never() -> None:
    lots = {"late": (date(2027, 1, 1), 10), "soon": (date(2026, 7, 1), 4), "ended": (date(2026, 5, 1), 99)}
    assert balance.first_expiring(lots, 6, TODAY) == ([("soon", 4), ("late", 2)], 0)
    assert balance.first_expiring(lots, 20, TODAY) == ([("soon", 4), ("late", 10)], 6)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(-50, 50))), st.randoms())
def test_the_order_of_moves_does_not_matter(moves: list[tuple[str, int]], random: Any) -> None:
    shuffled = list(moves)
    random.shuffle(shuffled)
    assert balance.balances(moves) == balance.balances(shuffled)


@given(
    st.dictionaries(st.text(max_size=3), st.tuples(st.dates(date(2026, 1, 1), date(2027, 1, 1)), st.integers(-5, 50))),
    st.integers(0, 200),
)
def test_what_is_proposed_is_there_and_has_not_ended(lots: dict[str, tuple[date, int]], wanted: int) -> None:
    taken, lacks = balance.first_expiring(lots, wanted, TODAY)
    assert sum(n for _, n in taken) + lacks == wanted
    assert all(0 < n <= lots[name][1] and lots[name][0] >= TODAY for name, n in taken)


@pytest.mark.parametrize(
    ("usable", "used", "least", "order"),
    [
        (0, [], 30, 30),
        (40, [], 30, 0),
        (20, [], 30, 10),
        (100, [(TODAY - timedelta(days=n), 4) for n in range(30)], 30, 140),
        (130, [(TODAY - timedelta(days=n), 4) for n in range(30)], 30, 0),
        (0, [(TODAY - timedelta(days=400), 90)], 0, 0),
    ],
)
def test_what_to_order(usable: int, used: list[tuple[date, int]], least: int, order: int) -> None:
    assert balance.need(usable, used, least, TODAY).order == order
