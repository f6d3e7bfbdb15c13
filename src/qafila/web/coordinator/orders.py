"""Orders to a unit: lock it, wipe it. Said twice by a person with the right, with a reason; with what came of them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from qafila.kernel.text import clean
from qafila.registry.staff.rights import may, require
from qafila.sync import orders
from qafila.sync.models import NodeOrder, NodeOrderDone, Peer
from qafila.web.access import needs
from qafila.web.once import once

LONGEST = 200
SHOWN = 20


@require_http_methods(["GET", "POST"])
@needs("node.lock", "node.wipe")
@once
def page(request: Any, code: str) -> HttpResponse:
    """GET: the choice. POST: first the question whether that is meant, then the order."""
    peer = Peer.objects.filter(code=code, upward=False).first()
    if peer is None:
        raise Http404
    what = request.POST.get("what", "")
    typed = {"what": what, "reason": clean(request.POST.get("reason", ""), LONGEST), "now": request.POST.get("now", "")}
    problem, asked = "", False
    if request.method == "POST":
        require(request.staff, "node.wipe" if what == orders.WIPE else "node.lock")
        if what not in (orders.LOCK, orders.WIPE):
            problem = gettext("Choose what the unit is to do.")
        elif not typed["reason"]:
            problem = gettext("Write why: it is kept, and the crew will ask.")
        elif "sure" not in request.POST:
            asked = True
        elif request.POST["sure"].strip().upper() != code:
            problem, asked = gettext("Type the node's code to say that you are sure. Nothing was ordered."), True
        else:
            try:
                orders.give(code, what, typed["reason"], request.staff.pk, unsent_first=not typed["now"])
            except Peer.DoesNotExist:
                problem = gettext("This node was shut out: it hears no orders any more.")
            else:
                messages.success(request, gettext("Ordered. The unit does so at its next contact."))
                return redirect("coordinator:orders", code)
    given = list(NodeOrder.objects.filter(node=code).order_by("-id")[:SHOWN])
    done = {d.order: d for d in NodeOrderDone.objects.filter(order__in=[o.pk for o in given])}
    context = {
        "code": code,
        "revoked": peer.revoked,
        "typed": typed,
        "asked": asked,
        "problem": problem,
        "wipes": may(request.staff, "node.wipe"),
        "given": [(order, done.get(order.pk)) for order in given],
    }
    return render(request, "coordinator/orders.html", context, status=422 if problem else 200)
