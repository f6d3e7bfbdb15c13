"""Which unit a box serves on a day, with which crew, vehicle and stop.

An assignment that ends before it starts never held: it was replaced on the day it began.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.db.models import F, Q, QuerySet

from qafila.journal.topics import until_changed
from qafila.registry.places.here import begun_by, local_day
from qafila.registry.staff.models import Staff
from qafila.registry.units.models import Assignment, Room, Round, Stop, Unit, Vehicle


def holding(day: date | None = None) -> QuerySet[Assignment]:
    """Assignments in force on a day (today), the latest first."""
    return _holding(day or local_day(), day or begun_by())


def _holding(on: date, begun: date) -> QuerySet[Assignment]:
    until = Q(ends__isnull=True) | Q(ends__gte=on)
    rows: QuerySet[Assignment] = Assignment.objects.filter(until, starts__lte=begun)
    return rows.exclude(ends__lt=F("starts")).order_by("-starts", "-id")


def units_of_node(code: str, day: date | None = None) -> list[Unit]:
    """The units that a box serves on a day: more than one where crews share it. Latest assignment first."""
    return list(_units_of_node(code, day or local_day(), day or begun_by()))


@until_changed
def _units_of_node(code: str, day: date, begun: date) -> tuple[Unit, ...]:
    ids = list(dict.fromkeys(_holding(day, begun).filter(node=code).values_list("unit_id", flat=True)))
    units = {u.pk: u for u in Unit.objects.filter(pk__in=ids)} if ids else {}
    return tuple(units[i] for i in ids if i in units)


def known(ids: Iterable[UUID | None]) -> dict[UUID, Unit]:
    """Units by their ids, to be shown and not to be written."""
    every = _every()
    return {one: every[one] for one in ids if one is not None and one in every}


@until_changed
def _every() -> dict[UUID, Unit]:
    return dict(Unit.objects.in_bulk())


def unit_of_node(code: str, day: date | None = None) -> Unit | None:
    """The unit that a box serves on a day; None for a box that was assigned to none."""
    return next(iter(units_of_node(code, day)), None)


def nodes_of(unit: UUID, day: date | None = None) -> list[str]:
    """Codes of the boxes that serve a unit on a day."""
    return list(dict.fromkeys(holding(day).filter(unit=unit).exclude(node="").values_list("node", flat=True)))


def crew(unit: Unit, day: date | None = None, name: str | None = None) -> list[Staff]:
    """Who serves in the unit on a day, by name; one crew of it where `name` says which."""
    rows = holding(day).filter(unit=unit, staff__isnull=False)
    if name is not None:
        rows = rows.filter(crew=name)
    ids = list(rows.values_list("staff_id", flat=True))
    return list(Staff.objects.filter(pk__in=ids).order_by("name", "id"))


def left_crew(units: Iterable[Unit], day: date | None = None) -> list[Staff]:
    """Who served in one of the units and on a day (today) does not any more, nor will from a later one on."""
    rows = Assignment.objects.filter(unit__in=[one.pk for one in units], staff__isnull=False)
    stays = rows.filter(Q(ends__isnull=True) | Q(ends__gte=day or local_day())).exclude(ends__lt=F("starts"))
    gone = set(rows.values_list("staff_id", flat=True)) - set(stays.values_list("staff_id", flat=True))
    return list(Staff.objects.filter(pk__in=gone).order_by("name", "id"))


def vehicle_of(unit: Unit, day: date | None = None) -> Vehicle | None:
    """The vehicle of a unit on a day."""
    row = holding(day).filter(unit=unit, vehicle__isnull=False).first()
    return Vehicle.objects.filter(pk=row.vehicle_id).first() if row and row.vehicle_id else None


def units_in(vehicle: Vehicle, day: date | None = None) -> list[Unit]:
    """The units that travel in a vehicle on a day."""
    ids = list(holding(day).filter(vehicle=vehicle).values_list("unit_id", flat=True))
    return list(Unit.objects.filter(pk__in=ids).order_by("code"))


def rooms(unit: Unit) -> list[Room]:
    """The rooms of a unit that are in use."""
    return list(Room.objects.filter(unit=unit, active=True).order_by("id"))


def stops_on(unit: Unit, day: date | None = None) -> list[Stop]:
    """The stops of a unit on a day that were not cancelled, as they were typed in."""
    rows = Stop.objects.filter(unit=unit, day=day or local_day()).exclude(status=Stop.Status.CANCELLED)
    return list(rows.order_by("id"))


def stop_today(unit: Unit, day: date | None = None) -> Stop | None:
    """The stop that visits of the day belong to: the last one held, else the first planned; None: none typed in."""
    stops = stops_on(unit, day)
    held = [s for s in stops if s.status == Stop.Status.HELD]
    return held[-1] if held else next(iter(stops), None)


def rounds_of(unit: Unit, limit: int = 20) -> list[tuple[Round, list[Stop]]]:
    """The latest rounds of a unit with their stops in order of days."""
    rounds = list(Round.objects.filter(unit=unit).order_by("-starts", "-id")[:limit])
    stops = Stop.objects.filter(round_id__in=[r.pk for r in rounds]).order_by("day", "id")
    by_round: dict[object, list[Stop]] = {r.pk: [] for r in rounds}
    for stop in stops:
        by_round[stop.round_id].append(stop)
    return [(r, by_round[r.pk]) for r in rounds]
