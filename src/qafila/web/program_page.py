"""The program of a unit: which runs, whether a new one is ready, and the tap that installs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from qafila.clinic.visits.models import Visit
from qafila.sync import programs
from qafila.web.access import needs
from qafila.web.once import once

OPEN = ("waiting", "nurse", "ready", "doctor")


@require_http_methods(["GET", "POST"])
@needs("link.manage")
@once
def page(request: Any) -> HttpResponse:
    """What runs and what waits; POST installs it, unless somebody is with the crew."""
    said = settings.DIRECTORY.facts.get("program") if settings.DIRECTORY is not None else None
    if not said:
        raise Http404
    root, problem = Path(str(said)), ""
    if request.method == "POST":
        if Visit.objects.filter(status__in=OPEN).exists():
            problem = gettext("Somebody is waiting or being seen. Install it when all visits of the day are closed.")
        elif programs.want(root):
            messages.success(request, gettext("It is being installed. This unit is away for some minutes, then back."))
            return redirect("program")
        else:
            problem = gettext("Nothing waits to be installed.")
    context = {
        "running": programs.running(root),
        "waiting": programs.waiting(root),
        "refused": programs.refused(root),
        "wanted": programs.wanted(root),
        "problem": problem,
    }
    return render(request, "account/program.html", context, status=422 if problem else 200)
