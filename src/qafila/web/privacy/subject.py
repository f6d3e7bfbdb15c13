"""What is held of a person, given to them: encrypted for their own machine, or printed at the desk."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import models
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.safestring import mark_safe
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from qafila.clinic.access.identity import Shown
from qafila.clinic.refusal import Refusal
from qafila.journal.models import Recorded, Ref
from qafila.kernel import clock
from qafila.kernel.dates import PartialDate
from qafila.office.export import giving
from qafila.office.export.sealed import passphrase
from qafila.registry.people import queries as people
from qafila.registry.people.models import Person
from qafila.registry.places.here import local_day
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require
from qafila.registry.units.models import Unit
from qafila.web import errors
from qafila.web.access import needs
from qafila.web.prints.sheet import tongues
from qafila.web.privacy.shown import sheet
from qafila.web.reception.births import read_birth
from qafila.web.reception.words import listed, name_words, unit_name
from qafila.web.records import words
from qafila.web.staff_names import staff_name
from qafila.web.templatetags.qafila import told

GIVE = giving.RIGHT
HELD = "record_given"
"""Where the session keeps who was identified, until when, and the passphrase."""
MINUTES = 15
MOST_PRINTED = 1500
"""Entries that are printed: more is given as a file."""
MARK = "<!-- record -->"


def found(person_id: UUID) -> Person:
    """The person. Raises `Http404`."""
    row = people.get(person_id)
    if row is None:
        raise Http404
    return row


@require_http_methods(["GET", "POST"])
@needs(GIVE)
def page(request: Any, person_id: UUID) -> HttpResponse:
    """Who asks, how they are known; then the passphrase, and what may be done for a quarter of an hour.

    Sent twice it draws a second passphrase, and the first opens nothing. (`@once` would forget a try that did not fit.)
    """
    person = found(person_id)
    require(request.staff, GIVE, person)
    said, problem = request.POST.get, ""
    if request.method == "POST":
        try:
            shown = Shown(said("card", "")[:100], "", _birth(said("born", "")), said("national_id", "")[:40],
                          said("phone", "")[:30])  # fmt: skip
            known = giving.identify(person, request.staff, said("asks", ""), shown, whole=said("self") == "yes")
        except Refusal as refused:
            problem = told(refused.message)
        else:
            request.session[HELD] = {
                "person": person.pk.hex, "phrase": passphrase(), "how": known.how, "asks": known.asks,
                "whole": known.whole, "until": (clock.now() + timedelta(minutes=MINUTES)).isoformat(),
            }  # fmt: skip
            return redirect("privacy:subject", person.pk)
    name, other = name_words(person, people.names_of([person.pk])[person.pk])
    context = {
        "person": person, "name": name, "other": other, "held": _held(request, person), "problem": problem,
        "typed": request.POST, "minutes": MINUTES,
    }  # fmt: skip
    return render(request, "privacy/subject.html", context, status=422 if problem else 200)


def _birth(said: str) -> PartialDate | None:
    """A day that cannot be read is said, and fits nobody."""
    read = read_birth(said, local_day()) if said.strip() else None
    return read if read is None or isinstance(read, PartialDate) else PartialDate(1)


def _held(request: Any, person: Person) -> dict[str, Any] | None:
    held = request.session.get(HELD)
    if held is None or held["person"] != person.pk.hex or datetime.fromisoformat(held["until"]) < clock.now():
        return None
    return dict(held)


def _given(request: Any, person_id: UUID, how: str) -> tuple[Person, dict[str, Any]]:
    person = found(person_id)
    require(request.staff, GIVE, person)
    held = _held(request, person)
    if held is None:
        raise Http404
    giving.log(person, request.staff, giving.Known(held["how"], held["asks"], held["whole"]), how)
    return person, held


@require_GET
@needs(GIVE)
def zipped(request: Any, person_id: UUID) -> HttpResponse:
    """The encrypted zip, streamed."""
    person, held = _given(request, person_id, "zip")
    tongue = tongues(request)[0]
    with translation.override(tongue):
        whole = render_to_string("privacy/record.html", _head(request, person, tongue), request)
    before, after = whole.split(MARK)
    made = giving.zipped(person, held["phrase"], _spoken(tongue), (before, after), whole=held["whole"])
    response = StreamingHttpResponse(made, content_type="application/zip")
    response["Content-Disposition"] = 'attachment; filename="record.zip"'
    response["Cache-Control"] = "no-store"
    return response  # type: ignore[return-value]  # a stream is an answer too


@require_GET
@needs(GIVE)
def printed(request: Any, person_id: UUID) -> HttpResponse:
    """The record as a PDF for the printer at the desk."""
    person, held = _given(request, person_id, "print")
    if giving.size_of(person.pk) > MOST_PRINTED:
        words_ = gettext("This record is too long to be printed here: give it as a file.")
        return errors.page(request, 409, gettext("Not printed"), words_)
    tongue = tongues(request)[0]
    body = b"".join(giving.html(person, _spoken(tongue), ("", ""), whole=held["whole"])).decode()
    with translation.override(tongue):
        head = _head(request, person, tongue)
    # Every value in it was escaped as it was written.
    return sheet(request, "privacy/print_record.html", "record", head | {"body": mark_safe(body)})  # noqa: S308


def _head(request: Any, person: Person, tongue: str) -> dict[str, Any]:
    name, other = name_words(person, people.names_of([person.pk])[person.pk])
    return {"person": person, "name": name, "other": other, "lang": tongue, "rtl": tongue.startswith("ar"),
            "now": clock.now()}  # fmt: skip


def _spoken(tongue: str) -> giving.Lines:
    """Rows in words, in one language."""
    known = {one.pk: staff_name(one) for one in Staff.objects.all()} | {u.pk: unit_name(u) for u in Unit.objects.all()}

    def shown(kind: str, row: Recorded) -> Iterable[tuple[str, str]]:
        with translation.override(tongue):
            lines = [("", words.kind_words(kind))]
            for field in row._meta.fields:
                value = getattr(row, field.attname)
                if not field.primary_key and words.shown(kind, True, field.name, value, known):
                    lines.append((words.field_words(kind, field.name), _value(kind, row, field, value, known)))
            return lines

    return shown


def _value(kind: str, row: Recorded, field: Any, value: Any, known: dict[UUID, str]) -> str:
    said: Callable[[], str] | None = getattr(row, "said", None)
    if said is not None and field.name in ("text", "words"):
        return said()
    plain = isinstance(field, models.CharField | models.TextField) and not isinstance(field, Ref) and not field.choices
    if plain and (kind, field.name) not in words.CODES:
        return str(value)
    if isinstance(field, models.JSONField):
        return _spread(value)
    return words.value_words(kind, field.name, value, known)


def _spread(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_spread(one)}" for name, one in value.items())
    return listed(map(_spread, value)) if isinstance(value, list) else str(value)
