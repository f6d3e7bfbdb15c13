"""A passkey that opens its owner's signing key: the password opens the key once, the device's secret from then on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from qafila.registry.staff.factors import acts, passkeys
from qafila.registry.staff.factors.models import SecondFactor
from qafila.registry.staff.factors.queries import opened
from qafila.web import login as doors
from qafila.web.access import needs
from qafila.web.account import passkey
from qafila.web.account.security import proven, where_kept


@require_http_methods(["GET", "POST"])
@needs()
@where_kept
@proven
def page(request: Any, factor_id: UUID) -> HttpResponse:
    """Let one of one's passkeys sign."""
    factor, kept = _own(request, factor_id)
    error, status = "", 200
    if request.method == "POST":
        shown = passkey.secret_shown(request, request.staff)
        key = doors.open_key(request.staff, request.POST.get("password", ""), request)
        if key is None:
            error, status = _("This is not your password."), 401
        elif shown is None or shown[0] != passkeys.credential_id(kept):
            error = _("The device made no secret to sign with. Not every device can: sign by password there.")
            status = 422
        else:
            acts.let_sign(factor, key, shown[1])
            messages.success(request, _("You can sign with this passkey now."))
            return redirect("security")
    return render(request, "account/signs.html", {"factor": factor, "error": error}, status=status)


@require_POST
@needs()
@where_kept
@proven
def options(request: Any, factor_id: UUID) -> HttpResponse:
    """The question to that passkey's device."""
    _, kept = _own(request, factor_id)
    return HttpResponse(passkey.options_to_sign(request, [kept]), content_type="application/json")


def _own(request: Any, factor_id: UUID) -> tuple[SecondFactor, bytes]:
    factor = acts.own(request.staff, factor_id)
    kept = opened(factor) if factor is not None and factor.kind == SecondFactor.Kind.PASSKEY else None
    if factor is None or kept is None or not passkey.host_of(request):
        raise Http404
    return factor, kept
