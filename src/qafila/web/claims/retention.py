"""How long what is kept here, and what has been kept for long enough."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from qafila.registry.claims import retention
from qafila.registry.claims.models import RetentionDue
from qafila.registry.people import queries as people
from qafila.registry.refused import ActRefused
from qafila.web.access import needs
from qafila.web.once import once
from qafila.web.reception.words import language
from qafila.web.records.words import kind_words

A_PAGE = 50


@require_GET
@needs("retention.confirm")
def page(request: Any) -> HttpResponse:
    """The country's periods with their sources, and what is due by each. A record is named by its code alone."""
    return _show(request)


@require_POST
@needs("retention.confirm")
@once
def confirm(request: Any, number: int) -> HttpResponse:
    """Erase what one line names."""
    entry = get_object_or_404(RetentionDue, pk=number)
    try:
        if request.POST.get("sure") != "yes":
            raise ActRefused(gettext("Tick that you have checked it: there is no way back."))
        retention.confirm(entry, request.staff)
    except ActRefused as refused:
        return _show(request, 422, problem=str(refused))
    messages.success(request, gettext("Erased here; every other node follows."))
    return redirect("claims:retention")


def _show(request: Any, status: int = 200, **more: Any) -> HttpResponse:
    lines = {keep.code: keep for keep in retention.lines()}
    shown = Paginator(RetentionDue.objects.order_by("since", "id"), A_PAGE).get_page(request.GET.get("page"))
    held = people.people_of([entry.person for entry in shown])
    context = {
        "lines": [
            {
                "label": keep.label.text(language()),
                "years": keep.years,
                "until_age": keep.until_age,
                "after_death": keep.after_death_years,
                "written": keep.counted_from == "written",
                "kinds": [kind_words(kind) for kind in keep.kinds if kind != "*"],
                "source": keep.source.text(language()),
                "draft": keep.status == "draft",
            }
            for keep in lines.values()
        ],
        "due": [
            {
                "entry": entry,
                "label": lines[entry.rule].label.text(language()),
                "draft": lines[entry.rule].status == "draft",
                "code": held[entry.person].code if entry.person in held else "",
            }
            for entry in shown
            if entry.rule in lines
        ],
        "page": shown,
        **more,
    }
    return render(request, "claims/retention.html", context, status=status)
