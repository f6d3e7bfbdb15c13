"""Figures for whoever plans: suppressed, so that nobody is found behind them."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from qafila.clinic.cases import loop_queries
from qafila.kernel.text import cell
from qafila.office.statistics import release
from qafila.office.statistics.counting import STATISTICS
from qafila.office.statistics.release import Given
from qafila.office.statistics.suppression import TooLarge
from qafila.office.statistics.tables import ALL
from qafila.registry.people.models import Sex
from qafila.registry.places import lookup
from qafila.registry.places.here import local_day
from qafila.web.access import needs
from qafila.web.doctor.lines import specialty_label
from qafila.web.privacy.shown import tabs
from qafila.web.reception.words import language
from qafila.web.templatetags.qafila import urgency

READ = release.RIGHT


@require_GET
@needs(READ)
def page(request: Any) -> HttpResponse:
    """Every table of this year."""
    tables: list[dict[str, Any]] = []
    for code, one in STATISTICS.items():
        try:
            given = release.released(code, request.staff)
        except TooLarge:
            tables.append({"code": code, "label": one.label, "rows": None})
            continue
        rows, columns = _cross(given)
        tables.append({"code": code, "label": one.label, "first": one.dimensions[0], "rows": rows, "columns": columns,
                       "at": given.at, "k": given.k})  # fmt: skip
    spared = loop_queries.spared()
    sums = [
        (gettext("Kilometres not travelled"), release.magnitude(spared.km, spared.km_of), "km"),
        (gettext("Hours not travelled"), release.magnitude(spared.hours, spared.hours_of), "h"),
    ]
    context = tabs(request, "figures") | {"tables": tables, "sums": sums, "year": local_day().year}
    return render(request, "privacy/figures.html", context)


def _cross(given: Given) -> tuple[list[tuple[str, list[int | None]]], list[str]]:
    """Lines and columns of a table by two dimensions; totals come last."""
    firsts = sorted({key[0] for key in given.cells}, key=lambda c: (c == ALL, label(given.name, 0, c)))
    seconds = sorted({key[1] for key in given.cells}, key=lambda c: (c == ALL, c))
    rows = [(label(given.name, 0, a), [given.cells.get((a, b), 0) for b in seconds]) for a in firsts]
    return rows, [label(given.name, 1, b) for b in seconds]


def label(name: str, place: int, code: str) -> str:
    """A code of a table in words."""
    if code == ALL:
        return gettext("All")
    if code == "-":
        return gettext("Not known")
    if (name, place) == ("people_by_place", 0):
        whole = code.removesuffix("/")
        said = lookup.label(whole, language()) or whole
        return gettext("%(place)s itself") % {"place": said} if whole != code else said
    if (name, place) == ("people_by_specialty", 0):
        return str(specialty_label(code))
    if (name, place) == ("people_by_specialty", 1):
        return str(urgency(code)["words"])
    return str(Sex(code).label) if place == 1 and code in Sex.values else code


@require_GET
@needs(READ)
def table(request: Any, code: str) -> HttpResponse:
    """One table as CSV; what is held back is a star."""
    if code not in STATISTICS:
        raise Http404
    given = release.released(code, request.staff)
    rows, columns = _cross(given)
    made = io.StringIO()
    out = csv.writer(made)
    out.writerow([str(STATISTICS[code].dimensions[0]), *map(cell, columns)])
    for name, counts in rows:
        out.writerow([cell(name), *("*" if count is None else count for count in counts)])
    response = HttpResponse("\ufeff" + made.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{code}.csv"'
    return response
