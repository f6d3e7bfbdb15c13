"""The devices that may send images to this node, for its administrator."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from qafila.clinic.refusal import Refusal
from qafila.exchange.dicom import peers
from qafila.exchange.dicom.models import Peer, Step
from qafila.web.access import needs
from qafila.web.nurse.sheet import shown
from qafila.web.once import once

FIELDS = ("title", "name", "host", "port", "modality")


@require_http_methods(["GET", "POST"])
@needs("image.manage")
@once
def page(request: Any) -> HttpResponse:
    """The list, what to type into a device, and a form for one more."""
    problem = ""
    if request.method == "POST":
        try:
            peers.save(request.staff, *(request.POST.get(f, "") for f in FIELDS))
            messages.success(request, gettext("The device may call now."))
            return redirect("imaging:devices")
        except Refusal as refused:
            problem = shown(refused.message)
    context = {
        "peers": Peer.objects.order_by("-active", "title"),
        "steps": Step.objects.filter(status="IN PROGRESS").order_by("-at")[:20],
        "node": settings.DIRECTORY,
        "typed": request.POST,
        "problem": problem,
    }
    return render(request, "imaging/devices.html", context, status=422 if problem else 200)


@require_http_methods(["GET", "POST"])
@needs("image.manage")
@once
def change(request: Any, peer_id: int) -> HttpResponse:
    """Change a device, or shut it out and let it in again."""
    peer = get_object_or_404(Peer, pk=peer_id)
    problem = ""
    if request.method == "POST":
        try:
            if "active" in request.POST:
                peers.switch(request.staff, peer, active=request.POST["active"] == "yes")
            else:
                given = (request.POST.get(f, "") for f in FIELDS)
                store, query = "may_store" in request.POST, "may_query" in request.POST
                peers.save(request.staff, *given, may_store=store, may_query=query, peer=peer)
            messages.success(request, gettext("Saved."))
            return redirect("imaging:devices")
        except Refusal as refused:
            problem = shown(refused.message)
            peer = get_object_or_404(Peer, pk=peer_id)
    context = {"peer": peer, "typed": request.POST if problem else vars(peer), "problem": problem}
    return render(request, "imaging/device.html", context, status=422 if problem else 200)
