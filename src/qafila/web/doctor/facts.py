"""What the doctor adds to a visit or takes back beside the notes: files, allergies, entries made in error."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from qafila.clinic.imaging.refused import Refused
from qafila.clinic.prescribing.models import Prescription
from qafila.clinic.refusal import Refusal
from qafila.clinic.visits import acts
from qafila.clinic.visits.models import Condition, Fact, Note, Visit
from qafila.web.access import needs
from qafila.web.doctor import consult
from qafila.web.nurse.record import MOST_BYTES
from qafila.web.nurse.sheet import shown
from qafila.web.nurse.views import found
from qafila.web.once import once
from qafila.web.records import doubts

FACTS: dict[str, type[Fact]] = {"note": Note, "diagnosis": Condition, "prescription": Prescription}


@require_POST
@needs("attachment.add")
@once
def add_file(request: Any, visit_id: UUID) -> HttpResponse:
    """Keep a photograph, an ECG or another file with the visit."""
    visit, person = found(visit_id)
    told = keep_file(request, visit)
    if told:
        return consult.show(request, visit, person, 422, file_problem=told)
    return redirect("doctor:consult", visit_id)


def keep_file(request: Any, visit: Visit, **more: Any) -> str:
    """Keep the file that was sent along (`more` as `add_attachment` takes it) and say so, with what the check doubts in
    it; "" or why not."""
    given = request.FILES.get("file")
    if given is None:
        return gettext("Choose a file first.")
    if given.size > MOST_BYTES:
        return gettext("This file is too large: at most 64 MB.")
    try:
        title = request.POST.get("title", "")
        kept = acts.add_attachment(visit, request.staff, given.read(), given.name, title=title, **more)
    except Refused as refused:
        return gettext(refused.reason) % refused.values if refused.values else gettext(refused.reason)
    except Refusal as refused:
        return shown(refused.message)
    doubts.tell(request, kept)
    return ""


@require_POST
@needs("consult.write")
@once
def add_allergy(request: Any, visit_id: UUID) -> HttpResponse:
    """Record an allergy, or that the person was asked and knows of none."""
    visit, person = found(visit_id)
    said = request.POST.get
    try:
        if "none" in request.POST:
            acts.no_known_allergy(visit, request.staff)
        else:
            acts.state_allergy(visit, request.staff, said("substance", ""), said("reaction", ""))
    except Refusal as refused:
        return consult.show(request, visit, person, 422, allergy_problem=shown(refused.message))
    return redirect("doctor:consult", visit_id)


@require_POST
@needs("consult.write")
@once
def mark_error(request: Any, kind: str, fact_id: UUID) -> HttpResponse:
    """Mark a note, a diagnosis or a prescription as entered in error; it stays, struck through."""
    if kind not in FACTS:
        raise Http404
    fact = get_object_or_404(FACTS[kind], pk=fact_id)
    if fact.visit_id is None:
        raise Http404
    visit, person = found(fact.visit_id)
    try:
        acts.mark_error(fact, request.staff, request.POST.get("reason", ""))
    except Refusal as refused:
        return consult.show(request, visit, person, 422, problem=shown(refused.message))
    messages.success(request, gettext("Marked as entered in error. Everybody who used it is told."))
    return redirect("doctor:consult", visit.pk)
