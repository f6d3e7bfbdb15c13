"""A session of spirometry on paper."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from qafila.clinic.papers.models import Kind
from qafila.clinic.visits.models import Visit
from qafila.journal import blobs
from qafila.registry.people import queries as people
from qafila.registry.staff.rights import require
from qafila.web.access import needs
from qafila.web.prints import facts, sheet
from qafila.web.records import files, spirometry


@require_GET
@needs("print")
def page(request: Any, file_id: UUID) -> HttpResponse:
    """Curves, grade, values beside their equation."""
    file = files.found(request, file_id)
    person = people.get(file.person_id)
    if file.kind_of_file != spirometry.acts.KIND or person is None:
        raise Http404
    require(request.staff, "print", file)
    if not blobs.have(file.sha256):
        return files.not_here(request)
    visit = Visit.objects.filter(pk=file.visit_id).first() if file.visit_id else None
    document = sheet.Document(
        Kind.SPIROMETRY,
        gettext_lazy("Spirometry"),
        file.pk,
        person.pk,
        visit.unit_id if visit else None,
        facts.of_ecg(person, file),
        lambda: {"file": file, **spirometry.shown(file)},
        size="A4",
    )
    return sheet.answer(request, document)
