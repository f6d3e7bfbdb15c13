"""All requests of this node: what waits for a decision, what is put aside, what was erased and where."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from qafila.clinic.access import door
from qafila.journal.here import here
from qafila.registry.claims import erasure, queries
from qafila.registry.claims.models import ErasureRequest, Ground, Rectification, Restriction, State
from qafila.registry.people import queries as people
from qafila.registry.refused import ActRefused
from qafila.registry.staff.rights import may
from qafila.web.access import needs
from qafila.web.once import once
from qafila.web.reception import words
from qafila.web.records.words import names as names_of_staff


@require_GET
@needs("claim.decide", "erasure.confirm")
def page(request: Any) -> HttpResponse:
    """The list. Whoever may only confirm erasures sees no name but those that wait for it."""
    return _show(request)


@require_POST
@needs("erasure.confirm")
@once
def erasure_decision(request: Any, request_id: UUID) -> HttpResponse:
    """Confirm an erasure that somebody else asked for, or refuse it with the reason."""
    row = get_object_or_404(ErasureRequest, pk=request_id)
    try:
        if request.POST.get("decision") == "refuse":
            erasure.refuse(row, request.staff, request.POST.get("words", ""))
            messages.success(request, gettext("Refused. The record stays as it is."))
        elif request.POST.get("sure") != "yes":
            raise ActRefused(gettext("Tick that you have checked it: there is no way back."))
        else:
            erasure.confirm(row, request.staff)
            messages.success(
                request,
                gettext("Erased here. Every other node does it as soon as it hears; the list below says where."),
            )
    except ActRefused as refused:
        return _show(request, 422, problem=str(refused), of=row.pk)
    return redirect("claims:list")


def _show(request: Any, status: int = 200, **more: Any) -> HttpResponse:
    confirms = may(request.staff, "erasure.confirm")
    decides = may(request.staff, "claim.decide")
    waiting = list(erasure.waiting()) if confirms or decides else []
    rights = list(Rectification.objects.filter(state=State.ASKED).order_by("asked_at")[:100]) if decides else []
    put_aside = list(Restriction.objects.filter(lifted_at=None).order_by("at")[:100]) if decides else []
    ids = {r.person_id for r in (*waiting, *rights, *put_aside)}
    named, held = people.own_names(ids), people.people_of(ids)
    door.listed(request.staff, {r.person_id for r in waiting}, "claims.list")

    def who(person: UUID) -> str:
        return words.name_words(held.get(person), named.get(person, []))[0]

    told = queries.told()
    signed = [x for t in told for x in (t.erasure.asked_by, t.confirmed_by)]
    staff = names_of_staff([*(r.asked_by_id for r in waiting), *signed])
    context = {
        "waiting": [(r, who(r.person_id), r.get_ground_display(), staff.get(r.asked_by_id, "")) for r in waiting],
        "retains": may(request.staff, "retention.confirm"),
        "mine": request.staff.pk,
        "confirms": confirms and not here().confirmed_by_hub,
        "rights": [(r, who(r.person_id)) for r in rights],
        "put_aside": [(r, who(r.person_id)) for r in put_aside],
        "decides": decides,
        "told": [
            (t, _ground(t.erasure.ground), _named(staff, t.erasure.asked_by), _named(staff, t.confirmed_by))
            for t in told
        ],
        **more,
    }
    return render(request, "claims/list.html", context, status=status)


def _ground(code: str) -> str:
    return str(dict(Ground.choices).get(code, code))


def _named(staff: dict[UUID, str], who: UUID | None) -> str:
    return staff.get(who, "") if who is not None else ""
