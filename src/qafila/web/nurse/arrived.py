"""Readings that instruments sent, beside the sheet of vitals: a person accepts each into the visit."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from qafila.clinic.bedside import acts
from qafila.clinic.bedside.models import Arrived, Pairing
from qafila.clinic.bedside.moments import CLOCK
from qafila.clinic.refusal import Doubtful, NeedsConfirmation, Refusal
from qafila.clinic.rules.observations import KINDS
from qafila.clinic.visits.models import Observation, Visit
from qafila.devices.load import devices
from qafila.registry.equipment.queries import trust_on
from qafila.registry.places.here import local_day
from qafila.registry.staff.rights import require
from qafila.web import opaque
from qafila.web.access import needs
from qafila.web.equipment.words import sort_words, trust_words
from qafila.web.nurse.sheet import label, shown
from qafila.web.nurse.views import found
from qafila.web.once import once
from qafila.web.reception.words import language, listed

WARNS = {
    CLOCK: _("its clock is wrong: the time is that of arrival"),
    "body_movement": _("the person moved"),
    "cuff_loose": _("the cuff was loose"),
    "irregular_pulse": _("irregular pulse"),
    "wrong_position": _("wrong position of the arm"),
    "early_estimate": _("early estimate"),
    "questionable": _("questionable"),
    "irregular_signal": _("irregular signal"),
    "weak_signal": _("weak signal"),
    "poor_signal": _("poor signal"),
    "low_perfusion": _("low perfusion"),
    "erratic_signal": _("erratic signal"),
    "no_pulse_seen": _("no pulse seen"),
    "sensor_moved": _("the sensor moved"),
    "battery_low": _("its battery is low"),
    "too_warm": _("measured too warm"),
    "too_cold": _("measured too cold"),
    "clock_fault": _("its clock is wrong"),
}
WHYS = {
    "above": _("above its range"),
    "below": _("below its range"),
    "demonstration": _("demonstration, not a person"),
    "test_data": _("demonstration, not a person"),
    "control_solution": _("control solution, not a person"),
    "sensor_off": _("sensor not on the person"),
    "sample_too_small": _("too little blood"),
    "strip_error": _("error of the strip"),
    "malfunction": _("the instrument reports an error"),
    "invalid": _("the instrument takes it back"),
    "interrupted": _("interrupted"),
}
NONE = _("no reading")
OLD = timedelta(minutes=30)


@dataclass(frozen=True)
class Line:
    """A measurement that waits. `values`: (name, number, unit, why there is none)."""

    row: Arrived
    device: str
    values: list[tuple[str, str, str, str]]
    warns: list[str]
    doubt: str
    readable: bool
    old: bool
    asks: bool

    @property
    def plain(self) -> bool:
        """Nothing about it has to be thought over: taken now, by a trusted instrument that remarks nothing.

        Its clock may be wrong: then the time is that of arrival, which is now.
        """
        return self.readable and not (self.old or self.asks or self.doubt or set(self.row.warns) - {CLOCK})

    @property
    def opaque(self) -> str:
        """Its number as a form may carry it."""
        return opaque.shown(self.row.pk)


def lines(visit: Visit, ask: str = "") -> list[Line]:
    """What arrived at the visit's station."""
    return [_line(row, ask) for row in acts.waiting(visit)]


def device_words(code: str) -> str:
    """A kind of instrument in the reader's language."""
    held = devices().get(code)
    return str(getattr(held.said.label, language()[:2], held.said.label.en)) if held else sort_words(code)


def _line(row: Arrived, ask: str) -> Line:
    trust = trust_on(row.instrument, local_day(row.at)) if row.instrument else None
    return Line(
        row,
        device_words(row.device),
        [_value(v) for v in row.values],
        [str(WARNS.get(w, w)) for w in row.warns],
        trust_words(*trust) if trust else "",
        any(v["number"] is not None for v in row.values),
        row.received_at - row.at > OLD,
        ask == opaque.shown(row.pk),
    )


def _value(held: dict[str, Any]) -> tuple[str, str, str, str]:
    kind = KINDS.get(held["key"])
    if held["number"] is None:
        return label(held["key"]), "", "", str(WHYS.get(held["why"], NONE))
    unit = next((u.shown for u in kind.units if u.ucum == held["unit"]), held["unit"]) if kind else held["unit"]
    text = held["number"]
    return label(held["key"]), text.rstrip("0").rstrip(".") if "." in text else text, unit, ""


def context(visit: Visit, ask: str = "") -> dict[str, Any]:
    """What the sheet of vitals shows of it; nothing on a node without paired instruments."""
    paired = Pairing.objects.filter(active=True).exists()
    arrived = lines(visit, ask) if paired else []
    return {"listens": paired, "arrived": arrived, "together": together(arrived), "ask": ask}


def together(arrived: list[Line]) -> list[Line]:
    """What can be accepted with one tap: the plain ones of instruments that sent one reading, two at least."""
    of_kind = Counter(one.row.device for one in arrived if one.readable)
    found_ = [one for one in arrived if one.plain and of_kind[one.row.device] == 1]
    return found_ if len(found_) > 1 else []


@require_GET
@needs("vitals.record")
def fragment(request: Any, visit_id: UUID) -> HttpResponse:
    """The list alone, asked for again and again by the open sheet."""
    visit, _person = found(visit_id)
    require(request.staff, "vitals.record", visit)
    return render(request, "nurse/arrived.html", {"visit": visit, **context(visit, request.GET.get("ask", "")[:32])})


@require_POST
@needs("vitals.record")
@once
def settle(request: Any, visit_id: UUID, arrived_id: int) -> HttpResponse:
    """Accept a reading into the visit, or put it aside; `every`: accept those that stood together on the page."""
    visit, _person = found(visit_id)
    row = Arrived.objects.filter(pk=arrived_id).first()
    if row is None:
        raise Http404
    back = reverse("nurse:vitals", args=[visit.pk])
    if "every" in request.POST:
        return _accept(request, visit, _meant(request, visit), back)
    if "dismiss" in request.POST:
        acts.dismiss(row, request.staff)
        messages.info(request, gettext("Put aside. It is in no record."))
        return redirect(back)
    return _accept(request, visit, [row], back)


def _meant(request: Any, visit: Visit) -> list[Arrived]:
    """The rows that the form names, as far as they still wait at this visit's station."""
    named = set(request.POST.getlist("every")[:50])
    return [row for row in acts.waiting(visit) if opaque.shown(row.pk) in named]


def _accept(request: Any, visit: Visit, rows: list[Arrived], back: str) -> HttpResponse:
    saved: list[Observation] = []
    ask = ""
    for row in rows:
        try:
            saved += acts.accept(row, visit, request.staff, confirmed=request.POST.get("sure") == "yes")
        except NeedsConfirmation as doubt:
            for _key, message in doubt.errors:
                messages.warning(request, shown(message))
            ask = opaque.shown(row.pk)
        except Doubtful as doubt:
            for _key, message in doubt.errors:
                messages.error(request, shown(message))
        except Refusal as refused:
            messages.error(request, shown(refused.message))
    if saved:
        names = listed(dict.fromkeys(label(o.code) for o in saved))
        messages.success(request, gettext("In the record: %(what)s") % {"what": names})
    return redirect(f"{back}?ask={ask}" if ask else back)
