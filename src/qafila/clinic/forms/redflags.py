"""Red flags of a case: what must be done now, link or no link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qafila.clinic.forms.context import context, pack_of
from qafila.clinic.models import Case
from qafila.clinic.visits.models import Visit
from qafila.packs import intake
from qafila.packs.shapes import Label
from qafila.registry.units.models import Stop, Unit
from qafila.registry.units.queries import stop_today


@dataclass(frozen=True, slots=True)
class RedFlag:
    """A sign that cannot wait, what to do at once, and the urgency that it asks for."""

    code: str
    label: Label
    act_now: Label
    urgency: str
    source: str
    general: bool
    """Rests on general clinical knowledge, which no published source was checked for."""
    service: str
    """What a facility must offer to take the person, "" for any that receives emergencies."""


def fired(case: Case, given: dict[str, Any] | None = None) -> list[RedFlag]:
    """The red flags that are up, in the pack's order; `given`: answers of a form that is not saved yet."""
    up = intake.red_flags(pack_of(case), context(case, given)).up
    return [RedFlag(f.code, f.label, f.act_now, f.urgency, f.source, f.basis == "general", f.service) for f in up]


def place_of(case: Case) -> str:
    """Code of the place where the person of a case is: the stop of the visit, else that of the unit's day, else its
    base; "" for none."""
    visit = Visit.objects.filter(pk=case.visit_id).first() if case.visit_id else None
    stop = Stop.objects.filter(pk=visit.stop_id).first() if visit is not None and visit.stop_id else None
    if stop is not None:
        return str(stop.place)
    unit = Unit.objects.filter(pk=case.unit_id).first()
    today = stop_today(unit) if unit is not None else None
    return str(today.place) if today is not None else str(unit.home) if unit is not None else ""


def asks_for(case: Case) -> str:
    """The most urgent level that a fired flag asks for, "" for none."""
    order = [level.code for level in pack_of(case).urgency]
    asked = [flag.urgency for flag in fired(case) if flag.urgency in order]
    return min(asked, key=order.index) if asked else ""
