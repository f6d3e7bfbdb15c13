"""What stands at the head of every viewer: whose recording it is, and what it belongs to."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from qafila.clinic.cases.models import Case
from qafila.clinic.visits.models import Attachment, Visit
from qafila.registry.people import queries as people
from qafila.registry.people.births import age_of
from qafila.registry.people.models import Person
from qafila.registry.places.here import local_day
from qafila.registry.staff.rights import may
from qafila.web.reception.words import age_words, name_words, sex_words

READERS = ("case.answer", "case.assign")
"""Whom the page of a case at the hub is for."""


def whose(request: Any, file: Attachment, person: Person | None = None) -> dict[str, Any]:
    """Name, age and sex of the person on the day of the recording; what it belongs to is said to `web/ways_back.py`."""
    request.belongs = belongs(request, file)
    person = person or people.get(file.person_id)
    name, other = name_words(person, people.names_of_one(file.person_id))
    return {
        "person": person,
        "name": name,
        "other": other,
        "age": age_words(age_of(person, local_day(file.at))) if person else "",
        "sex": sex_words(person) if person else "",
    }


def belongs(request: Any, file: Attachment) -> dict[str, dict[str, Any]]:
    """The pages that a file belongs to and the reader may open, by name: the visit for a crew, the case at the hub."""
    if request.unit is not None:
        visit = Visit.objects.filter(pk=file.visit_id).first() if file.visit_id else None
        if visit is None:
            return {}
        pages = {"doctor:consult": "consult.write", "nurse:record": "visit.read"}
        return {name: {"visit_id": visit.pk} for name, right in pages.items() if may(request.staff, right, visit)}
    of_it = Q(pk=file.case_id) if file.case_id else Q(visit_id=file.visit_id, visit_id__isnull=False)
    for case in Case.objects.filter(of_it).order_by("-opened_at", "-id")[:5]:
        if any(may(request.staff, right, case) for right in READERS):
            return {"specialist:case": {"case_id": case.pk}}
    return {}
