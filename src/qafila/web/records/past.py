"""What happened to a record, change by change."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from qafila.clinic.access import labelling, labels
from qafila.clinic.access.rules import Sight
from qafila.journal import history
from qafila.journal.models import Label, Record
from qafila.kernel.rights import NotAllowed
from qafila.registry.people import queries as people
from qafila.registry.people.models import Person
from qafila.registry.staff.rights import require
from qafila.web import entrance
from qafila.web.access import needs
from qafila.web.once import once
from qafila.web.reception.words import name_words
from qafila.web.records import words

MOST = 500
A_PAGE = 100
APART = frozenset({"clinic.dayoflooks", "clinic.accessreview"})
"""About the reading of the record: the page of looks tells it, and a review is for who reviews."""


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
    kept_back: bool = False
    """Its row is confidential: that it was written is told, and nothing of it."""


@require_GET
@needs("journal.read")
def person(request: Any, person_id: UUID) -> HttpResponse:
    """All changes of a person's record, latest first."""
    found = _person(person_id)
    require(request.staff, "journal.read", found)
    opened = entrance.read(request, person_id, "records.person", "journal.read")
    entries = [e for one in people.one_with(person_id) for e in history.of_patient(one, MOST)]
    entries = [e for e in entries if e.kind not in APART]
    entries = sorted(entries, key=lambda e: e.stamp, reverse=True)[:MOST]
    levels = labels.of_entries((e.kind, e.subject) for e in entries)
    entries = [e for e in entries if opened.sight(levels.get(e.subject, 0)) != Sight.NOTHING]
    page = Paginator(entries, A_PAGE).get_page(request.GET.get("page"))
    hidden = {pk for pk, level in levels.items() if opened.sight(level) != Sight.SEES}
    context = {**_head(found), "changes": changes(list(page), hidden), "page": page, "cut": len(entries) >= MOST}
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
    opened = entrance.read(request, owner, "records.row", "journal.read")
    entries = list(reversed(history.of_subject(subject)))
    if opened.sight(labels.of_entries([(entries[0].kind, subject)]).get(subject, 0)) != Sight.SEES:
        raise NotAllowed("restricted.read")
    request.belongs = {"records:person": {"person_id": found.pk}}
    context = {**_head(found), "changes": changes(entries), "what": words.kind_words(entries[0].kind), "one": True}
    held = labelling.row_of(entries[0].kind, subject)
    if held is not None and labelling.may_label(request.staff, held):
        context |= {"labels": levels(), "level": held.label, "subject": subject}
    return render(request, "records/person.html", context)


def levels() -> list[tuple[int, str]]:
    """The labels with their words."""
    return [(level, words.label_words(level)) for level in Label.values]


@require_POST
@needs("label.change")
@once
def label(request: Any, subject: UUID) -> HttpResponse:
    """Give one row another label."""
    kind = Record._base_manager.filter(subject=subject).values_list("kind", flat=True).first()
    held = labelling.row_of(kind or "", subject)
    if held is None:
        raise Http404
    labelling.require_label(request.staff, held)
    said = request.POST.get("level", "")
    if said not in map(str, Label.values):
        raise BadRequest
    labelling.label(held, int(said), request.staff)
    messages.success(request, gettext("The confidentiality of this entry is changed."))
    return redirect("records:person", held.person_id)


def _person(person_id: UUID) -> Person:
    found = people.get(person_id)
    if found is None:
        raise Http404
    return found


def _head(found: Person) -> dict[str, Any]:
    name, other = name_words(found, people.names_of([found.pk]).get(found.pk, []))
    return {"person": found, "name": name, "other": other}


def changes(entries: list[history.Entry], hidden: Collection[UUID] = ()) -> list[Change]:
    """Entries with their words: two queries for any number. `hidden`: rows of which nothing is told."""
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
                if e.subject not in hidden and words.shown(e.kind, e.created, name, value, known)
            ],
            erased=e.fields is None,
            kept_back=e.subject in hidden,
        )
        for e in entries
    ]
