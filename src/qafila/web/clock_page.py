"""Date and time of a node whose clock is in doubt: a person looks at another clock and says that this one is right."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from qafila.kernel import clock
from qafila.registry.staff.models import Staff
from qafila.sync import clock_doubt
from qafila.sync.models import ClockWord
from qafila.web.access import needs
from qafila.web.once import once

SHOWN = 10


@require_http_methods(["GET", "POST"])
@needs("node.status")
@once
def page(request: Any) -> HttpResponse:
    """What this node takes for now, why that is in doubt, who confirmed it before; POST confirms it."""
    problem = ""
    if request.method == "POST":
        if request.POST.get("right") == "yes":
            clock_doubt.confirm(request.staff.pk)
            messages.success(request, gettext("Thank you. Ages are computed again."))
            return redirect("clock")
        problem = gettext("Compare day, month, year, hour and minute first, then tick the box.")
    words = list(ClockWord.objects.order_by("-id")[:SHOWN])
    names = dict(Staff.objects.filter(pk__in={w.by for w in words}).values_list("pk", "name"))
    offset = clock_doubt.offset_ms()
    context = {
        "now": clock.now(),
        "reason": clock_doubt.REASONS.get(clock_doubt.look(), ""),
        "offset_minutes": None if offset is None else round(abs(offset) / 60_000),
        "behind_hub": (offset or 0) > 0,
        "words": [(w, names.get(w.by, ""), clock_doubt.REASONS.get(w.reason, "")) for w in words],
        "problem": problem,
    }
    return render(request, "account/clock.html", context, status=422 if problem else 200)
