"""How far a person would have to travel for a service: a planned journey, not an emergency's."""

from __future__ import annotations

from qafila.packs import load
from qafila.registry.places.facilities import straight_line_km
from qafila.registry.places.here import country_code, local_day
from qafila.registry.places.receiving import Receiving, point_of


def nearest_with(place: str, service: str) -> Receiving | None:
    """The facility that offers `service`, nearest to a place: by road where a road to one is known, else in a straight
    line. None: no facility offers it, or nothing is known of where the place lies.
    """
    day, held = local_day(), load.facilities(country_code())
    offers = {
        one.code: one
        for one in held.facility
        if service in one.services and one.valid_from <= day and (one.valid_to is None or day <= one.valid_to)
    }
    # A hub answers at a distance: nobody travels to it.
    offers = {code: one for code, one in offers.items() if one.type != "specialist_hub"}
    roads = [road for road in held.road if road.place == place and road.facility in offers]
    if roads:
        road = min(roads, key=lambda one: one.km)
        one = offers[road.facility]
        return Receiving(one, road.km, True, road.minutes, None, min(one.valid_from, road.valid_from))
    point = point_of(place)
    if point is None or not offers:
        return None
    lines = [(straight_line_km(*point, one.latitude, one.longitude), one.code) for one in offers.values()]
    km, code = min(lines)
    return Receiving(offers[code], km, False, None, None, offers[code].valid_from)
