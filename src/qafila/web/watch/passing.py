"""A record of somebody who is not one's patient: the page that says so, and its two ways on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from qafila.clinic.access import acts
from qafila.clinic.access.identity import Shown
from qafila.clinic.access.models import AccessGrant
from qafila.clinic.refusal import Refusal
from qafila.kernel.dates import PartialDate
from qafila.kernel.rights import Closed
from qafila.packs import load
from qafila.registry.claims import restricting
from qafila.registry.people import queries as people
from qafila.registry.people.models import Person
from qafila.registry.places.here import country, local_day
from qafila.registry.staff.rights import grants
from qafila.web import errors
from qafila.web.access import needs
from qafila.web.account.entrance import within
from qafila.web.nurse.sheet import shown
from qafila.web.once import once
from qafila.web.reception import words
from qafila.web.reception.births import read_birth


def closed(request: Any, refused: Closed) -> HttpResponse:
    """403: what would open this record, for whom there is a way; else the plain page."""
    if request.headers.get("HX-Request"):
        return errors.not_allowed(request)
    onward = request.get_full_path() if request.method == "GET" else ""
    return _page(request, refused.person, onward, 403)


def _page(request: Any, person: UUID, onward: str, status: int, **more: Any) -> HttpResponse:
    held, terms = grants(request.staff), load.access()
    aside = restricting.of(person) is not None and not held.has("restriction.read")
    stands = held.scope("person.read") == "own_unit" and not aside
    breaks = held.has(acts.BREAK_GLASS) and held.has("person.read")
    if not stands and not breaks:
        return errors.not_allowed(request)
    context = {
        "person_id": person,
        "onward": onward,
        "aside": aside,
        "stands": stands,
        "breaks": breaks,
        "hours": terms.break_glass.hours,
        "presence_hours": terms.presence_hours,
        "letters": terms.break_glass.reason_letters,
        "id_label": country().national_id.label.text(words.language()),
        "said": request.POST,
        **more,
    }
    return render(request, "watch/closed.html", context, status=status)


@require_POST
@needs("person.read")
def present(request: Any, person_id: UUID) -> HttpResponse:
    """The patient stands here: the card, or two identifiers. Sent twice it is the same presence."""
    person, said = _found(person_id), request.POST.get
    birth = read_birth(said("birth", ""), local_day()) if said("birth", "").strip() else None
    if birth is not None and not isinstance(birth, PartialDate):
        words_ = gettext("Write the date of birth with day, month and year.")
        return _page(request, person.pk, _onward(request), 422, problem=words_, of="present")
    try:
        told = Shown(said("card", "")[:100], said("name", "")[:160], birth, said("identity", "")[:40],
                     said("phone", "")[:30])  # fmt: skip
        acts.present(person, request.staff, request.unit, told)
    except Refusal as refused:
        return _page(request, person.pk, _onward(request), 422, problem=shown(refused.message), of="present")
    return redirect(_onward(request) or _home(request, person))


@require_POST
@needs(acts.BREAK_GLASS)
@once
def break_glass(request: Any, person_id: UUID) -> HttpResponse:
    """Emergency access, with a reason; needs no link and nobody's leave."""
    person = _found(person_id)
    try:
        acts.break_glass(person, request.staff, request.POST.get("reason", ""), request.unit)
    except Refusal as refused:
        return _page(request, person.pk, _onward(request), 422, problem=shown(refused.message), of="break")
    return redirect(_onward(request) or _home(request, person))


@require_POST
@needs(acts.BREAK_GLASS)
def end(request: Any, grant_id: UUID) -> HttpResponse:
    """Give an emergency access back."""
    row = AccessGrant.objects.filter(pk=grant_id, staff=request.staff).first()
    if row is None:
        raise Http404
    acts.end(row, request.staff)
    messages.success(request, gettext("The emergency access has ended."))
    return redirect("home")


def _found(person_id: UUID) -> Person:
    person = people.get(person_id)
    if person is None:
        raise Http404
    return person


def _onward(request: Any) -> str:
    """Where the form leads, only within this node; empty where it says nothing that can be."""
    return within(request, request.POST.get("next", ""), "")


def _home(request: Any, person: Person) -> str:
    treats = any(grants(request.staff).has(right) for right in ("vitals.record", "case.answer"))
    return reverse("records:patient" if treats else "reception:person", args=[person.pk])
