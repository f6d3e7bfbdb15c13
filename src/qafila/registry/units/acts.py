"""The verbs about units. `by` None is the node itself, while it is set up.

Assignments are dated. Giving a box, a vehicle or a person to a unit ends what it served before, unless it is said
to serve both (`beside`): two crews in one van, one box for two units.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from qafila.journal.write import Writer, writing
from qafila.registry.places import lookup
from qafila.registry.places.here import local_day
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require_or_node
from qafila.registry.units.models import Assignment, Room, Round, Stop, Unit, Vehicle
from qafila.registry.units.queries import holding


class BadDates(ValueError):
    """A round that ends before it starts, or a stop outside of its round."""

    message = _("The days do not fit the round.")


class UnknownPlace(ValueError):
    """A place that the country's pack does not know."""

    message = _("Choose a place from the list.")


class CodeTaken(ValueError):
    """A unit of this code exists."""


def create_unit(
    by: Staff | None,
    code: str,
    name: str,
    *,
    name_arabic: str = "",
    home: str = "",
    phone: str = "",
    pk: UUID | None = None,
) -> Unit:
    """Found a unit. Raises `NotAllowed`, `CodeTaken`."""
    require_or_node(by, "roster.manage")
    if Unit.objects.filter(code=code).exists():
        raise CodeTaken(code)
    unit = Unit(code=code, name=name, name_arabic=name_arabic, home=home, phone=phone)
    if pk is not None:
        unit.id = pk
    with writing(by, act="unit.create") as write:
        return write.save(unit)


def add_room(unit: Unit, name: str, by: Staff | None) -> Room:
    """Give a unit a room or station."""
    require_or_node(by, "roster.manage", unit)
    with writing(by, act="unit.add_room") as write:
        return write.save(Room(unit=unit, name=name))


def add_vehicle(registration: str, by: Staff | None, model: str = "") -> Vehicle:
    """Add a vehicle to the fleet."""
    require_or_node(by, "roster.manage")
    with writing(by, act="unit.add_vehicle") as write:
        return write.save(Vehicle(registration=registration, model=model))


def assign_node(
    unit: Unit, node: str, by: Staff | None, starts: date | None = None, *, beside: bool = False
) -> Assignment:
    """Let a box serve a unit from a day (today)."""
    return _assign(Assignment(unit=unit, node=node), by, starts, beside, {"node": node})


def assign_vehicle(
    unit: Unit, vehicle: Vehicle, by: Staff | None, starts: date | None = None, *, beside: bool = False
) -> Assignment:
    """Let a vehicle carry a unit from a day (today)."""
    return _assign(Assignment(unit=unit, vehicle=vehicle), by, starts, beside, {"vehicle": vehicle})


def assign_staff(
    unit: Unit, staff: Staff, by: Staff | None, starts: date | None = None, *, crew: str = "", beside: bool = False
) -> Assignment:
    """Put a person into a unit's crew from a day (today)."""
    return _assign(Assignment(unit=unit, staff=staff, crew=crew), by, starts, beside, {"staff": staff})


def _assign(
    fresh: Assignment, by: Staff | None, starts: date | None, beside: bool, what: dict[str, object]
) -> Assignment:
    require_or_node(by, "roster.manage", fresh)
    fresh.starts = starts or local_day()
    with writing(by, act="unit.assign") as write:
        running = Assignment.objects.filter(**what).exclude(ends__lt=fresh.starts)
        if beside:
            running = running.filter(unit=fresh.unit_id)
        _end(write, running, fresh.starts)
        return write.save(fresh)


def _end(write: Writer, rows: Iterable[Assignment], on: date) -> None:
    """Let assignments stop the day before `on`; one that begins later, or on that day, never held."""
    for row in rows:
        row.ends = max(on, row.starts) - timedelta(days=1)
        write.save(row)


def end_assignment(assignment: Assignment, by: Staff | None, on: date | None = None) -> Assignment:
    """Let an assignment end with a day (today)."""
    require_or_node(by, "roster.manage", assignment)
    assignment.ends = on or local_day()
    with writing(by, act="unit.end_assignment") as write:
        return write.save(assignment)


def replace_vehicle(unit: Unit, vehicle: Vehicle, by: Staff | None, on: date | None = None) -> Assignment:
    """From a day (today) the unit travels in another vehicle."""
    require_or_node(by, "roster.manage", unit)
    day = on or local_day()
    with writing(by, act="unit.replace_vehicle") as write:
        _end(write, holding(day).filter(unit=unit, vehicle__isnull=False), day)
        return assign_vehicle(unit, vehicle, by, day)


def swap_nodes(one: Unit, other: Unit, by: Staff | None, on: date | None = None) -> list[Assignment]:
    """From a day (today) two units use each other's boxes."""
    require_or_node(by, "roster.manage", one)
    require_or_node(by, "roster.manage", other)
    day = on or local_day()
    boxes = {
        u.pk: list(holding(day).filter(unit=u).exclude(node="").values_list("node", flat=True)) for u in (one, other)
    }
    with writing(by, act="unit.swap_nodes"):
        given = [assign_node(other, node, by, day) for node in boxes[one.pk]]
        return given + [assign_node(one, node, by, day) for node in boxes[other.pk]]


def plan_round(unit: Unit, name: str, starts: date, ends: date, by: Staff | None) -> Round:
    """Type in a round. Raises `NotAllowed`, `BadDates`."""
    require_or_node(by, "round.edit", unit)
    if ends < starts:
        raise BadDates
    with writing(by, act="round.plan") as write:
        return write.save(Round(unit=unit, name=name, starts=starts, ends=ends))


def plan_stop(tour: Round, day: date, place: str, locality: str, by: Staff | None) -> Stop:
    """Type in one stop of a round. Raises `NotAllowed`, `BadDates`, `UnknownPlace`."""
    require_or_node(by, "round.edit", tour)
    if not tour.starts <= day <= tour.ends:
        raise BadDates
    if not lookup.known(place):
        raise UnknownPlace(place)
    with writing(by, act="round.plan_stop") as write:
        return write.save(Stop(round=tour, unit_id=tour.unit_id, day=day, place=place, locality=locality))


def set_stop(stop: Stop, status: str, by: Staff | None) -> Stop:
    """Say what became of a stop: `planned`, `held`, `cancelled`. Raises `NotAllowed`, `ValueError`."""
    require_or_node(by, "round.edit", stop)
    stop.status = Stop.Status(status)
    with writing(by, act="round.set_stop") as write:
        return write.save(stop)
