"""The hub's side of a unit's lease: the code that a supervisor reads out by telephone."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from qafila.kernel.text import clean
from qafila.sync import lease
from qafila.sync.models import LeaseCode, Peer
from qafila.web.access import needs

LONGEST = 200
SHOWN = 10


@require_http_methods(["GET", "POST"])
@needs("lease.open")
def page(request: Any, code: str) -> HttpResponse:
    """GET: what to ask the caller. POST: the code, shown once; who made it, for whom and why is kept."""
    if not Peer.objects.filter(code=code, upward=False, revoked=False).exists():
        raise Http404
    made, problem = "", ""
    typed = {name: clean(request.POST.get(name, ""), LONGEST) for name in ("challenge", "days", "reason")}
    if request.method == "POST":
        if not typed["reason"]:
            problem = gettext("Write who called and why there is no contact.")
        elif typed["days"] not in map(str, lease.DAYS):
            problem = gettext("Choose for how long.")
        else:
            try:
                made = lease.make_code(code, typed["challenge"], int(typed["days"]), typed["reason"], request.staff.pk)
            except lease.Refused as refused:
                problem = str(lease.REASONS[refused.reason])
    context = {
        "code": code,
        "made": made,
        "problem": problem,
        "typed": typed,
        "days": int(typed["days"]) if made else 0,
        "choices": lease.DAYS,
        "before": LeaseCode.objects.filter(node=code).order_by("-id")[:SHOWN],
    }
    return render(request, "coordinator/lease.html", context, status=422 if problem else 200)
