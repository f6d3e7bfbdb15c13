"""Consents of the patient page: recorded with their paper, and taken back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from qafila.clinic.history import consents
from qafila.clinic.imaging.refused import Refused
from qafila.clinic.refusal import Refusal
from qafila.clinic.visits.models import Consent
from qafila.clinic.visits.queries import visit_today
from qafila.registry.people import queries as people
from qafila.web.access import needs
from qafila.web.nurse.record import MOST_BYTES
from qafila.web.nurse.sheet import shown
from qafila.web.once import once
from qafila.web.records.patient import found, show


@require_POST
@needs("consent.record")
@once
def give(request: Any, person_id: UUID) -> HttpResponse:
    """Record what the person said to one purpose, with a picture or PDF of the paper."""
    person = found(person_id)
    said = request.POST.get
    scan = request.FILES.get("scan")
    if scan is not None and scan.size > MOST_BYTES:
        told = gettext("This file is too large: at most 64 MB.")
        return show(request, person, 413, problem=told, of="consents", typed=request.POST)
    visit = visit_today(person.pk, request.unit) if request.unit else None
    try:
        consents.give(
            visit or person, request.staff, said("purpose", ""), said("decision", ""), said("method", ""),
            given_by=said("given_by", "self"), guardian_name=said("guardian_name", ""), reason=said("reason", ""),
            scan=scan.read() if scan is not None else b"", scan_name=scan.name if scan is not None else "",
        )  # fmt: skip
    except Refused as refused:
        told = gettext(refused.reason) % refused.values if refused.values else gettext(refused.reason)
        return show(request, person, 422, problem=told, of="consents", typed=request.POST)
    except Refusal as refused:
        return show(request, person, 422, problem=shown(refused.message), of="consents", typed=request.POST)
    messages.success(request, gettext("Saved."))
    return redirect("records:patient", person.pk)


@require_POST
@needs("consent.record")
@once
def withdraw(request: Any, person_id: UUID, consent_id: UUID) -> HttpResponse:
    """The person takes a consent back."""
    person = found(person_id)
    consent = get_object_or_404(Consent, pk=consent_id, person_id__in=people.one_with(person.pk))
    try:
        consents.withdraw(consent, request.staff, request.POST.get("reason", ""))
    except Refusal as refused:
        return show(request, person, 422, problem=shown(refused.message), of="consents")
    messages.success(request, gettext("The consent is taken back from now on."))
    return redirect("records:patient", person.pk)
