"""Somebody stands at the door who is not known on this unit: ask the hub, and have the record sent for a short time."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qafila.clinic.access import acts
from qafila.kernel.dates import PartialDate
from qafila.kernel.text import latin_digits
from qafila.registry.people import queries
from qafila.registry.people.models import Sex
from qafila.registry.people.scanned import code_of
from qafila.registry.places.here import country, local_day
from qafila.registry.places.lookup import label
from qafila.registry.staff.rights import may
from qafila.sync import lookup, state
from qafila.sync.models import Look
from qafila.web.access import needs
from qafila.web.once import once
from qafila.web.reception import words
from qafila.web.reception.births import read_birth

OUTCOMES = {
    "none": gettext_lazy("The hub knows nobody like that. Check the spelling and the date, or register a new person."),
    "many": gettext_lazy("Too many people fit. Say more: a card or an official number finds one person."),
    "limit": gettext_lazy("This unit has asked for too many people. Try again later, or call the coordinator."),
    "refused": gettext_lazy("That took too long. Ask again."),
    "unclear": gettext_lazy("The hub needs a name with a date of birth, an official number or a card."),
    "unable": gettext_lazy("The hub cannot look people up."),
}


def offered() -> bool:
    """Whether this node has a hub to ask."""
    directory = settings.DIRECTORY
    return directory is not None and directory.profile.calls_hub


@require_http_methods(["GET", "POST"])
@needs("person.register")
def ask(request: Any) -> HttpResponse:
    """The question: prefilled with what was typed into the search; posted, so that no name stands in an address."""
    if not offered():
        raise Http404
    said = {name: request.POST.get(name, "").strip()[:100] for name in ("name", "birth", "identity", "code")}
    if request.POST.get("ask") != "yes":
        typed = request.POST.get("typed", "").strip()[:100]
        return _form(request, said | _meant(typed))
    return _asked(request, said)


def _meant(typed: str) -> dict[str, str]:
    """Where in the form a typed text belongs."""
    if code_of(typed):
        return {"code": typed}
    return {"identity" if any(c.isdecimal() for c in latin_digits(typed)) else "name": typed}


@once
def _asked(request: Any, said: dict[str, str]) -> HttpResponse:
    birth, wrong = "", ""
    if said["birth"] and not (said["identity"] or said["code"]):
        read = read_birth(said["birth"], local_day())
        if isinstance(read, PartialDate) and read.month and read.day:
            birth = f"{read.year:04}-{read.month:02}-{read.day:02}"
        else:
            wrong = gettext("The date of birth is needed with day, month and year.")
    if said["code"] and not code_of(said["code"]):
        wrong = gettext("This is no code of a card.")
    question = {"name": said["name"], "birth": birth, "identity": said["identity"], "code": said["code"]}
    if not wrong and not (question["identity"] or question["code"] or (question["name"] and birth)):
        wrong = gettext("Give a name with the date of birth, an official number, or the code of a card.")
    if wrong:
        return _form(request, said, wrong, 422)
    row = lookup.ask(request.staff.pk, **question)
    return redirect("reception:looked", row.pk)


def _form(request: Any, said: dict[str, str], wrong: str = "", status: int = 200) -> HttpResponse:
    id_label = country().national_id.label.text(words.language())
    context = {"said": said, "wrong": wrong, "id_label": id_label, "link": state.brief(1)}
    return render(request, "reception/look.html", context, status=status)


@require_GET
@needs("person.register")
def page(request: Any, look_id: UUID) -> HttpResponse:
    """What came of a question; the page follows by itself."""
    row = _row(look_id)
    known = queries.get(row.chosen) if row.chosen and row.outcome == "granted" else None
    if known is not None and not may(request.staff, "visit.read", known):
        # The hub gave the record for a card or two identifiers: that is the presence of whom it was given for.
        acts.looked_up(known, request.staff, request.unit)
    link = state.brief(1)
    context = {
        "look": row,
        "waits": not row.outcome,
        "over": not row.outcome and lookup.given_up(row),
        "no_link": "" if link.bars else link.reason or gettext("There is no link to the hub."),
        "said": OUTCOMES.get(row.outcome, ""),
        "people": [_shown(one) for one in row.people] if row.outcome == "found" else [],
        "coming": row.outcome == "granted" and known is None,
        "person": known,
        "name": words.name_words(known, queries.names_of([known.pk])[known.pk])[0] if known else "",
        "opens": bool(request.unit) and may(request.staff, "visit.open", request.unit),
    }
    return render(request, "reception/looked.html", context)


def _shown(one: dict[str, str]) -> dict[str, Any]:
    sex = Sex(one["sex"]).label if one["sex"] in Sex.values else ""
    held = queries.get(UUID(one["person"])) is not None
    return one | {"sex": sex, "place": label(one["place"], words.language()), "held": held}


@require_POST
@needs("person.register")
@once
def choose(request: Any, look_id: UUID) -> HttpResponse:
    """This one stands here: have the record sent."""
    if not lookup.choose(_row(look_id), request.POST.get("person", ""), request.staff.pk):
        raise Http404
    return redirect("reception:looked", look_id)


def _row(look_id: UUID) -> Look:
    row: Look | None = Look.objects.filter(pk=look_id).first()
    if row is None:
        raise Http404
    return row
