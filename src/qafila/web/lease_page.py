"""The lease's page on a unit: how it stands, the question for the supervisor, the field for the supervisor's code."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from qafila.sync import lease
from qafila.sync.models import LeaseOpening
from qafila.web.access import needs
from qafila.web.once import once

SHOWN = 10


@require_http_methods(["GET", "POST"])
@needs("node.status")
@once
def page(request: Any) -> HttpResponse:
    """GET: the state and, where history is closed or will be soon, the question. POST: the code that answers it."""
    if request.method == "POST":
        try:
            days = lease.open_by(request.POST.get("code", ""), request.staff.pk)
        except lease.Refused as refused:
            messages.error(request, str(lease.REASONS[refused.reason]))
        else:
            words = ngettext("History is open for %(n)s day.", "History is open for %(n)s days.", days)
            messages.success(request, words % {"n": days})
        return redirect("lease")
    now = lease.state()
    context = {
        "now": now,
        "challenge": lease.ask() if now and (now.warned or now.closed) else "",
        "openings": LeaseOpening.objects.order_by("-id")[:SHOWN],
    }
    return render(request, "account/lease.html", context)
