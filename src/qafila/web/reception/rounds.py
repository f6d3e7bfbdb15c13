"""Rounds and stops, typed in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from qafila.registry.places import lookup
from qafila.registry.places.here import local_day
from qafila.registry.staff.rights import require
from qafila.registry.units import acts, queries
from qafila.registry.units.models import Round, Stop
from qafila.web.access import needs
from qafila.web.once import once
from qafila.web.reception import words
from qafila.web.reception.forms import RoundForm, StopForm


@require_http_methods(["GET", "POST"])
@needs("round.edit")
@once
def rounds_page(request: Any) -> HttpResponse:
    """The unit's rounds; posting adds one."""
    form = RoundForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and request.unit is not None and form.is_valid():
        data = form.cleaned_data
        try:
            acts.plan_round(request.unit, data["name"], data["starts"], data["ends"], request.staff)
            messages.success(request, gettext("Saved."))
            return redirect("reception:rounds")
        except acts.BadDates:
            form.add_error("ends", gettext("The last day is before the first."))
    return _page(request, form, status=422 if form.errors else 200)


def _page(request: Any, form: RoundForm, status: int = 200, wrong: tuple[UUID, StopForm] | None = None) -> HttpResponse:
    unit = request.unit
    rounds = []
    for tour, stops in queries.rounds_of(unit) if unit else []:
        places = [(s, lookup.label(s.place, words.language())) for s in stops]
        own = wrong[1] if wrong and wrong[0] == tour.pk else StopForm(auto_id=f"id_{tour.pk.hex}_%s")
        rounds.append({"round": tour, "stops": places, "form": own, "open": bool(wrong and wrong[0] == tour.pk)})
    context = {
        "form": form,
        "rounds": rounds,
        "today": local_day(),
        "near": lookup.labels_near([unit.home], words.language()) if unit else [],
    }
    return render(request, "reception/rounds.html", context, status=status)


@require_POST
@needs("round.edit")
@once
def add_stop(request: Any, round_id: UUID) -> HttpResponse:
    """Add a stop to a round."""
    tour = get_object_or_404(Round, pk=round_id)
    require(request.staff, "round.edit", tour)
    form = StopForm(request.POST, auto_id=f"id_{tour.pk.hex}_%s")
    if form.is_valid():
        data = form.cleaned_data
        try:
            acts.plan_stop(tour, data["day"], data["place"], data["locality"], request.staff)
            messages.success(request, gettext("Saved."))
            return redirect("reception:rounds")
        except acts.BadDates as wrong:
            form.add_error("day", str(wrong.message))
    return _page(request, RoundForm(), status=422, wrong=(tour.pk, form))


@require_POST
@needs("round.edit")
@once
def set_stop(request: Any, stop_id: UUID, status: str) -> HttpResponse:
    """Say that a stop is held, planned again, or cancelled."""
    stop = get_object_or_404(Stop, pk=stop_id)
    if status not in Stop.Status.values:
        raise Http404
    acts.set_stop(stop, status, request.staff)
    return redirect("reception:rounds")
