"""Transfers abroad: whether this hub makes any, and under which authorisations."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from qafila.registry.places import transfers
from qafila.registry.places.here import local_day, residency
from qafila.registry.places.transfer_models import Transfer
from qafila.registry.staff.models import Staff
from qafila.web.access import needs
from qafila.web.once import once
from qafila.web.privacy.shown import rule, tabs

KEEP = transfers.RIGHT


@require_http_methods(["GET", "POST"])
@needs(KEEP)
@once
def page(request: Any) -> HttpResponse:
    """The switch, the authorisations, who works abroad; a new authorisation is entered here."""
    problem, typed, said = "", {}, request.POST.get
    if request.method == "POST":
        typed = request.POST
        try:
            granted, until = _day(said("granted", "")), _day(said("until", ""))
            transfers.authorise(
                request.staff, said("country", ""), said("number", ""), said("authority", ""), granted or local_day(),
                until, partner=said("partner", ""), words=said("words", ""),
            )  # fmt: skip
        except transfers.BadTransfer as bad:
            problem = str(bad.message)
        else:
            messages.success(request, gettext("Saved."))
            return redirect("privacy:transfers")
    holding = {one.pk for one in transfers.in_force()}
    context = tabs(request, "transfers") | {
        "residency": residency(),
        "rows": [(one, one.pk in holding) for one in Transfer.objects.order_by("-granted", "-id")],
        "staff_abroad": [(one, transfers.abroad(one)) for one in Staff.objects.filter(active=True).exclude(country="")
                         if transfers.abroad(one)],
        "reachable": transfers.reachable(),
        "rule": rule(),
        "today": local_day().isoformat(),
        "problem": problem,
        "typed": typed,
    }  # fmt: skip
    return render(request, "privacy/transfers.html", context, status=422 if problem else 200)


def _day(text: str) -> Any:
    try:
        return parse_date(text.strip()) if text.strip() else None
    except ValueError:
        raise transfers.BadTransfer(gettext("Write the date.")) from None


@require_POST
@needs(KEEP)
@once
def end(request: Any, transfer_id: UUID) -> HttpResponse:
    """An authorisation does not hold any more."""
    row = Transfer.objects.filter(pk=transfer_id).first()
    if row is None:
        raise Http404
    try:
        transfers.end(row, request.staff, request.POST.get("words", ""))
    except transfers.BadTransfer as bad:
        messages.error(request, str(bad.message))
    else:
        messages.success(request, gettext("Ended. What is in hands there comes back."))
    return redirect("privacy:transfers")
