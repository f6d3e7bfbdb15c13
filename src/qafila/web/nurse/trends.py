"""A person's readings over time: a table for each kind, from which the page draws its curve."""

from __future__ import annotations

from calendar import timegm
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from qafila.clinic.rules.observations import KINDS
from qafila.clinic.visits import growth, queries
from qafila.clinic.visits.models import Observation
from qafila.registry.places.here import local_day
from qafila.web.access import needs
from qafila.web.nurse.growth import heading, person_of

PRESSURE = ("systolic", "diastolic")
ORDER = (
    PRESSURE, ("pulse",), ("temperature",), ("respirations",), ("spo2",), ("glucose",), ("weight",), ("height",),
    ("head_circumference",), ("arm_circumference",), ("pain",),
)  # fmt: skip
SITES = {"left": _("left arm"), "right": _("right arm")}
MOST = 2000


@dataclass(frozen=True)
class Row:
    """Readings of one moment, in the order of the trend's columns; None where one lacks."""

    at: datetime
    seconds: int
    """The wall clock of this place as seconds, where the curve puts it: a tablet may be set to another zone."""
    site: str
    values: list[str | None]
    measured: list[Observation]
    """One reading for each instrument that took them."""


@dataclass(frozen=True)
class Trend:
    """One table and its curve, newest first."""

    key: str
    title: str
    unit: str
    columns: list[str]
    rows: list[Row]

    @property
    def drawn(self) -> bool:
        """A curve needs two moments."""
        return len(self.rows) > 1


def trends(person_id: UUID) -> list[Trend]:
    """Every kind of reading that was ever taken, entries in error left out. One query."""
    series = queries.vitals_of(person_id, limit=MOST)
    return [_trend(keys, series) for keys in ORDER if any(series.get(key) for key in keys)]


def _trend(keys: tuple[str, ...], series: dict[str, list[Observation]]) -> Trend:
    moments: dict[tuple[datetime, str], list[str | None]] = {}
    by: dict[tuple[datetime, str], dict[tuple[str, str], Observation]] = {}
    for place, key in enumerate(keys):
        for one in series.get(key, ()):
            if one.number is not None:
                values = moments.setdefault((one.at, one.site), [None] * len(keys))
                values[place] = f"{one.number.normalize():f}"
                if one.device or one.instrument_id:
                    by.setdefault((one.at, one.site), {})[one.device, one.serial] = one
    rows = [
        Row(at, _wall_clock(at), str(SITES.get(site, site)), values, list(by.get((at, site), {}).values()))
        for (at, site), values in sorted(moments.items(), reverse=True)
    ]
    kind = KINDS[keys[0]]
    title = gettext("Blood pressure") if keys == PRESSURE else gettext(kind.label)
    return Trend(keys[0], title, kind.units[0].shown, [gettext(KINDS[key].label) for key in keys], rows)


def _wall_clock(at: datetime) -> int:
    return timegm(timezone.localtime(at).timetuple())


@require_GET
@needs("person.read")
def page(request: Any, person_id: UUID) -> HttpResponse:
    """The trends of one person."""
    person = person_of(request, person_id, "nurse.trends")
    context = {**heading(person), "trends": trends(person.pk), "child": growth.is_child(person, local_day())}
    return render(request, "nurse/trends.html", context)
