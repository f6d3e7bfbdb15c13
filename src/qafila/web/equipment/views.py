"""The instruments of a unit, or of all units on the hub: what they are, what is due, faults, cleaning."""

from __future__ import annotations

from itertools import groupby
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from qafila.clinic.lab.acts import waiting
from qafila.packs import bedside
from qafila.registry.equipment import acts, queries
from qafila.registry.equipment.acts import EquipmentRefused
from qafila.registry.equipment.models import Instrument
from qafila.registry.places.here import local_day
from qafila.registry.staff.rights import may, require
from qafila.registry.units.models import Unit
from qafila.web.access import needs
from qafila.web.equipment import words
from qafila.web.once import once
from qafila.web.reception.words import language, unit_name
from qafila.web.staff_names import staff_names
from qafila.web.stock.words import whole

KEEP = "equipment.keep"


def found(request: Any, instrument_id: UUID) -> Instrument:
    """An instrument that the person may look after. Raises `Http404`, `NotAllowed`."""
    row = Instrument.objects.filter(pk=instrument_id).first()
    if row is None:
        raise Http404
    require(request.staff, KEEP, row)
    return row


@require_GET
@needs(KEEP)
def list_page(request: Any) -> HttpResponse:
    """The unit's instruments, or those of all units where the node serves none; the worst state first to filter by."""
    if request.unit is not None:
        require(request.staff, KEEP, request.unit)
    lines = [words.line(one) for one in queries.of_unit(request.unit)]
    shown = request.GET.get("show", "")
    units = {u.pk: unit_name(u) for u in Unit.objects.filter(pk__in={x.state.instrument.unit_id for x in lines})}
    chosen = [x for x in lines if shown in ("", x.code)]
    groups = [
        (units.get(pk, "") if request.unit is None else "", list(rows))
        for pk, rows in groupby(chosen, key=lambda x: x.state.instrument.unit_id)
    ]
    counts = [(code, *words.LOOKS[code], sum(x.code == code for x in lines)) for code in words.STATES]
    context = {
        "groups": groups,
        "shown": shown,
        "all": len(lines),
        "counts": [row for row in counts if row[4]],
        "adds": bool(_units(request)),
        "bluetooth": request.unit is not None,
        "to_match": len(waiting()) if request.unit is not None and may(request.staff, "lab.match") else None,
    }
    return render(request, "equipment/list.html", context)


def _units(request: Any) -> list[Unit]:
    """The units to whose inventory the person may add: their own, or every one on a node that serves none."""
    if request.unit is not None:
        return [request.unit]
    return list(Unit.objects.filter(active=True).order_by("code"))


@require_http_methods(["GET", "POST"])
@needs(KEEP)
@once
def add(request: Any) -> HttpResponse:
    """Enter an instrument."""
    units = _units(request)
    typed, problem = request.POST, ""
    if request.method == "POST":
        unit = next((u for u in units if u.pk.hex == typed.get("unit", "")), units[0] if len(units) == 1 else None)
        since = words.day_typed(typed.get("since", ""), local_day())
        if unit is None:
            problem = gettext("Choose a unit.")
        elif since is None:
            problem = gettext("This is not a date. Write day/month/year.")
        else:
            try:
                made = acts.add(
                    unit, request.staff, typed.get("sort", ""), maker=typed.get("maker", ""),
                    model=typed.get("model", ""), serial=typed.get("serial", ""), since=since,
                )  # fmt: skip
                messages.success(request, gettext("In the inventory."))
                return redirect("equipment:one", made.pk)
            except EquipmentRefused as refused:
                problem = str(refused)
    context = {
        "units": [(u.pk.hex, unit_name(u)) for u in units],
        "sorts": [(s.code, s.label.text(language())) for s in bedside.equipment().sort],
        "typed": typed,
        "problem": problem,
        "today": local_day().isoformat(),
    }
    return render(request, "equipment/add.html", context, status=422 if problem else 200)


@require_http_methods(["GET", "POST"])
@needs(KEEP)
@once
def one(request: Any, instrument_id: UUID) -> HttpResponse:
    """One instrument: what is due, what is wrong, what was done; and to write down more."""
    row = found(request, instrument_id)
    problem = ""
    if request.method == "POST":
        try:
            messages.success(request, _act(request, row))
            return redirect("equipment:one", row.pk)
        except EquipmentRefused as refused:
            problem = str(refused)
    state = queries.state_of(row)
    staff = staff_names(e.by_id for e in state.events)
    unit = Unit.objects.filter(pk=row.unit_id).first()
    context = {
        "one": row,
        "line": words.line(state),
        "unit_name": unit_name(unit) if unit else "",
        "faults": state.faults,
        "events": [(e, words.event_words(e), staff.get(e.by_id, "")) for e in reversed(state.events)][:100],
        "every": [(words.CARE[what], words.every(getattr(row, field))) for what, field in INTERVALS.items()],
        "cares": [(what, words.CARE[what]) for what in INTERVALS],
        "typed": request.POST,
        "problem": problem,
        "today": local_day().isoformat(),
    }
    return render(request, "equipment/one.html", context, status=422 if problem else 200)


INTERVALS = {"calibration": "calibrate_days", "maintenance": "maintain_days", "cleaning": "clean_days"}


def _act(request: Any, row: Instrument) -> str:
    """Do what the form says; the words for it. Raises `EquipmentRefused`."""
    form, by = request.POST, request.staff
    act = form.get("act", "")
    if act == "clean":
        acts.note(row, by, "cleaning")
        return gettext("Cleaned: written down.")
    if act == "note":
        day = words.day_typed(form.get("day", ""), local_day())
        if day is None or form.get("what") not in INTERVALS:
            raise EquipmentRefused(gettext("This is not a date. Write day/month/year."))
        acts.note(row, by, form["what"], day, good=form.get("result") != "failed", words=form.get("note", ""))
        return gettext("Written down.")
    if act == "fault":
        acts.report(row, by, form.get("note", ""), usable=form.get("usable") == "yes")
        return gettext("The fault is reported.")
    if act == "repair":
        try:
            fault = UUID(form.get("fault", ""))
        except ValueError:
            raise EquipmentRefused(acts.NO_FAULT) from None
        acts.repair(row, by, fault, form.get("note", ""))
        return gettext("The fault is ended.")
    if act == "intervals":
        days = [whole(form.get(field, "")) for field in INTERVALS.values()]
        if any(d is None for d in days):
            raise EquipmentRefused(acts.NO_DAYS)
        acts.set_intervals(row, by, *(d or 0 for d in days))
        return gettext("Written down.")
    if act == "retire":
        acts.retire(row, by, form.get("note", ""))
        return gettext("Out of service. What it measured stays.")
    raise Http404
