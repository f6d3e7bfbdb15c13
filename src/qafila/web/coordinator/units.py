"""The units that call this hub: when each was last heard, what waits for it; letting a new one in, shutting one out."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import dataclass, replace
from typing import Any

import segno
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from qafila.kernel import clock
from qafila.packs import load
from qafila.packs.profile import Lease
from qafila.packs.shapes import PackError
from qafila.registry.places.here import local_day
from qafila.registry.programs import acts as programs
from qafila.registry.staff.rights import may
from qafila.registry.units.models import Assignment, Unit
from qafila.registry.units.queries import unit_of_node
from qafila.sync import state
from qafila.sync.enrolment import issue_code
from qafila.sync.models import Peer
from qafila.sync.revocation import revoke
from qafila.web.access import needs
from qafila.web.once import once
from qafila.web.reception.words import unit_name
from qafila.web.records.clashes import unsettled

PAGE = 50
"""Nodes on a page."""
COMMAND = "qafila enrol DIR --code"
UNIT = "unit"
NODE_CODE = re.compile(r"[A-Z][A-Z0-9-]{0,15}")


@dataclass(frozen=True)
class Line:
    """A node of the list. `units`: (name, telephone) of those it serves today; `lease`: days until history closes
    there (0: it is closed), None: no lease runs; `warned`: people there are warned of it."""

    node: state.NodeState
    units: list[tuple[str, str]]
    quiet: bool
    lease: int | None
    warned: bool
    version: str = ""
    """Of its program, as it said last."""


@require_GET
@needs("node.status")
def page(request: Any) -> HttpResponse:
    """Every node with its unit of today."""
    return _page(request)


def _page(request: Any, status: int = 200, **more: Any) -> HttpResponse:
    count, quiet = state.nodes_count()
    pages = max(1, -(-count // PAGE))
    wanted = request.GET.get("page", "1")
    number = min(max(int(wanted), 1), pages) if wanted.isascii() and wanted.isdigit() and len(wanted) < 7 else 1
    nodes = state.nodes((number - 1) * PAGE, PAGE)
    serving = serving_today([n.code for n in nodes])
    versions = programs.running([n.code for n in nodes])
    clashes, quarantined = unsettled()
    context = {
        "nodes": [replace(_line(n, serving.get(n.code, [])), version=versions.get(n.code, "")) for n in nodes],
        "count": count,
        "quiet": quiet,
        "number": number,
        "pages": pages,
        "clashes": clashes,
        "quarantined": quarantined,
        "settles": may(request.staff, "clash.resolve"),
        "reads_quarantine": may(request.staff, "quarantine.read"),
        "enrols": _enrols(request),
        "opens": may(request.staff, "lease.open"),
        "orders": may(request.staff, "node.lock") or may(request.staff, "node.wipe"),
        "notes_breach": may(request.staff, "breach.manage"),
        **more,
    }
    return render(request, "coordinator/units.html", context, status=status)


def is_quiet(node: state.NodeState) -> bool:
    """Whether a node that may call has not done so for a day, or never."""
    return not node.revoked and (node.last_contact is None or clock.now() - node.last_contact > state.QUIET)


def _line(node: state.NodeState, units: list[tuple[str, str]]) -> Line:
    lease = _lease(node.profile)
    if node.revoked or node.last_contact is None or not lease.close_days:
        return Line(node, units, is_quiet(node), None, warned=False)
    days = (clock.now() - node.last_contact).days
    return Line(node, units, is_quiet(node), max(0, lease.close_days - days), warned=days >= lease.warn_days)


def _lease(profile: str) -> Lease:
    try:
        return load.profile(profile or UNIT).lease
    except PackError:
        return Lease()


def serving_today(nodes: list[str]) -> dict[str, list[tuple[str, str]]]:
    """Node code → units that each serves today: (name, telephone). Two queries."""
    today = local_day()
    rows = Assignment.objects.filter(starts__lte=today, node__in=nodes).order_by("starts", "id")
    held = [r for r in rows if r.ends is None or r.ends >= today]
    units = Unit.objects.in_bulk({r.unit_id for r in held})
    found: dict[str, list[tuple[str, str]]] = {}
    for one in held:
        if one.unit_id in units:
            unit = units[one.unit_id]
            name = unit_name(unit), unit.phone
            if name not in found.setdefault(one.node, []):
                found[one.node].append(name)
    return found


def _enrols(request: Any) -> bool:
    profile = getattr(request, "profile", None)
    return profile is not None and profile.enrols_nodes and may(request.staff, "node.enrol")


@require_POST
@needs("node.enrol")
def enrol(request: Any) -> HttpResponse:
    """A one-time code by which a new node joins, shown once."""
    directory = settings.DIRECTORY
    if directory is None or not _enrols(request):
        raise Http404
    code = request.POST.get("node", "").strip().upper()
    address = request.POST.get("address", "").strip().rstrip("/")
    if not NODE_CODE.fullmatch(code) or code == directory.code:
        words = gettext("A node's code is a letter and then letters, digits or hyphens, at most 16: U3.")
        return _page(request, 422, problem=words, typed=code)
    host = request.get_host().rsplit(":", 1)[0]
    pages = address if address.startswith("https://") else f"https://{host}:{directory.port}"
    sync_host = pages.split("://", 1)[1].split("/", 1)[0].rsplit(":", 1)[0]
    unit = unit_of_node(code)
    text = issue_code(code, "unit", unit.code if unit else "", pages, f"https://{sync_host}:{directory.sync_port}")
    return _page(request, issued=text, issued_for=code, command=COMMAND, qr=qr(text))


def qr(text: str) -> str:
    """A QR code as the address of a picture."""
    drawn = io.BytesIO()
    segno.make(text, error="m").save(drawn, kind="png", scale=5, border=4)
    return "data:image/png;base64," + base64.b64encode(drawn.getvalue()).decode()


@require_POST
@needs("node.enrol")
@once
def revoke_node(request: Any, code: str) -> HttpResponse:
    """Shut a node out from its next contact on."""
    if not _enrols(request):
        raise Http404
    if request.POST.get("sure") != code:
        messages.error(request, gettext("Type the node's code to say that you are sure. Nothing was changed."))
        return redirect("coordinator:units")
    try:
        revoke(code)
    except Peer.DoesNotExist:
        raise Http404 from None
    messages.success(
        request, gettext("%(node)s is shut out. What it has not sent can still be brought in by hand.") % {"node": code}
    )
    return redirect("coordinator:units")
