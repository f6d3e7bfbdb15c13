"""One person's page of requests: put the record aside, put it right, have it erased."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from qafila.registry.claims import erasure, rectifying, restricting
from qafila.registry.claims.models import ErasureRequest, Ground, Rectification, Restriction, State
from qafila.registry.people import queries as people
from qafila.registry.people.models import Person
from qafila.registry.refused import ActRefused
from qafila.registry.staff.rights import may
from qafila.web import entrance
from qafila.web.access import needs
from qafila.web.once import once
from qafila.web.reception import words
from qafila.web.records.words import kind_words
from qafila.web.records.words import names as names_of_staff

OPENS = ("claim.note", "claim.decide", "erasure.ask")
SAID = {
    "erase": _("Noted. Another person has to confirm it at the hub."),
    "restrict": _("The record is put aside from now on."),
    "lift": _("The record is used again."),
    "rectify": _("Noted."),
    "done": _("Noted: it is put right."),
    "refuse": _("Noted: it stays as it is, with your reason beside it."),
}
STATES = {State.ASKED: _("waits"), State.DONE: _("put right"), State.REFUSED: _("refused")}


@require_http_methods(["GET", "POST"])
@needs(*OPENS)
@once
def page(request: Any, person_id: UUID) -> HttpResponse:
    """What the person asked so far, and the forms for more. Posting carries out `what`."""
    person = _found(person_id)
    if request.method == "GET":
        return _show(request, person)
    what = request.POST.get("what", "")
    try:
        _DO.get(what, _nothing)(request, person)
    except ActRefused as refused:
        return _show(request, person, 422, problem=str(refused), of=what, typed=request.POST)
    messages.success(request, str(SAID[what]))
    return redirect("claims:person", person.pk)


def _found(person_id: UUID) -> Person:
    person = people.get(person_id)
    if person is None:
        raise Http404
    return person


def _nothing(request: Any, person: Person) -> None:
    raise Http404


def _erase(request: Any, person: Person) -> None:
    said = request.POST.get
    erasure.ask(person, request.staff, said("ground", ""), said("reason", ""), said("reference", ""))


def _restrict(request: Any, person: Person) -> None:
    restricting.restrict(person, request.staff, request.POST.get("reason", ""))


def _lift(request: Any, person: Person) -> None:
    restricting.lift(person, request.staff, request.POST.get("reason", ""))


def _rectify(request: Any, person: Person) -> None:
    rectifying.ask(person, request.staff, request.POST.get("wrong", ""), request.POST.get("right", ""))


def _done(request: Any, person: Person) -> None:
    try:
        row = UUID(request.POST.get("row", ""))
    except ValueError:
        raise ActRefused(rectifying.NOTHING) from None
    rectifying.done(_one(request, person), request.staff, row, request.POST.get("words", ""))


def _refuse(request: Any, person: Person) -> None:
    rectifying.refuse(_one(request, person), request.staff, request.POST.get("words", ""))


def _one(request: Any, person: Person) -> Rectification:
    try:
        wanted = UUID(request.POST.get("one", ""))
    except ValueError:
        raise Http404 from None
    return get_object_or_404(Rectification, pk=wanted, person_id__in=people.one_with(person.pk))


_DO: dict[str, Callable[[Any, Person], None]] = {
    "erase": _erase, "restrict": _restrict, "lift": _lift, "rectify": _rectify, "done": _done, "refuse": _refuse,
}  # fmt: skip


def _who(person: Person) -> dict[str, Any]:
    name, other = words.name_words(person, people.names_of_one(person.pk))
    return {"person": person, "name": name, "other": other}


def _show(request: Any, person: Person, status: int = 200, **more: Any) -> HttpResponse:
    entrance.read(request, person.pk, "claims.person", next(one for one in OPENS if may(request.staff, one)))
    ids = people.one_with(person.pk)
    rights = list(Rectification.objects.filter(person_id__in=ids).order_by("-asked_at"))
    asked = list(ErasureRequest.objects.filter(person_id__in=ids).order_by("-asked_at"))
    now = restricting.of(person.pk)
    past = list(Restriction.objects.filter(person_id__in=ids).exclude(lifted_at=None).order_by("-at"))
    staff = names_of_staff(
        [x for r in rights for x in (r.asked_by_id, r.decided_by_id)]
        + [x for r in asked for x in (r.asked_by_id, r.decided_by_id)]
        + [x for r in (now, *past) if r for x in (r.by_id, r.lifted_by_id)]
    )
    context = _who(person) | {
        "now": now,
        "now_by": staff.get(now.by_id, "") if now else "",
        "past": [(r, staff.get(r.lifted_by_id, "")) for r in past],
        "rights": [_right(r, staff) for r in rights],
        "asked": [(r, r.get_ground_display(), r.get_state_display(), staff.get(r.asked_by_id, "")) for r in asked],
        "grounds": [(g.value, g.label) for g in Ground if g != Ground.RETENTION],
        "notes": may(request.staff, "claim.note", person),
        "decides": may(request.staff, "claim.decide", person),
        "erases": may(request.staff, "erasure.ask", person),
        "edit": reverse("reception:edit", args=[person.pk]) if may(request.staff, "person.edit", person) else "",
        "sees_looks": any(may(request.staff, right, person) for right in ("journal.read", "print")),
        "gives": may(request.staff, "export.give", person),
        **more,
    }
    return render(request, "claims/person.html", context, status=status)


def _right(row: Rectification, staff: dict[UUID, str]) -> dict[str, Any]:
    choices = rectifying.corrections(row) if row.state == State.ASKED else []
    return {
        "row": row,
        "state": STATES[State(row.state)],
        "by": staff.get(row.asked_by_id, ""),
        "decided_by": staff.get(row.decided_by_id, "") if row.decided_by_id else "",
        "choices": [(e.subject, kind_words(e.kind), e.at) for e in choices],
    }
