"""A child's growth: charts with the child's points, and the same as tables."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from qafila.clinic.rules.growth import LABELS, class_of
from qafila.clinic.visits import growth
from qafila.clinic.visits.assessment import known_sex
from qafila.registry.people import queries as people
from qafila.registry.people.births import age_days, age_of
from qafila.registry.people.models import Person
from qafila.registry.places.here import local_day
from qafila.registry.staff.rights import require
from qafila.web import entrance
from qafila.web.access import needs
from qafila.web.nurse import chart
from qafila.web.nurse.sheet import shown
from qafila.web.reception import words


def person_of(request: Any, person_id: UUID, page: str) -> Person:
    """The person whose record is opened; the look is logged. Raises `Http404`, `NotAllowed`."""
    person = people.get(person_id)
    if person is None:
        raise Http404
    require(request.staff, "person.read", person)
    entrance.read(request, person.pk, page)
    return person


def heading(person: Person) -> dict[str, Any]:
    """Whose page it is."""
    name, other = words.name_words(person, people.names_of([person.pk])[person.pk])
    return {
        "person": person,
        "name": name,
        "other": other,
        "age": words.age_words(age_of(person, local_day())),
        "sex": words.sex_words(person),
    }


def drawn(person: Person, wanted: str = "") -> dict[str, Any]:
    """What the page and the print show: `span`, `spans`, `charts`, `rows` of the table, remarks."""
    found = growth.growth_of(person)
    age = age_days(person, local_day())
    span = wanted if wanted in chart.SPANS else chart.span_of(age if age is not None else 0)
    sex = known_sex(person)
    drawings = chart.charts(sex, span, found.measurings) if sex and not found.lacks else []
    titles = [gettext(LABELS[one.indicator]) for one in drawings]
    latest = found.measurings[-1] if found.measurings else None
    return {
        "growth": found,
        "span": span,
        "spans": [(code, span_words(code)) for code in chart.SPANS],
        "charts": list(zip(drawings, titles, strict=True)),
        "rows": [row(one) for one in reversed(found.measurings)],
        "flags": [shown(flag) for flag in latest.result.red_flags] if latest else [],
        "notes": [shown(note) for note in latest.result.notes] if latest else [],
        "latest": latest,
        "lacks_sex": "sex" in found.lacks,
        "lacks_birth": "birth" in found.lacks,
    }


def span_words(code: str) -> str:
    """A span of ages."""
    low, high = code.split("-")
    return gettext("%(low)s to %(high)s years") % {"low": low, "high": high}


def row(one: growth.Measuring) -> dict[str, Any]:
    """A line of the table: the day, and each z-score with its word."""
    cells: list[dict[str, object] | None] = []
    for indicator in LABELS:
        score = one.scores.get(indicator)
        if score is None:
            cells.append(None)
            continue
        text = class_of(indicator, round(score.z, 2), one.age)
        z = f"{score.z:+.2f}".replace("-", "\u2212")
        cells.append({"z": z, "words": gettext(text) if text else "", "odd": score.implausible})
    return {
        "day": one.day,
        "months": int(one.age / chart.MONTH),
        "weight": one.values.get("weight"),
        "height": one.values.get("height"),
        "head": one.values.get("head_circumference"),
        "arm": one.values.get("arm_circumference"),
        "oedema": bool(one.values.get("oedema")),
        "cells": cells,
    }


@require_GET
@needs("person.read")
def page(request: Any, person_id: UUID) -> HttpResponse:
    """The charts of one span of ages, and the table of everything."""
    person = person_of(request, person_id, "nurse.growth")
    labels = [gettext(text) for text in LABELS.values()]
    context = {**heading(person), **drawn(person, request.GET.get("span", "")), "labels": labels}
    return render(request, "nurse/growth.html", context)
