"""Where two nodes said different things: both values beside each other, and a person who decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import models
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from qafila.journal import canon, resolve
from qafila.journal.models import Clash, Quarantine
from qafila.journal.write import Gone
from qafila.kernel.text import Bad, parse_text
from qafila.registry.people import queries as people
from qafila.registry.people.models import Person
from qafila.registry.staff.rights import grants, may, require
from qafila.web import entrance
from qafila.web.access import needs
from qafila.web.once import once
from qafila.web.reception.words import name_words
from qafila.web.records import words

A_PAGE = 50


@dataclass(frozen=True)
class Line:
    """A clash of the list."""

    clash: Clash
    what: str
    field: str
    name: str


@dataclass(frozen=True)
class Shown:
    """One of the values."""

    number: int
    value: str
    holds: bool
    by: str
    node: str
    at: datetime


@require_GET
@needs("clash.resolve")
def page(request: Any) -> HttpResponse:
    """What waits for a decision, latest first."""
    found = Paginator(Clash.objects.filter(open=True).order_by("-id"), A_PAGE).get_page(request.GET.get("page"))
    ids = [c.patient for c in found if c.patient]
    known, named = Person.objects.in_bulk(ids), people.names_of(ids)
    lines = [
        Line(
            c,
            words.kind_words(c.kind),
            words.field_words(c.kind, c.field),
            name_words(known.get(c.patient), named.get(c.patient, []))[0] if c.patient else "",
        )
        for c in found
    ]
    waiting = Quarantine.objects.filter(settled=False).count() if may(request.staff, "quarantine.read") else None
    return render(request, "records/clashes.html", {"lines": lines, "page": found, "quarantined": waiting})


@require_http_methods(["GET", "POST"])
@needs("clash.resolve")
@once
def one(request: Any, clash_id: int) -> HttpResponse:
    """Both values; keep one, or write what is right."""
    clash = Clash.objects.filter(pk=clash_id).first()
    if clash is None:
        raise Http404
    try:
        row = resolve.row_of(clash)
    except Gone:
        raise Http404 from None
    require(request.staff, "clash.resolve", row)
    if request.method == "POST":
        return _decide(request, clash)
    return _show(request, clash)


def _show(request: Any, clash: Clash, status: int = 200, **more: Any) -> HttpResponse:
    if clash.patient:
        entrance.read(request, clash.patient, "records.clash", "clash.resolve")
    person = people.get(clash.patient) if clash.patient else None
    named = people.names_of([clash.patient]).get(clash.patient, []) if clash.patient else []
    field = words.field_of(clash.kind, clash.field)
    context = {
        "clash": clash,
        "person": person,
        "name": name_words(person, named)[0] if clash.patient else "",
        "what": words.kind_words(clash.kind),
        "field": words.field_words(clash.kind, clash.field),
        "sides": _sides(clash),
        "settled": _settled(clash),
        "seen": resolve.seen_by(clash),
        "choices": [(str(c), str(w)) for c, w in field.flatchoices] if field is not None and field.choices else [],
        "kind_of_field": _input(field),
        "history": person is not None and may(request.staff, "journal.read", person),
        "rest": clash.kind == "clinic.case" and grants(request.staff).has("case.assign"),
        **more,
    }
    return render(request, "records/clash.html", context, status=status)


def _settled(clash: Clash) -> bool:
    """A table says which value holds: people only have to be told."""
    model = words.model_of(clash.kind)
    return model is not None and clash.field in model.settles


def _input(field: Any) -> str:
    """How another value is typed; "" where that is not offered."""
    if isinstance(field, models.ForeignKey) or field is None:
        return ""
    if field.choices:
        return "select"
    if isinstance(field, models.DateField) and not isinstance(field, models.DateTimeField):
        return "date"
    return "text" if isinstance(field, (models.CharField, models.TextField)) else ""


def _sides(clash: Clash) -> list[Shown]:
    found = resolve.sides(clash)
    ids: set[UUID | None] = {words.uuid_of(s.actor) for s in found if s.actor}
    ids |= {words.uuid_of(s.value) for s in found if isinstance(s.value, str)}
    known = words.names(ids)
    holding = canon.dumps(resolve.in_force(clash))
    return [
        Shown(
            number,
            words.value_words(clash.kind, clash.field, side.value, known),
            canon.dumps(side.value) == holding,
            known.get(UUID(side.actor), "") if side.actor else "",
            side.node,
            side.at,
        )
        for number, side in enumerate(found)
    ]


def _decide(request: Any, clash: Clash) -> HttpResponse:
    try:
        value = _wanted(clash, request.POST)
        resolve.resolve(clash, value, request.staff, request.POST.get("seen", ""))
    except ValidationError as wrong:
        return _show(request, clash, 422, problem=" ".join(wrong.messages), typed=request.POST.get("other", ""))
    except canon.Unfit:
        words_ = gettext("This value does not fit here.")
        return _show(request, clash, 422, problem=words_, typed=request.POST.get("other", ""))
    except resolve.Over:
        messages.warning(request, gettext("Somebody has decided meanwhile, or another value has come. Look again."))
        return redirect("records:clashes")
    messages.success(request, gettext("Settled. Every node will say the same."))
    return redirect("records:clashes")


def _wanted(clash: Clash, posted: Any) -> Any:
    """The canonical value chosen. Raises `ValidationError` with words for a person."""
    if _settled(clash):
        return resolve.in_force(clash)
    keep, sides = posted.get("keep", ""), resolve.sides(clash)
    if keep != "other":
        if keep.isascii() and keep.isdigit() and int(keep[:6]) < len(sides):
            return sides[int(keep)].value
        raise ValidationError(gettext("Choose one of the values."))
    field = words.field_of(clash.kind, clash.field)
    if not _input(field):
        raise ValidationError(gettext("Choose one of the values."))
    typed = parse_text(posted.get("other", ""), 2000, lines=isinstance(field, models.TextField))
    if isinstance(typed, Bad):
        raise ValidationError(gettext(typed.message) % typed.values if typed.values else gettext(typed.message))
    if not typed:
        raise ValidationError(gettext("Write the right value."))
    return canon.plain(field, field.clean(typed, None))


def unsettled() -> tuple[int, int]:
    """Open clashes and quarantined records: two queries."""
    return Clash.objects.filter(open=True).count(), Quarantine.objects.filter(settled=False).count()
