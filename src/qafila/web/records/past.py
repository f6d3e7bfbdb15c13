"""What happened to a record, change by change; and who looked at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from qafila.journal import history
from qafila.journal.models import Read, Record
from qafila.registry.people import queries as people
from qafila.registry.people.models import Person
from qafila.registry.staff.rights import require
from qafila.web.access import needs
from qafila.web.reception.words import name_words
from qafila.web.records import words

MOST = 500
A_PAGE = 100


@dataclass(frozen=True)
class Change:
    """One line of the history."""

    at: datetime
    by: str
    node: str
    what: str
    act: str
    subject: UUID
    fields: list[tuple[str, str]]
    erased: bool


@require_GET
@needs("journal.read")
def person(request: Any, person_id: UUID) -> HttpResponse:
    """All changes of a person's record, latest first."""
    found = _person(person_id)
    require(request.staff, "journal.read", found)
    history.log_read(request.staff.pk, person_id, "records.person")
    entries = [e for one in people.one_with(person_id) for e in history.of_patient(one, MOST)]
    entries = sorted(entries, key=lambda e: e.stamp, reverse=True)[:MOST]
    page = Paginator(entries, A_PAGE).get_page(request.GET.get("page"))
    context = {**_head(found), "changes": changes(list(page)), "page": page, "cut": len(entries) >= MOST}
    return render(request, "records/person.html", context)


@require_GET
@needs("journal.read")
def row(request: Any, subject: UUID) -> HttpResponse:
    """All changes of one row, latest first."""
    owner = Record._base_manager.filter(subject=subject).values_list("patient", flat=True).first()
    if owner is None:
        raise Http404
    found = _person(owner)
    require(request.staff, "journal.read", found)
    history.log_read(request.staff.pk, owner, "records.row")
    entries = list(reversed(history.of_subject(subject)))
    context = {**_head(found), "changes": changes(entries), "what": words.kind_words(entries[0].kind), "one": True}
    return render(request, "records/person.html", context)


@require_GET
@needs("journal.read")
def looks(request: Any, person_id: UUID) -> HttpResponse:
    """Who looked at a person's record, latest first."""
    found = _person(person_id)
    require(request.staff, "journal.read", found)
    history.log_read(request.staff.pk, person_id, "records.looks")
    page = Paginator(
        Read.objects.filter(patient__in=people.one_with(person_id)).order_by("-at", "-id"), A_PAGE
    ).get_page(request.GET.get("page"))
    known = words.names(r.actor for r in page)
    rows = [(r, known.get(r.actor, "") if r.actor else "", words.page_words(r.page)) for r in page]
    return render(request, "records/looks.html", {**_head(found), "looks": rows, "page": page})


def _person(person_id: UUID) -> Person:
    found = people.get(person_id)
    if found is None:
        raise Http404
    return found


def _head(found: Person) -> dict[str, Any]:
    name, other = name_words(found, people.names_of([found.pk]).get(found.pk, []))
    return {"person": found, "name": name, "other": other}


def changes(entries: list[history.Entry]) -> list[Change]:
    """Entries with their words: two queries for any number."""
    ids: set[UUID | None] = {e.actor for e in entries}
    for entry in entries:
        ids |= {words.uuid_of(v) for v in (entry.fields or {}).values() if isinstance(v, str) and len(v) == 32}
    known = words.names(ids)
    return [
        Change(
            at=e.at,
            by=known.get(e.actor, "") if e.actor else "",
            node=e.node,
            what=words.kind_words(e.kind),
            act=words.act_words(e.act, e.created),
            subject=e.subject,
            fields=[
                (words.field_words(e.kind, name), words.value_words(e.kind, name, value, known))
                for name, value in (e.fields or {}).items()
                if words.shown(e.kind, e.created, name, value, known)
            ],
            erased=e.fields is None,
        )
        for e in entries
    ]
