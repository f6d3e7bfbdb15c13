"""Vitals: one screen, nothing filled in beforehand, keyboard from the first field to Save."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from qafila.clinic.refusal import Doubtful, NeedsConfirmation, Refusal
from qafila.clinic.visits import acts, assessment, growth
from qafila.clinic.visits.models import Visit
from qafila.clinic.visits.transitions import NURSE, READY, WAITING
from qafila.kernel.transitions import WrongState
from qafila.registry.people import queries as people
from qafila.registry.people.births import age_of
from qafila.registry.people.models import Person
from qafila.registry.places.here import local_day
from qafila.registry.staff.rights import require
from qafila.web import entrance
from qafila.web.access import needs
from qafila.web.nurse import drafts, sheet
from qafila.web.once import once
from qafila.web.reception import words

OBSTETRIC_TABLE = "danger-signs-pregnancy"
UNITS = "units of readings"
"""Key of the session under which the units that somebody used last are remembered."""


def found(visit_id: UUID) -> tuple[Visit, Person]:
    """The visit and its person. Raises `Http404` where either is not on this node."""
    visit = Visit.objects.filter(pk=visit_id).first()
    person = people.get(visit.person_id) if visit else None
    if visit is None or person is None:
        raise Http404
    return visit, person


def heading(visit: Visit, person: Person) -> dict[str, Any]:
    """Who the page is about."""
    name, other = words.name_words(person, people.own_names([person.pk])[person.pk])
    return {
        "visit": visit,
        "person": person,
        "child": growth.is_child(person, local_day()),
        "name": name,
        "other": other,
        "age": words.age_words(age_of(person, local_day())),
        "sex": words.sex_words(person),
        "triage": words.triage_words(visit),
        "status": words.status_words(visit),
    }


@require_POST
@needs("vitals.record")
@once
def start(request: Any, visit_id: UUID) -> HttpResponse:
    """Take a person from the queue; whoever is with the doctor stays there."""
    visit, _person = found(visit_id)
    require(request.staff, "vitals.record", visit)
    if visit.status in (WAITING, READY):
        try:
            acts.start_nurse(visit, request.staff)
        except WrongState:
            messages.info(request, gettext("Somebody else has just changed this visit."))
    return redirect("nurse:vitals", visit_id)


@require_POST
@needs("vitals.record")
@once
def call_next(request: Any) -> HttpResponse:
    """Take the next person who waits, the most urgent first."""
    if request.unit is None:
        raise Http404
    try:
        visit = acts.call_next(request.unit, request.staff, NURSE)
    except Refusal as refused:
        messages.info(request, sheet.shown(refused.message))
        return redirect("reception:queue")
    return redirect("nurse:vitals", visit.pk)


@require_http_methods(["GET", "POST"])
@needs("vitals.record")
@once
def vitals(request: Any, visit_id: UUID) -> HttpResponse:
    """The sheet, and saving it."""
    visit, person = found(visit_id)
    require(request.staff, "vitals.record", visit)
    draft = f"vitals:{visit.pk.hex}"
    form = sheet.blank(person, request.session.get(UNITS, {}))
    form.mother_known = visit.triage_basis.get("table") == OBSTETRIC_TABLE
    if request.method == "GET":
        entrance.read(request, person.pk, "nurse.vitals", row=visit)
        kept = drafts.load(request.staff, draft)
        if kept is not None:
            sheet.fill(form, kept[0])
        return _page(request, visit, person, form, draft, kept[1] if kept else None)
    sheet.fill(form, request.POST)
    readings, signs = sheet.read(form)
    if not form.wrong:
        try:
            acts.record_vitals(visit, request.staff, readings, signs=signs, then_ready=True)
        except Doubtful as doubt:
            sheet.refused(form, doubt.errors, isinstance(doubt, NeedsConfirmation))
    if form.wrong:
        sheet.judge_rest(form, person)
        return _page(request, visit, person, form, draft, status=422)
    drafts.forget(request.staff, draft)
    request.session[UNITS] = {e.key: e.unit for e in form.numbers if len(e.kind.units) > 1}
    fresh = Visit.objects.get(pk=visit.pk)
    said = gettext("Saved. Number %(ticket)s: %(triage)s") % {
        "ticket": fresh.ticket,
        "triage": words.triage_words(fresh),
    }
    lacking = [sheet.label(key) for key in assessment.missing(fresh)]
    if lacking:
        said += " · " + gettext("Still missing: %(what)s") % {"what": words.listed(lacking)}
    messages.success(request, said)
    for flag in growth.flags_today(person) if growth.is_child(person, local_day()) else ():
        messages.error(request, sheet.shown(flag))
    return call_next(request) if "next" in request.POST else redirect("reception:queue")


def _page(
    request: Any, visit: Visit, person: Person, form: sheet.Sheet, draft: str, kept: Any = None, status: int = 200
) -> HttpResponse:
    from qafila.web.nurse import arrived

    context = {**heading(visit, person), "sheet": form, "draft": draft, "kept": kept}
    context |= arrived.context(visit, request.GET.get("ask", "")[:32])
    return render(request, "nurse/vitals.html", context, status=status)


@require_POST
@needs("vitals.record")
def check(request: Any, visit_id: UUID, name: str) -> HttpResponse:
    """What the rules say of one field while the others are typed."""
    visit, person = found(visit_id)
    require(request.staff, "vitals.record", visit)
    form = sheet.blank(person, {})
    entry = form.find(name)
    if entry is None:
        raise Http404
    sheet.fill(form, request.POST)
    sheet.judged(entry, person)
    return render(request, "nurse/said.html", {"entry": entry})
