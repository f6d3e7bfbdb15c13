"""A second opinion and a board, from the page of a case."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from qafila.clinic.cases import opinions
from qafila.clinic.cases.duty_models import Opinion
from qafila.clinic.cases.models import Case
from qafila.clinic.refusal import Refusal
from qafila.kernel.transitions import WrongState
from qafila.registry.staff.models import Staff
from qafila.registry.staff.queries import known, specialists
from qafila.registry.staff.rights import grants, may
from qafila.web.access import needs
from qafila.web.once import once
from qafila.web.staff_names import staff_name
from qafila.web.templatetags.qafila import told


def shown(case: Case, by: Staff) -> dict[str, Any]:
    """For the case's page: opinions with names, and whom one may ask."""
    held = opinions.opinions_of(case)
    named = known(o.staff_id for o in held)
    people: list[tuple[UUID, str]] = []
    if case.status in opinions.UNDER_WAY and may(by, "case.consult", case):
        people = [
            (s.pk, staff_name(s))
            for s in specialists()
            if s.pk not in (by.pk, case.specialist_id) and grants(s).has("case.answer")
        ]
    return {"opinions": [(o, staff_name(named.get(o.staff_id))) for o in held], "consults": people}


@require_POST
@needs("case.consult")
@once
def ask(request: Any, case_id: UUID) -> HttpResponse:
    """Ask one for a second opinion, several as a board."""
    case = Case.objects.filter(pk=case_id).first()
    if case is None:
        raise Http404
    try:
        ids = [UUID(one) for one in request.POST.getlist("of")[:20]]
    except ValueError:
        raise Http404 from None
    people = list(Staff.objects.filter(pk__in=ids, active=True).order_by("name"))
    question = request.POST.get("question", "")
    try:
        if len(people) == 1:
            opinions.ask_opinion(case, people[0], request.staff, question)
        else:
            opinions.open_board(case, people, request.staff, question)
    except Refusal as refused:
        messages.error(request, told(refused.message))
    except WrongState:
        messages.error(request, gettext("This cannot be done any more."))
    else:
        messages.success(request, gettext("Asked."))
    return redirect("specialist:case", case_id)


@require_POST
@needs("case.opine")
@once
def give(request: Any, opinion_id: UUID) -> HttpResponse:
    """Give the opinion that was asked for."""
    asked = Opinion.objects.filter(pk=opinion_id, staff_id=request.staff.pk).first()
    if asked is None:
        raise Http404
    try:
        opinions.give_opinion(asked, request.staff, request.POST.get("text", ""))
    except Refusal as refused:
        messages.error(request, told(refused.message))
    except WrongState:
        messages.error(request, gettext("This cannot be done any more."))
    else:
        messages.success(request, gettext("Saved."))
    return redirect("specialist:case", asked.case_id)
