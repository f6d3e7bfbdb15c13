"""A child's growth charts on paper."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET

from qafila.clinic.papers.models import Kind
from qafila.clinic.rules.growth import LABELS
from qafila.registry.people import queries as people
from qafila.registry.staff.rights import require
from qafila.web.access import needs
from qafila.web.nurse.growth import drawn
from qafila.web.prints import facts, sheet


@require_GET
@needs("print")
def page(request: Any, person_id: UUID) -> HttpResponse:
    """The charts of one span of ages and the table, A4 on its side."""
    person = people.get(person_id)
    if person is None:
        raise Http404
    require(request.staff, "person.read", person)

    def fill() -> dict[str, Any]:
        found = drawn(person, request.GET.get("span", ""))
        found["charts"] = [(one, title) for one, title in found["charts"] if one.points]
        return found | {"labels": [gettext(text) for text in LABELS.values()]}

    document = sheet.Document(
        Kind.GROWTH,
        gettext_lazy("Growth"),
        person.pk,
        person.pk,
        request.unit.pk if request.unit else None,
        facts.of_growth(person, fill()["growth"].measurings),
        fill,
        size="A4",
    )
    return sheet.answer(request, document)
