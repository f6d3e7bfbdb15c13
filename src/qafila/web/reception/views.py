"""The queue: the centre of the unit. One field finds a person, one tap puts them into it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from qafila.clinic.refusal import Refusal
from qafila.clinic.visits import acts as visits
from qafila.clinic.visits.models import Visit
from qafila.clinic.visits.queries import visit_today
from qafila.exchange.dicom.filing import any_waiting
from qafila.kernel.transitions import WrongState
from qafila.registry.people import queries as people
from qafila.registry.people.births import age_of
from qafila.registry.people.search import Found, search
from qafila.registry.places import lookup
from qafila.registry.places.here import local_day
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import may
from qafila.registry.units.models import Unit
from qafila.registry.units.queries import stop_today
from qafila.web.access import needs
from qafila.web.nurse import drafts
from qafila.web.once import once
from qafila.web.reception import board, looking, words

ACTS = {"finish": visits.finish, "left": visits.left, "reopen": visits.reopen, "ready": visits.ready}


@require_GET
@needs("queue.read")
def queue_page(request: Any) -> HttpResponse:
    """Today's queue with the search field on top."""
    return render(request, "reception/queue.html", _queue(request))


@require_GET
@needs("queue.read")
def queue_rows(request: Any) -> HttpResponse:
    """The queue alone, for a page that is open already."""
    return render(request, "reception/rows.html", _queue(request))


def _queue(request: Any) -> dict[str, Any]:
    unit = request.unit
    lines = board.lines(unit, request.staff) if unit else []
    stop = stop_today(unit) if unit else None
    return {
        "lines": [one for one in lines if not one.over],
        "over": [one for one in lines if one.over],
        "stop": stop,
        "images_wait": bool(unit) and may(request.staff, "image.match", unit) and any_waiting(),
        "unit_name": words.unit_name(unit) if unit else "",
        "stop_place": lookup.label(stop.place, words.language()) if stop else "",
        "call_next": _call_next(request.staff, unit) if unit else "",
        "registers": may(request.staff, "person.register"),
        "edits_rounds": may(request.staff, "round.edit"),
    }


def _call_next(by: Staff, unit: Unit) -> str:
    """Where the next person is called: by the doctor of those ready, by the nurse of those waiting."""
    for right, view in (("consult.write", "doctor:next"), ("vitals.record", "nurse:next")):
        if may(by, right, unit):
            return reverse(view)
    return ""


@require_POST
@needs("person.read")
def search_people(request: Any) -> HttpResponse:
    """Who is meant by what was typed; posted, so that no name stands in an address."""
    typed = request.POST.get("q", "")
    found = search(typed)
    shown = [_found(one, request.unit) for one in found]
    context = {
        "typed": typed.strip(),
        "found": shown,
        "registers": may(request.staff, "person.register"),
        "looks": looking.offered() and may(request.staff, "person.register"),
        "opens": bool(request.unit) and may(request.staff, "visit.open", request.unit),
    }
    if getattr(request, "htmx", False):
        return render(request, "reception/found.html", context)
    return render(request, "reception/queue.html", context | _queue(request))


def _found(one: Found, unit: Any) -> dict[str, Any]:
    name, other = words.name_words(one.person, one.names)
    return {
        "person": one.person,
        "name": name,
        "other": other,
        "age": words.age_words(age_of(one.person, local_day())),
        "sex": words.sex_words(one.person),
        "place": lookup.label(one.person.place, words.language()),
        "visit": visit_today(one.person.pk, unit) if unit else None,
    }


@require_POST
@needs("visit.open")
@once
def open_visit(request: Any, person_id: UUID) -> HttpResponse:
    """Put somebody who is known into the queue."""
    person = people.get(person_id)
    if person is None or request.unit is None:
        raise Http404
    try:
        visit = visits.open_visit(person, request.unit, request.staff, stop=stop_today(request.unit))
    except Refusal as refused:
        messages.error(request, gettext(refused.message.text) % refused.message.params)
        return redirect("reception:person", person_id)
    # Whoever was being registered turned out to be known.
    drafts.forget(request.staff, drafts.REGISTER)
    messages.success(request, gettext("In the queue with number %(ticket)s.") % {"ticket": visit.ticket})
    return redirect("reception:queue")


@require_POST
@needs("visit.close")
@once
def act(request: Any, visit_id: UUID, act: str) -> HttpResponse:
    """Finish a visit, note that somebody left, or take them back into the queue."""
    visit = Visit.objects.filter(pk=visit_id).first()
    if visit is None or act not in ACTS:
        raise Http404
    try:
        ACTS[act](visit, request.staff)
    except WrongState:
        messages.warning(request, gettext("Somebody else has just changed this visit: look at the queue again."))
    return redirect("reception:queue")
