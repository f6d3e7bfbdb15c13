"""The papers of one prescription, visit, answer, case or person: copies, cancelling, what was written on a form."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from qafila.clinic.papers import acts, queries
from qafila.clinic.papers.models import FORM_OF, IssuedPaper, Kind
from qafila.clinic.refusal import Refusal
from qafila.kernel import clock
from qafila.registry.people import queries as people
from qafila.registry.staff.rights import require
from qafila.web import entrance
from qafila.web.access import needs
from qafila.web.nurse.sheet import shown
from qafila.web.once import once
from qafila.web.prints import gather
from qafila.web.prints.check import STATES, kind_words
from qafila.web.reception import words


@require_GET
@needs("print")
def page(request: Any, kind: str, row_id: UUID) -> HttpResponse:
    """What was printed of this row and what became of it; and every way to print it."""
    row, person = gather.row_of(kind, row_id)
    require(request.staff, "print", row)
    entrance.read(request, person.pk, "print.papers", "print")
    rows = IssuedPaper.objects.filter(kind_of_paper=kind, subject=row_id).order_by("-at")
    found = [(one, queries.standing(one)) for one in rows]
    main, other = words.name_words(person, people.names_of([person.pk])[person.pk])
    context = {
        "kind": kind,
        "kind_words": kind_words(kind),
        "row_id": row_id,
        "person": person,
        "name": main,
        "other": other,
        "papers": [(one, standing, STATES[standing.state]) for one, standing in found],
        "enters": kind in FORM_OF,
        "now": timezone.localtime(clock.now()).strftime("%Y-%m-%dT%H:%M"),
        "number": request.GET.get("number", "")[:40],
    }
    return render(request, "prints/papers.html", context)


@require_POST
@needs("print")
@once
def enter(request: Any, kind: str, row_id: UUID) -> HttpResponse:
    """This was written by hand on a form: keep its number and the time of care."""
    row, person = gather.row_of(kind, row_id)
    require(request.staff, "print", row)
    try:
        care_at = _moment(request.POST.get("care_at", ""))
        facts = gather.facts_of(kind, row, person)
        acts.enter(request.POST.get("number", ""), Kind(kind), person.pk, row_id, facts, request.staff, care_at)
    except Refusal as refused:
        messages.error(request, shown(refused.message))
    except ValueError:
        messages.error(request, gettext("Say on which day and at what time the person was cared for."))
    else:
        messages.success(request, gettext("The form's number and the time of care are kept."))
    return redirect("prints:papers", kind, row_id)


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text.strip())
    return at if at.tzinfo else timezone.make_aware(at)


@require_POST
@needs("print")
@once
def change(request: Any, paper_id: UUID, act: str) -> HttpResponse:
    """Cancel a paper, or note that it was dispensed."""
    paper = IssuedPaper.objects.filter(pk=paper_id).first()
    if paper is None or act not in ("cancel", "use"):
        raise Http404
    row, _person = gather.row_of(paper.kind_of_paper, paper.subject)
    require(request.staff, "print", row)
    try:
        if act == "cancel":
            acts.cancel(paper, request.staff, request.POST.get("reason", ""))
            messages.success(request, gettext("Cancelled. Whoever checks it on line is told."))
        else:
            acts.mark_used(paper, request.staff)
            messages.success(request, gettext("Noted as dispensed or used."))
    except Refusal as refused:
        messages.error(request, shown(refused.message))
    return redirect("prints:papers", paper.kind_of_paper, paper.subject)
