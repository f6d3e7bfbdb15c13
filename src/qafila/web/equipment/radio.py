"""Instruments that send by Bluetooth: which are read here, what is near, pairing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from qafila.clinic.bedside import acts
from qafila.clinic.bedside.models import Nearby, Pairing
from qafila.clinic.refusal import Refusal
from qafila.kernel import clock
from qafila.registry.staff.rights import require
from qafila.registry.units.models import Room
from qafila.registry.units.queries import rooms
from qafila.web.access import needs
from qafila.web.nurse.arrived import device_words
from qafila.web.nurse.sheet import shown
from qafila.web.once import once

SILENT = timedelta(minutes=2)
STATES = {
    "none": _("This machine has no Bluetooth. Type readings by hand: the sheet of vitals takes them all."),
    "off": _("Bluetooth is switched off on this machine. Type readings by hand, or switch it on."),
    "failed": _("The radio does not answer. Type readings by hand, and tell your supervisor."),
}
TROUBLES = {
    "away": _("not near, or asleep"),
    "refused": _("refuses: pair it again"),
    "unreadable": _("is not what it says"),
    "failed": _("did not answer"),
}


def state() -> str:
    """What is wrong with the radio, in words; "" when it works."""
    row = acts.radio()
    if row.heard_at is None or clock.now() - row.heard_at > SILENT:
        return str(STATES["none"])
    return str(STATES.get(row.trouble, STATES["failed"])) if row.trouble else ""


@require_http_methods(["GET", "POST"])
@needs("equipment.keep")
@once
def page(request: Any) -> HttpResponse:
    """The instruments that are read here."""
    if request.unit is None:
        raise Http404
    require(request.staff, "equipment.keep", request.unit)
    if request.method == "POST":
        return _act(request)
    row, stations = acts.radio(), rooms(request.unit)
    names = {r.pk: r.name for r in stations}
    context = {
        "wrong": state(),
        "searching": row.search_until is not None and row.search_until > clock.now(),
        "near": [(n, device_words(n.device)) for n in Nearby.objects.order_by("device", "address")],
        "rooms": [(r.pk.hex, r.name) for r in stations],
        "paired": [
            (p, device_words(p.device), str(TROUBLES.get(p.trouble, "")), names.get(p.room, "") if p.room else "")
            for p in Pairing.objects.filter(active=True).order_by("device", "pk")
        ],
    }
    return render(request, "equipment/radio.html", context)


def _act(request: Any) -> HttpResponse:
    form, by = request.POST, request.staff
    number = form.get("of", "")
    pk = int(number) if number.isascii() and number.isdigit() and len(number) < 12 else 0
    if form.get("act") == "search":
        acts.search(by)
    elif form.get("act") == "pair":
        near = Nearby.objects.filter(pk=pk).first()
        if near is None:
            messages.info(request, gettext("It is no longer near. Search again."))
        else:
            room = next((r for r in rooms(request.unit) if r.pk.hex == form.get("room")), None)
            _pair(request, near, room)
    elif form.get("act") == "unpair":
        paired = Pairing.objects.filter(pk=pk).first()
        if paired is not None:
            acts.unpair(paired, by)
            messages.success(request, gettext("It is read here no more."))
    else:
        raise Http404
    return redirect("equipment:radio")


def _pair(request: Any, near: Nearby, room: Room | None) -> None:
    try:
        acts.pair(near, request.staff, request.unit, room)
        messages.success(request, gettext("Its readings appear on the sheet of vitals from now on."))
    except Refusal as refused:
        messages.error(request, shown(refused.message))
