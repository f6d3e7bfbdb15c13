"""For whoever manages staff: a telephone is lost, a colleague leaves. Nobody chooses another's password here."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from qafila.kernel.rights import NotAllowed
from qafila.packs import load
from qafila.registry.staff import acts as staff_acts
from qafila.registry.staff.factors import acts
from qafila.registry.staff.factors.queries import events_of, has_second, keeps_factors
from qafila.registry.staff.models import Staff
from qafila.registry.staff.obligations import NobodyNamed, owed
from qafila.web import sessions
from qafila.web.access import needs
from qafila.web.account.security import proven
from qafila.web.once import once


def _managed(by: Staff) -> list[Staff]:
    """Whom the person may manage; never themselves."""
    found = []
    for one in Staff.objects.exclude(pk=by.pk).order_by("name", "id"):
        try:
            staff_acts.require_manage(by, one)
        except (NotAllowed, staff_acts.UnknownRole):
            continue
        found.append(one)
    return found


def _found(by: Staff, pk: UUID) -> Staff:
    staff = Staff.objects.filter(pk=pk).exclude(pk=by.pk).first()
    if staff is None:
        raise Http404
    try:
        staff_acts.require_manage(by, staff)
    except staff_acts.UnknownRole:
        raise Http404 from None
    return staff


def _roles(request: Any, staff: Staff) -> str:
    known = load.roles()
    return " · ".join(known[r].label.text(request.LANGUAGE_CODE) for r in staff.roles if r in known)


@require_GET
@needs("staff.manage")
def listing(request: Any) -> HttpResponse:
    """Everybody whom the person manages."""
    people = [{"staff": one, "roles": _roles(request, one)} for one in _managed(request.staff)]
    return render(request, "account/colleagues.html", {"people": people})


@require_GET
@needs("staff.manage")
@proven
def person(request: Any, staff_id: UUID) -> HttpResponse:
    """What can be done about one of them."""
    return _page(request, _found(request.staff, staff_id))


def _page(request: Any, staff: Staff, problem: str = "", status: int = 200) -> HttpResponse:
    kept = keeps_factors(request.profile)
    context = {
        "one": staff,
        "roles": _roles(request, staff),
        "kept": kept,
        "has_second": kept and has_second(staff),
        "running": len(sessions.sessions_of(staff)),
        "owed": owed(staff),
        "heirs": [s for s in Staff.objects.filter(active=True).exclude(pk=staff.pk) if set(s.roles) & set(staff.roles)],
        "events": events_of(staff) if kept else [],
        "problem": problem,
    }
    return render(request, "account/colleague.html", context, status=status)


@require_POST
@needs("staff.manage")
@proven
@once
def reset(request: Any, staff_id: UUID) -> HttpResponse:
    """The telephone is lost: nothing that it knew opens anything any more, and all sessions have ended."""
    staff = _found(request.staff, staff_id)
    ended = sessions.end_sessions(staff.pk)
    if keeps_factors(request.profile):
        acts.reset(staff, request.staff)
    words = ngettext("%(n)d session has ended.", "%(n)d sessions have ended.", ended) % {"n": ended}
    messages.success(request, f"{_('Done.')} {words}")
    return redirect("colleague", staff.pk)


@require_POST
@needs("staff.manage")
@proven
@once
def leave(request: Any, staff_id: UUID) -> HttpResponse:
    """Somebody leaves for good; what they still owe goes to the person named."""
    staff = _found(request.staff, staff_id)
    said = request.POST.get("to", "")
    heir = next((s for s in Staff.objects.filter(active=True) if s.pk.hex == said), None)
    try:
        staff_acts.set_active(staff, False, request.staff, heir)
    except NobodyNamed:
        return _page(request, staff, str(NobodyNamed.message), 422)
    messages.success(request, _("This person does not come in any more, here at once and on units when they call."))
    return redirect("colleague", staff.pk)
