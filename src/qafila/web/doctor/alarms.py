"""Do not wait: emergencies that nobody has taken, on every page of the unit until a call or a transfer is recorded."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from qafila.clinic.cases import acts, loop_queries, queries
from qafila.clinic.cases.models import Case
from qafila.clinic.refusal import Refusal
from qafila.packs import load
from qafila.registry.people import queries as people
from qafila.registry.places.here import country_code
from qafila.registry.staff.rights import may, require
from qafila.web import entrance
from qafila.web.access import needs
from qafila.web.doctor.cases import found_case
from qafila.web.doctor.lines import specialty_label, status_label
from qafila.web.nurse.sheet import shown
from qafila.web.once import once
from qafila.web.reception import words

KINDS = ("call", "transfer")


def watched(request: Any) -> bool:
    """Whether the pages of this person show alarms: on a unit, to whoever may act on one."""
    unit, profile = getattr(request, "unit", None), getattr(request, "profile", None)
    return unit is not None and profile is not None and profile.sees_patients and may(request.staff, "alarm.act")


def answers(request: Any) -> list[dict[str, Any]]:
    """The unit's answers that nobody has explained yet, for the head of every page: who has each in hand, and where to
    read it, for whoever may."""
    if not watched(request):
        return []
    reads = may(request.staff, "case.read")
    return [
        {
            "specialty": specialty_label(one.case.specialty),
            "urgency": one.case.urgency,
            "by_hub": one.by_hub,
            "owner": one.owner,
            "mine": one.owner is not None and one.owner.pk == request.staff.pk,
            "url": reverse("doctor:case", args=[one.case.pk]) if reads else "",
        }
        for one in loop_queries.notices(request.unit)
        if not one.read
    ]


def unread(request: Any) -> int:
    """On a hub, for whoever assigns cases: how many urgent answers no unit has opened in time."""
    profile = getattr(request, "profile", None)
    if profile is None or not profile.routes_cases or not may(request.staff, "case.assign"):
        return 0
    return len(loop_queries.unread())


def banner(request: Any) -> list[dict[str, str]]:
    """The unit's emergencies that nobody has taken, for the head of a page: words and where to act. Two queries."""
    if not watched(request):
        return []
    return [
        {"words": shown(one.reason), "url": reverse("doctor:alarm", args=[one.case.pk])}
        for one in queries.alarms(request.unit)
    ]


@require_GET
@needs("alarm.act")
def live(request: Any) -> HttpResponse:
    """The banner alone, for pages that ask again."""
    return render(request, "doctor/alarms.html", {"alarms": banner(request), "came": answers(request)})


@require_http_methods(["GET", "POST"])
@needs("alarm.act")
@once
def page(request: Any, case_id: UUID) -> HttpResponse:
    """One emergency: whom to call, the sheet to send along, and what was done."""
    case = found_case(case_id)
    require(request.staff, "alarm.act", case)
    if request.method == "GET":
        return _page(request, case)
    kind, said = request.POST.get("kind", ""), request.POST.get("words", "")
    try:
        acts.record_alarm_act(case, request.staff, kind, said)
    except Refusal as refused:
        return _page(request, case, 422, problem=shown(refused.message), said=said)
    messages.success(request, gettext("Recorded. The specialist and the coordinator see it too."))
    readable = may(request.staff, "case.read", case)
    return redirect("doctor:case", case.pk) if readable else redirect("doctor:alarm", case.pk)


def _page(request: Any, case: Case, status: int = 200, **more: Any) -> HttpResponse:
    entrance.read(request, case.person_id, "doctor.alarm")
    person = people.get(case.person_id)
    name, other = words.name_words(person, people.names_of([case.person_id]).get(case.person_id, []))
    context = {
        "case": case,
        "person": person,
        "name": name,
        "other": other,
        "specialty": specialty_label(case.specialty),
        "words": status_label(case.status),
        "emergency": load.country(country_code()).emergency,
        "done": [line for line in queries.timeline(case) if line.act in ("alarm_call", "alarm_transfer")],
        "readable": may(request.staff, "case.read", case),
        **more,
    }
    return render(request, "doctor/alarm.html", context, status=status)
