"""The hub's first days: staff, units, crews, vehicles, rooms, rounds, duty; all by the acts of the registry."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from qafila.node.demo.past import Past, opening
from qafila.packs import country as packs
from qafila.packs import load
from qafila.packs.shapes import Label
from qafila.registry.places.here import local_day
from qafila.registry.staff.acts import create_staff, set_duty
from qafila.registry.staff.models import Staff
from qafila.registry.units import acts
from qafila.registry.units.models import Stop, Unit

BEFORE = 12
"""Days ago, when the programme began."""
FIRST_STOP = 6
"""Days ago of the first stop that the demonstration knows."""


def found(country: str, now: datetime, units: tuple[str, ...]) -> None:
    """Write the programme's beginnings."""
    pack = load.country(country)
    latin = next(language for language in pack.languages if language != "ar")
    past = Past(now - timedelta(days=BEFORE))
    with past.lived():
        staff = {member.username: _take_on(member) for member in load.cast(country).member}
        for unit in load.units(country).unit:
            if unit.code in units:
                _set_up(unit, staff, country, latin, local_day(now), past)
        past.go(now - timedelta(days=FIRST_STOP + 1))
        for member in load.cast(country).member:
            if member.specialty:
                set_duty(staff[member.username], member.specialty, "on", None)


def _take_on(member: packs.Member) -> Staff:
    return create_staff(
        None,
        member.username,
        member.password,
        f"{member.given.latin[0]} {member.family.latin[0]}",
        [member.role],
        name_arabic=f"{member.given.ar} {member.family.ar}",
        sex=member.sex,
        specialties=[member.specialty] if member.specialty else [],
        languages=list(member.speaks),
        interface_language=member.language,
        licence=member.licence,
    )


def _set_up(unit: packs.Unit, staff: dict[str, Staff], country: str, latin: str, today: date, past: Past) -> None:
    made = acts.create_unit(None, unit.code, unit.name.text(latin), name_arabic=unit.name.ar, home=unit.place)
    acts.assign_node(made, unit.code, None)
    acts.assign_vehicle(made, acts.add_vehicle(unit.vehicle.plate, None, unit.vehicle.model), None)
    for room in unit.rooms:
        acts.add_room(made, both(room, latin), None)
    for member in load.cast(country).member:
        if unit.code in (member.unit, *member.oversees):
            acts.assign_staff(made, staff[member.username], None)
    _plan(made, unit, latin, today, past)


def _plan(made: Unit, unit: packs.Unit, latin: str, today: date, past: Past) -> None:
    """Rounds one after the other, so that every day of the week behind and some ahead have their stop."""
    start = today - timedelta(days=FIRST_STOP)
    for planned in unit.round:
        stops = sorted(planned.stop, key=lambda stop: stop.day)
        tour = acts.plan_round(made, both(planned.name, latin), start, start + timedelta(days=len(stops) - 1), None)
        for number, stop in enumerate(stops):
            day = start + timedelta(days=number)
            row = acts.plan_stop(tour, day, stop.place, both(stop.name, latin), None)
            if day < today:
                _hold(row, day, past)
        start += timedelta(days=len(stops))


def _hold(stop: Stop, day: date, past: Past) -> None:
    before = past.moment
    past.go(opening(day, 17))
    acts.set_stop(stop, "held", None)
    past.go(before)


def both(label: Label, latin: str) -> str:
    """A name in both scripts, for a field that has one."""
    return f"{label.ar} · {label.text(latin)}"
