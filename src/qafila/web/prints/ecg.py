"""An ECG on paper: A4 on its side, 25 mm/s and 10 mm/mV in true size."""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils import translation
from django.utils.translation import get_language, gettext, gettext_lazy
from django.views.decorators.http import require_GET

from qafila.clinic.imaging import queries
from qafila.clinic.imaging.refused import Refused
from qafila.clinic.papers.models import Kind
from qafila.clinic.visits.models import Visit
from qafila.journal import blobs
from qafila.registry.people import queries as people
from qafila.registry.staff.rights import require
from qafila.web import errors
from qafila.web.access import needs
from qafila.web.prints import facts, sheet
from qafila.web.records import ecg, files


@require_GET
@needs("print")
def page(request: Any, file_id: UUID) -> HttpResponse:
    """The strip, what was computed from it, and what was found wrong with it."""
    file = files.found(request, file_id)
    person = people.get(file.person_id)
    if file.kind_of_file != "ecg" or person is None:
        raise Http404
    require(request.staff, "print", file)
    try:
        files.ecg_strip(file.sha256, get_language() or "en")
    except blobs.Absent:
        return files.not_here(request)
    except Refused as refused:
        return errors.page(request, 415, gettext("This file cannot be drawn"), gettext(refused.reason) % refused.values)
    check = queries.check_of(file)
    before = queries.ecg_before(file)
    visit = Visit.objects.filter(pk=file.visit_id).first() if file.visit_id else None

    def fill() -> dict[str, Any]:
        # WeasyPrint does not shape Arabic inside a drawing: its foot line is the same in all languages
        with translation.override("en"):
            strip = files.ecg_strip(file.sha256, "en")
        return {
            "file": file,
            "strip": f"data:image/svg+xml;base64,{b64encode(strip).decode()}",
            "faults": ecg.fault_words(check),
            "check": check,
            "before": before,
            **ecg.computed(file, before, person),
        }

    document = sheet.Document(
        Kind.ECG,
        gettext_lazy("ECG"),
        file.pk,
        person.pk,
        visit.unit_id if visit else None,
        facts.of_ecg(person, file),
        fill,
        size="A4-wide",
    )
    return sheet.answer(request, document)
