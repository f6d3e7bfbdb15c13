"""The nearest facility that can take a person now, as far as the loaded facilities say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone

from qafila.kernel.clock import now
from qafila.packs import load, places
from qafila.packs.country import Facility, Road
from qafila.registry.places.facilities import is_open, straight_line_km
from qafila.registry.places.here import country_code

Point = tuple[float, float]
"""Latitude and longitude in degrees (WGS 84)."""


@dataclass(frozen=True)
class Receiving:
    """A facility with its distance in km: by road where the country's data has it, else as the crow flies.

    `minutes` is None where the road's time is not known, `open_now` where its hours are not. `data_from` is the
    older of the dates of what is said here.
    """

    facility: Facility
    km: float
    by_road: bool
    minutes: int | None
    open_now: bool | None
    data_from: date


def receiving(place: str, service: str = "", at: datetime | None = None) -> Receiving | None:
    """The nearest facility that receives emergencies and offers `service` ("": any), seen from a place's code.

    Those that are closed at the time come after the others. None: the place has no coordinates and no road to such a
    facility is known, or there is none.
    """
    moment = timezone.localtime(at or now())
    held = load.facilities(country_code())
    roads = {road.facility: road for road in held.road if road.place == place}
    point = point_of(place)
    found = []
    for one in held.facility:
        exists = one.valid_from <= moment.date() and (one.valid_to is None or moment.date() <= one.valid_to)
        if exists and one.emergency and (not service or service in one.services):
            far = _far(one, roads.get(one.code), point, is_open(one.hours, moment))
            found += [far] if far else []

    def nearness(one: Receiving) -> tuple[bool, float]:
        # lines are compared with lines: a road beside another's line would lose against what is further away
        line = straight_line_km(*point, one.facility.latitude, one.facility.longitude) if point else one.km
        return one.open_now is False, line

    return min(found, key=nearness, default=None)


def _far(
    one: Facility, road: Road | None, point: tuple[float, float] | None, open_now: bool | None
) -> Receiving | None:
    if road is not None:
        return Receiving(one, road.km, True, road.minutes, open_now, min(one.valid_from, road.valid_from))
    if point is None:
        return None
    return Receiving(one, straight_line_km(*point, one.latitude, one.longitude), False, None, open_now, one.valid_from)


def point_of(place: str) -> Point | None:
    """Latitude and longitude of a place: of a stop there, its own, else of the smallest place around it that has them.

    A place that is only known by what it lies in is not measured from further out than its own parent.
    """
    for unit in load.units(country_code()).unit:
        for stop in (stop for tour in unit.round for stop in tour.stop):
            if stop.place == place:
                return stop.latitude, stop.longitude
    for around in places.above(country_code(), place)[:2]:
        if around.latitude is not None and around.longitude is not None:
            return around.latitude, around.longitude
    return None
