"""Recording heart and lungs of a visit, site by site."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from qafila.clinic.cases.models import Case
from qafila.clinic.cases.transitions import DRAFT, MORE_ASKED
from qafila.clinic.forms.context import pack_of
from qafila.clinic.imaging import listening
from qafila.clinic.imaging.refused import Refused
from qafila.clinic.refusal import Refusal
from qafila.clinic.visits.models import Attachment, FactStatus, Visit
from qafila.registry.staff.rights import may, require
from qafila.web import entrance
from qafila.web.access import needs
from qafila.web.nurse.sheet import shown
from qafila.web.nurse.views import found, heading
from qafila.web.once import once
from qafila.web.records.attachments import doubt_words
from qafila.web.records.regions import chest_map, site_words

MOST_BYTES = 25_000_000


@require_http_methods(["GET", "POST"])
@needs("attachment.add")
@once
def page(request: Any, visit_id: UUID) -> HttpResponse:
    """The chest and the microphone; a recording that is sent is kept."""
    visit, person = found(visit_id)
    require(request.staff, "attachment.add", visit)
    if request.method == "GET":
        entrance.read(request, person.pk, "nurse.sounds")
        return _page(request, visit, person)
    given, said = request.FILES.get("file"), request.POST.get
    if given is None:
        return _page(request, visit, person, 422, problem=gettext("Record something first."))
    if given.size > MOST_BYTES:
        return _page(request, visit, person, 413, problem=gettext("This file is too large: at most 25 MB."))
    case, view = _wanted(visit, said("case", ""), said("view", ""))
    late = case.pk if case is not None and case.status == MORE_ASKED else None
    try:
        row = listening.keep_sound(visit, request.staff, given.read(), said("site", ""), view=view, case_id=late)
    except Refused as refused:
        return _page(request, visit, person, 422, problem=gettext(refused.reason) % refused.values)
    except Refusal as refused:
        return _page(request, visit, person, 422, problem=shown(refused.message))
    messages.success(request, gettext("Kept: %(view)s") % {"view": site_words(row.site)})
    more = f"?case={case.pk.hex}&view={view}" if case is not None else ""
    return redirect(reverse("nurse:sounds", args=[visit.pk]) + more)


def _wanted(visit: Visit, case: str, view: str) -> tuple[Case | None, str]:
    """The case for which a sound is recorded and its view: as asked, else the only one that wants any."""
    wanting = []
    for one in Case.objects.filter(visit_id=visit.pk, status__in=(DRAFT, MORE_ASKED)):
        codes = [v.code for v in pack_of(one).view if v.kind == "audio"]
        if case == one.pk.hex and view in codes:
            return one, view
        if codes:
            wanting.append((one, codes[0]))
    return wanting[0] if len(wanting) == 1 else (None, "")


def _page(request: Any, visit: Visit, person: Any, status: int = 200, **more: Any) -> HttpResponse:
    said = request.POST if request.method == "POST" else request.GET
    case, view = _wanted(visit, said.get("case", ""), said.get("view", ""))
    rows = Attachment.objects.filter(visit_id=visit.pk, kind_of_file="audio", status=FactStatus.FINAL).exclude(site="")
    kept = list(rows.order_by("at", "id"))
    context = {
        **heading(visit, person),
        "figures": chest_map(said.get("site", "")),
        "case": case,
        "packet": case is not None and may(request.user, "case.draft", visit),
        "view": view,
        "kept": [(one, site_words(one.site), doubt_words(one)) for one in kept],
        "done": {one.site for one in kept},
        **more,
    }
    return render(request, "nurse/sounds.html", context, status=status)
