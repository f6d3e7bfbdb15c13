"""Boxes, vehicles, crews, rounds."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest

from qafila.kernel.rights import NotAllowed
from qafila.registry.places import facilities, lookup
from qafila.registry.places.here import local_day
from qafila.registry.staff.acts import create_staff
from qafila.registry.units import acts, queries
from qafila.registry.units.models import Stop


@pytest.fixture
def other(crew: SimpleNamespace) -> object:
    unit = acts.create_unit(None, "U2", "Unit two")
    acts.assign_node(unit, "BOX2", None)
    return unit


def test_swapped_boxes(crew: SimpleNamespace, other: object) -> None:
    today = local_day()
    for assignment in queries.holding(today):
        assignment.starts = today - timedelta(days=30)
        with acts.writing(None, "unit.assign") as write:
            write.save(assignment)
    acts.swap_nodes(crew.unit, other, None)
    assert queries.unit_of_node("U1") == other
    assert queries.unit_of_node("BOX2") == crew.unit
    assert queries.unit_of_node("U1", today - timedelta(days=1)) == crew.unit
    assert queries.unit_of_node("BOX2", today - timedelta(days=1)) == other


def test_swapped_twice_in_a_day(crew: SimpleNamespace, other: object) -> None:
    acts.swap_nodes(crew.unit, other, None)
    assert queries.unit_of_node("U1") == other
    acts.swap_nodes(crew.unit, other, None)
    assert queries.unit_of_node("U1") == crew.unit
    assert queries.nodes_of(crew.unit.pk) == ["U1"] and queries.nodes_of(other.pk) == ["BOX2"]


def test_a_replaced_vehicle(crew: SimpleNamespace) -> None:
    old, new = acts.add_vehicle("DEMO-1", None), acts.add_vehicle("DEMO-2", None)
    day = local_day() - timedelta(days=10)
    acts.assign_vehicle(crew.unit, old, None, day)
    acts.replace_vehicle(crew.unit, new, None)
    assert queries.vehicle_of(crew.unit) == new
    assert queries.vehicle_of(crew.unit, day) == old
    assert queries.unit_of_node("U1") == crew.unit


def test_two_crews_in_one_van_with_one_box(crew: SimpleNamespace, other: object) -> None:
    van = acts.add_vehicle("DEMO-1", None)
    acts.assign_vehicle(crew.unit, van, None)
    acts.assign_vehicle(other, van, None, beside=True)
    acts.assign_node(other, "U1", None, beside=True)
    nurse = create_staff(None, "amina", "Olivier-vallee-22", "Amina", ["nurse"])
    acts.assign_staff(other, nurse, None, crew="B")
    assert queries.units_in(van) == [crew.unit, other]
    assert queries.units_of_node("U1") == [other, crew.unit]
    assert queries.crew(crew.unit) == [crew.assistant]
    assert queries.crew(other) == [nurse] and queries.crew(other, name="A") == []


def test_two_crews_of_one_unit(crew: SimpleNamespace) -> None:
    nurse = create_staff(None, "amina", "Olivier-vallee-22", "Amina", ["nurse"])
    acts.assign_staff(crew.unit, crew.assistant, None, crew="A")
    acts.assign_staff(crew.unit, nurse, None, crew="B")
    assert queries.crew(crew.unit) == [nurse, crew.assistant]
    assert queries.crew(crew.unit, name="B") == [nurse]


def test_rounds_and_stops_are_typed_in(crew: SimpleNamespace) -> None:
    today = local_day()
    tour = acts.plan_round(crew.unit, "North", today, today + timedelta(days=4), crew.assistant)
    first = acts.plan_stop(tour, today, "05.081.03.07", "the market", crew.assistant)
    second = acts.plan_stop(tour, today, "05.081.03.09", "", crew.assistant)
    assert queries.stop_today(crew.unit) == first
    acts.set_stop(second, Stop.Status.HELD, crew.assistant)
    assert queries.stop_today(crew.unit) == second
    acts.set_stop(second, Stop.Status.CANCELLED, crew.assistant)
    assert queries.stop_today(crew.unit) == first
    assert queries.rounds_of(crew.unit) == [(tour, [first, second])]
    with pytest.raises(acts.BadDates):
        acts.plan_stop(tour, today + timedelta(days=9), "05.081.03.07", "", crew.assistant)
    with pytest.raises(acts.BadDates):
        acts.plan_round(crew.unit, "x", today, today - timedelta(days=1), crew.assistant)
    with pytest.raises(acts.UnknownPlace):
        acts.plan_stop(tour, today, "nowhere", "", crew.assistant)


def test_another_units_round_is_not_theirs(crew: SimpleNamespace, other: object) -> None:
    with pytest.raises(NotAllowed):
        acts.plan_round(other, "x", local_day(), local_day(), crew.assistant)


def test_places_by_name_in_both_scripts(place: None) -> None:
    assert [p.code for p in lookup.search("tabant")][:1] == ["05.081.03.09"]
    assert [p.code for p in lookup.search("تبانت")][:1] == ["05.081.03.09"]
    assert lookup.search("") == [] and lookup.search("%%%%") == []
    assert lookup.label("05.081.03.09", "fr").startswith("Tabant, Azilal")
    assert [p.level for p in lookup.chain("05.081.03.09")] == ["commune", "province", "region"]
    assert lookup.label("nowhere", "fr") == ""


def test_facilities_by_straight_line_and_service(place: None) -> None:
    near = facilities.nearest(31.96, -6.57, limit=3)
    assert near and [n.km for n in near if n.open_now] == sorted(n.km for n in near if n.open_now)
    hearts = facilities.nearest(31.96, -6.57, "cardiology")
    assert hearts and all("cardiology" in n.facility.services for n in hearts)
    assert all(n.facility.emergency for n in facilities.nearest(31.96, -6.57, emergency=True))
    assert facilities.straight_line_km(33.5731, -7.5898, 34.0209, -6.8416) == pytest.approx(85, abs=2)


@pytest.mark.parametrize(
    ("hours", "weekday", "time", "is_open"),
    [
        ("24/7", 6, "03:00", True),
        ("Mo-Fr 08:30-16:30", 0, "08:30", True),
        ("Mo-Fr 08:30-16:30", 4, "16:30", False),
        ("Mo-Fr 08:30-16:30", 5, "10:00", False),
        ("Su-Th 08:00-14:00", 6, "09:00", True),
        ("Su-Th 08:00-14:00", 4, "09:00", False),
        ("Mo-Fr 08:30-16:30; Sa 09:00-12:00", 5, "10:00", True),
        ("", 0, "10:00", None),
        ("on request", 0, "10:00", None),
    ],
)
def test_opening_hours(hours: str, weekday: int, time: str, is_open: bool | None) -> None:
    from datetime import datetime

    hour, minute = map(int, time.split(":"))
    assert facilities.is_open(hours, datetime(2026, 6, 1 + weekday, hour, minute)) is is_open
