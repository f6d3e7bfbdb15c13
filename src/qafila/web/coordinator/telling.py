"""A unit is down: its answers are opened on the hub, and the hub reaches the people itself."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from qafila.clinic.cases import handing, loop_queries, queries
from qafila.clinic.cases.acts import latest_answer
from qafila.clinic.cases.models import Case
from qafila.clinic.cases.proof import proof_of
from qafila.clinic.cases.telling import TOLD
from qafila.clinic.cases.transitions import CASE
from qafila.clinic.refusal import Refusal
from qafila.registry.people import queries as people
from qafila.registry.people.births import age_of
from qafila.registry.places.here import local_day
from qafila.registry.staff.rights import require
from qafila.registry.units.models import Unit
from qafila.web import entrance
from qafila.web.access import needs
from qafila.web.doctor import answers, telling
from qafila.web.once import once
from qafila.web.reception.words import age_words, language, name_words, sex_words, unit_name
from qafila.web.specialist import medicines
from qafila.web.specialist.case import found
from qafila.web.specialist.words import lines, specialty_words, unit_words
from qafila.web.templatetags.qafila import told


@require_GET
@needs("case.tell")
def of_unit(request: Any, unit_id: UUID) -> HttpResponse:
    """A unit's answers that nobody has explained yet."""
    unit = Unit.objects.filter(pk=unit_id).first()
    if unit is None:
        raise Http404
    held = handing.answers_of(unit)
    tried = {c.pk: len(loop_queries.contacts_of(c)) for c in held}
    context = {
        "unit_name": unit_name(unit),
        "telephone": unit.phone,
        "lines": [(line, tried[line.case.pk]) for line in lines(queries.rows(held, keep_order=True))],
    }
    return render(request, "coordinator/answers.html", context)


@require_http_methods(["GET", "POST"])
@needs("case.tell")
@once
def page(request: Any, case_id: UUID) -> HttpResponse:
    """The answer with the person's telephones; note each attempt, and the talk in which it was explained."""
    case = found(case_id)
    require(request.staff, "case.tell", case)
    problem, status = "", 200
    if request.method == "POST":
        said = request.POST.get
        try:
            handing.tell_person(
                case, request.staff, said("way", ""), said("result", ""), said("words", ""),
                language=said("language", ""), interpreter=said("interpreter", ""),
            )  # fmt: skip
        except Refusal as refused:
            problem, status = told(refused.message), 422
        else:
            messages.success(request, gettext("Noted. The unit sees it when it is back."))
            return redirect("coordinator:unit_answers", case.unit_id)
    return _page(request, case, problem, status)


def _page(request: Any, case: Case, problem: str, status: int) -> HttpResponse:
    entrance.read(request, case.person_id, "coordinator.tell")
    answer, person = latest_answer(case), people.get(case.person_id)
    if answer is None or person is None:
        raise Http404
    name, other = name_words(person, people.names_of_one(case.person_id))
    section = telling.section(case, answer, request.staff, person)
    tongue = telling.sheet_language(person)
    context = {
        **section,
        "case": case,
        "person": person,
        "name": name,
        "other": other,
        "facts": f"{sex_words(person)}, {age_words(age_of(person, local_day()))}",
        "unit_name": unit_words(Unit.objects.filter(pk=case.unit_id).first()),
        "specialty": specialty_words(case.specialty),
        "answered": answers.lines(case, answer),
        "proposed": medicines.lines(answer),
        "answer": answer,
        "proof": proof_of(answer),
        "plain": telling.plain_of(answer, tongue) or telling.plain_of(answer, language()[:2]),
        "can": "tell" in {row.act for row in CASE.available(case.status)},
        "told_code": TOLD,
        "results": [(TOLD, gettext("Explained")), *section["results"]],
        "problem": problem,
        "typed": request.POST,
    }
    return render(request, "coordinator/tell.html", context, status=status)
