"""Registering a person in one screen; likely duplicates are offered, never forced."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from qafila.clinic.refusal import Refusal
from qafila.kernel.ids import read_code
from qafila.registry.people import queries
from qafila.registry.people.acts import SameIdentity
from qafila.registry.people.births import age_of
from qafila.registry.people.details import BadDetails, NameParts, NewLink
from qafila.registry.people.duplicates import likely, typed
from qafila.registry.people.matching import Known
from qafila.registry.people.models import Circumstance, Person
from qafila.registry.people.search import search
from qafila.registry.places import lookup
from qafila.registry.places.here import local_day
from qafila.registry.units.queries import stop_today
from qafila.web.access import needs
from qafila.web.nurse import drafts
from qafila.web.once import once
from qafila.web.reception import sameness, words
from qafila.web.reception.arrival import arrive
from qafila.web.reception.forms import RegisterForm


@require_http_methods(["GET", "POST"])
@needs("person.register")
@once
def register(request: Any) -> HttpResponse:
    """The form; `typed` posted from the search fills in the name, `mother` makes it a newborn's."""
    if request.method == "GET" or "typed" in request.POST:
        mother = _person(request.GET.get("mother", ""))
        initial = _split(request.POST.get("typed", "")) if mother is None else _newborn(mother)
        kept = None if initial else drafts.load(request.staff, drafts.REGISTER)
        if kept is not None:
            initial = {name: kept[0].get(name) for name in kept[0]}
        return _page(request, RegisterForm(initial=initial), kept=kept[1] if kept else None)
    form = RegisterForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    return _save(request, form)


def _save(request: Any, form: RegisterForm) -> HttpResponse:
    values, names = form.values(), form.names()
    stop = stop_today(request.unit) if request.unit else None
    if form.cleaned_data["here"] and stop is not None and not values["place"]:
        values["place"] = stop.place
    links = _mother(form)
    if form.errors:
        return _page(request, form, status=422)
    if request.POST.get("new") != "yes":
        found = [one for one in likely(_typed(names, values)) if one.certain]
        if found:
            return _page(request, form, likely=sameness.offered(found), status=409)
    try:
        person, visit = arrive(request.staff, request.unit, names, links, form.cleaned_data["reason"], **values)
    except SameIdentity as same:
        return _page(request, form, same=_known(same.person), status=409)
    except BadDetails as wrong:
        form.refused(wrong)
        return _page(request, form, status=422)
    except Refusal as refused:
        form.add_error(None, gettext(refused.message.text) % refused.message.params)
        return _page(request, form, status=422)
    drafts.forget(request.staff, drafts.REGISTER)
    said = gettext("Registered, in the queue with number %(ticket)s. Card: %(code)s")
    messages.success(request, said % {"ticket": visit.ticket, "code": person.code})
    return redirect("reception:queue")


@require_POST
@needs("person.register")
def likely_now(request: Any) -> HttpResponse:
    """Who it may be, of what has been typed so far; whatever cannot be read yet counts as not known."""
    form = RegisterForm(request.POST)
    form.is_valid()
    data = form.cleaned_data
    values = {name: data.get(name) or "" for name in ("sex", "place", "phone", "national_id", "mother_name")}
    values["birth"] = data.get("birth")
    names = form.names() if not {"given", "family", "middle"} & set(form.errors) else []
    found = likely(_typed(names, values), limit=3) if names else []
    return render(request, "reception/likely.html", {"likely": sameness.offered(found)})


def _page(request: Any, form: RegisterForm, status: int = 200, **more: Any) -> HttpResponse:
    stop = stop_today(request.unit) if request.unit else None
    context = {
        "form": form,
        "stop_place": lookup.label(stop.place, words.language()) if stop else "",
        "near": _near(request),
        "draft": drafts.REGISTER,
        **more,
    }
    return render(request, "reception/register.html", context, status=status)


def _near(request: Any) -> list[str]:
    """Labels of the communes around the unit's base and stop, to choose from while typing."""
    stop = stop_today(request.unit) if request.unit else None
    return lookup.labels_near([stop.place if stop else "", request.unit.home if request.unit else ""], words.language())


def _typed(names: list[NameParts], values: dict[str, Any]) -> Known:
    told = {name: values.get(name, "") for name in ("sex", "place", "phone", "national_id")}
    return typed(names, values.get("birth"), mother=values.get("mother_name", ""), **told)


def _known(person: Person) -> dict[str, Any]:
    name, other = words.name_words(person, queries.names_of([person.pk])[person.pk])
    return {
        "person": person,
        "name": name,
        "other": other,
        "age": words.age_words(age_of(person, local_day())),
        "sex": words.sex_words(person),
        "place": lookup.label(person.place, words.language()),
    }


def _split(typed: str) -> dict[str, str]:
    """A name typed into the search: the first word as given name, the rest as family name; nothing else."""
    parts = typed.strip()[:160].split()
    if not parts or any(c.isdecimal() for c in typed):
        return {}
    return {"given": parts[0], "family": " ".join(parts[1:])}


def _newborn(mother: Person) -> dict[str, Any]:
    today = local_day()
    return {
        "circumstance": Circumstance.NEWBORN,
        "mother_code": mother.code,
        "birth": f"{today.day:02}/{today.month:02}/{today.year}",
        "place": lookup.label(mother.place, words.language()),
        "phone": mother.phone,
        "language": mother.language,
    }


def _mother(form: RegisterForm) -> list[NewLink]:
    typed = form.cleaned_data["mother_code"]
    if not typed:
        return []
    found = [f.person for f in search(typed) if f.why != "name"]
    if len(found) != 1:
        form.add_error(
            "mother_code", gettext("Nobody has this code.") if read_code(typed) else gettext("This is not a code.")
        )
        return []
    return [NewLink("mother", found[0])]


def _person(text: str) -> Person | None:
    try:
        return queries.get(UUID(text))
    except ValueError:
        return None
