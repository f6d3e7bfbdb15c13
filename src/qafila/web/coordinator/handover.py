"""Somebody goes on leave or departs, a unit is down: everything open goes to a named person or unit in one act."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Model
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from qafila.clinic.cases import handing
from qafila.clinic.cases.models import Case
from qafila.clinic.cases.transitions import OPEN
from qafila.clinic.refusal import Refusal
from qafila.registry.staff.acts import set_active
from qafila.registry.staff.models import Staff
from qafila.registry.staff.obligations import NobodyNamed
from qafila.registry.staff.rights import grants, may
from qafila.registry.staff.roster import acts as roster
from qafila.registry.staff.roster.models import Leave
from qafila.registry.units.models import Unit
from qafila.web.access import needs
from qafila.web.once import once
from qafila.web.reception.words import unit_name
from qafila.web.staff_names import staff_name
from qafila.web.templatetags.qafila import told

WHO = "who"


@require_GET
@needs("roster.manage")
def page(request: Any) -> HttpResponse:
    """The forms, and how many open cases each person and each unit has."""
    return _page(request)


def _page(request: Any, status: int = 200, **more: Any) -> HttpResponse:
    open_cases = Case.objects.filter(status__in=OPEN - {"draft"})
    owed = Counter(open_cases.exclude(specialist=None).values_list("specialist_id", flat=True))
    at_unit = Counter(open_cases.values_list("unit_id", flat=True))
    to_tell = Counter(open_cases.filter(status__in=handing.ANSWER_READ).values_list("unit_id", flat=True))
    units = list(Unit.objects.filter(active=True).order_by("code"))
    rows = Staff.objects.filter(active=True).exclude(specialties=[]).order_by("name", "id")
    people = [(s.pk, staff_name(s), owed[s.pk]) for s in rows if grants(s).has("case.answer")]
    context = {
        "people": people,
        "units": [(u.pk, unit_name(u), at_unit[u.pk]) for u in units],
        "to_tell": [(u.pk, unit_name(u), to_tell[u.pk]) for u in units if to_tell[u.pk]],
        "reasons": Leave.Reason.choices,
        "departs": may(request.staff, "staff.manage"),
        "reroutes": may(request.staff, "case.reroute"),
        **more,
    }
    return render(request, "coordinator/handover.html", context, status=status)


def _found(model: type[Model], said: str) -> Any:
    try:
        return model._default_manager.filter(pk=UUID(said), active=True).first()
    except ValueError:
        return None


@require_POST
@needs("roster.manage")
@once
def hand(request: Any, verb: str) -> HttpResponse:
    """Leave, departure, or a unit that is down."""
    said = request.POST
    try:
        if verb == "unit":
            words = _unit_down(request, said)
        else:
            words = _goes(request, verb, said)
    except (NobodyNamed, roster.RosterRefused) as refused:
        return _page(request, 422, problem=str(refused.message), problem_at=verb, typed=said)
    except Refusal as refused:
        return _page(request, 422, problem=told(refused.message), problem_at=verb, typed=said)
    messages.success(request, words)
    return redirect("coordinator:handover")


def _goes(request: Any, verb: str, said: Any) -> str:
    who, to = _found(Staff, said.get(WHO, "")), _found(Staff, said.get("to", ""))
    if who is None:
        raise roster.RosterRefused(gettext("Choose a specialist."))
    count = len(handing.held_by(who))
    if verb == "depart":
        set_active(who, False, request.staff, to)
    else:
        try:
            first, last = date.fromisoformat(said.get("first", "")), date.fromisoformat(said.get("last", ""))
        except ValueError:
            raise roster.RosterRefused(gettext("Write the date.")) from None
        reason = said.get("reason", "")
        if reason not in Leave.Reason.values:
            reason = Leave.Reason.OTHER
        roster.grant_leave(who, first, last, reason, request.staff, to)
    return gettext("Saved. Handed over: %(n)s.") % {"n": count}


def _unit_down(request: Any, said: Any) -> str:
    unit, other = _found(Unit, said.get("unit", "")), _found(Unit, said.get("other", ""))
    if unit is None or other is None:
        raise roster.RosterRefused(gettext("Choose another unit."))
    count = handing.stand_in(unit, other, request.staff, said.get("reason", ""))
    return gettext("Saved. Handed over: %(n)s.") % {"n": count}
