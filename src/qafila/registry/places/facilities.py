"""Health facilities near a point. Distances are straight lines, and say so; roads may be much longer."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone

from qafila.kernel.clock import now
from qafila.packs import load
from qafila.packs.country import Facility
from qafila.registry.places.here import country_code

EARTH_KM = 6371.0088
"""Mean radius (IUGG)."""

_DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_HOURS = re.compile(r"(?:(?P<first>[A-Z][a-z])(?:-(?P<last>[A-Z][a-z]))? )?(?P<open>\d\d:\d\d)-(?P<close>\d\d:\d\d)")


@dataclass(frozen=True)
class Near:
    """A facility, its straight-line distance, whether it is open (None: hours not known), how old the data is."""

    facility: Facility
    km: float
    open_now: bool | None
    data_from: date


def nearest(
    latitude: float,
    longitude: float,
    service: str = "",
    at: datetime | None = None,
    limit: int = 5,
    emergency: bool = False,
) -> list[Near]:
    """Facilities that exist at the time and offer the service, nearest first; closed ones after open ones.

    Coordinates in degrees (WGS 84). `emergency` keeps those that receive emergencies.
    """
    local = timezone.localtime(at or now())
    found = []
    for facility in load.facilities(country_code()).facility:
        offers = (not service or service in facility.services) and (facility.emergency or not emergency)
        exists = facility.valid_from <= local.date() and (
            facility.valid_to is None or local.date() <= facility.valid_to
        )
        if offers and exists:
            km = straight_line_km(latitude, longitude, facility.latitude, facility.longitude)
            found.append(Near(facility, km, is_open(facility.hours, local), facility.valid_from))
    return sorted(found, key=lambda n: (n.open_now is False, n.km))[:limit]


def straight_line_km(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Great-circle distance by the haversine formula, in km; inputs in degrees."""
    a, b = math.radians(lat1), math.radians(lat2)
    half = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(half))


def is_open(hours: str, local: datetime) -> bool | None:
    """Whether opening hours ("24/7", "Mo-Fr 08:30-16:30; Sa 09:00-12:00") hold at a local time; None: not known."""
    if hours == "24/7":
        return True
    parts = [p.strip() for p in hours.split(";") if p.strip()]
    read = [_HOURS.fullmatch(p) for p in parts]
    if not read or any(m is None for m in read):
        return None
    return any(_holds(m, local) for m in read if m is not None)


def _holds(match: re.Match[str], local: datetime) -> bool:
    first, last = match["first"], match["last"] or match["first"]
    if first is not None:
        if first not in _DAYS or last not in _DAYS:
            return False
        start, span = _DAYS.index(first), (_DAYS.index(last) - _DAYS.index(first)) % 7
        if (local.weekday() - start) % 7 > span:
            return False
    return match["open"] <= local.strftime("%H:%M") < match["close"]
