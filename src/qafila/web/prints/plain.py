"""The sheet that a person takes home: what they have, what to do, when to take what, when to come back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils.translation import get_language, gettext_lazy
from django.views.decorators.http import require_GET

from qafila.clinic.cases import acts
from qafila.clinic.cases.models import Answer, Case
from qafila.clinic.papers.models import Kind
from qafila.packs import load
from qafila.registry.people import queries as people
from qafila.registry.places.here import country_code
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require
from qafila.web.access import needs
from qafila.web.doctor.telling import medicines_of, plain_of, sheet_language, slot_words, takings
from qafila.web.prints import facts, sheet


@require_GET
@needs("print")
def page(request: Any, case_id: UUID) -> HttpResponse:
    """Of the case's answer in force, in the person's language (or `lang`), in big type."""
    case = Case.objects.filter(pk=case_id).first()
    answer: Answer | None = acts.latest_answer(case) if case is not None else None
    person = people.get(case.person_id) if case is not None else None
    if case is None or answer is None or person is None:
        raise Http404
    require(request.staff, "print", case)

    def fill() -> dict[str, Any]:
        kept = plain_of(answer, (get_language() or "")[:2])
        return {
            "plain": kept,
            "takings": takings(medicines_of(case), kept.doses if kept else {}),
            "slot_words": slot_words(),
        }

    document = sheet.Document(
        Kind.PLAIN,
        gettext_lazy("For you"),
        answer.pk,
        person.pk,
        case.unit_id,
        facts.of_answer(person, answer),
        fill,
        size="A5" if request.GET.get("paper") == "A5" else "A4",
        more={
            "doctor": Staff.objects.filter(pk=answer.author_id).first(),
            "case": case,
            "answer": answer,
            "emergency": load.country(country_code()).emergency[:2],
        },
        tongue=sheet_language(person),
    )
    return sheet.answer(request, document)
