"""How a person comes in, on their own pages: factors, password, sessions. What changes it asks first who it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qafila.kernel import clock
from qafila.registry.staff import acts as staff_acts
from qafila.registry.staff.factors import acts
from qafila.registry.staff.factors.models import SecondFactor
from qafila.registry.staff.factors.queries import (
    codes_left,
    events_of,
    factors_of,
    has_kind,
    has_second,
    keeps_factors,
    needs_second,
    passkeys_of,
    signing_passkeys,
)
from qafila.registry.staff.queries import has_key
from qafila.registry.staff.rights import may
from qafila.web import leavers, sessions
from qafila.web import login as doors
from qafila.web.access import needs
from qafila.web.account import adding, passkey
from qafila.web.account.entrance import next_of

Kind = SecondFactor.Kind


def proven(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The view is for somebody who has shown just now that it is them; else that is asked first."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if not sessions.proved(request):
            after = request.path if request.method == "GET" else reverse("security")
            return redirect(f"{reverse('confirm')}?{urlencode({'next': after})}")
        return view(request, *args, **kwargs)

    return guarded


def where_kept(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The page exists where people can have a second factor."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if not keeps_factors(request.profile):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@require_GET
@needs()
def security(request: Any) -> HttpResponse:
    """What the person has to come in with, and where they are in."""
    staff, kept = request.staff, keeps_factors(request.profile)
    context = {
        "kept": kept,
        "factors": [f for f in factors_of(staff) if f.kind != Kind.CODES] if kept else [],
        "codes": codes_left(staff) if kept else 0,
        "has_second": kept and has_second(staff),
        "has_app": kept and has_kind(staff, Kind.TOTP),
        "demanded": needs_second(staff, request.profile),
        "passkeys": bool(passkey.host_of(request)),
        "has_key": may(staff, "case.answer") and has_key(staff),
        "signing": {one.pk for one in signing_passkeys(staff)},
        "events": events_of(staff) if kept else [],
        "sessions": [_told(request, one) for one in sessions.sessions_of(staff)],
    }
    return render(request, "account/security.html", context)


def _told(request: Any, one: Any) -> dict[str, Any]:
    return {
        "device": one.device,
        "how": one.how,
        "began": sessions.moment(one.began),
        "seen": sessions.moment(one.seen),
        "here": one.session_key == request.session.session_key,
    }


@require_http_methods(["GET", "POST"])
@needs()
def confirm(request: Any) -> HttpResponse:
    """Ask who it is again: by the password, or by a passkey."""
    error, status = "", 200
    if request.method == "POST":
        right: bool | None
        if request.POST.get("credential"):
            right = passkey.shown(request, request.staff)
        else:
            right = doors.is_own_password(request, request.staff, request.POST.get("password", ""))
        if right:
            request.session.cycle_key()
            request.session[sessions.PROVED] = clock.seconds()
            return redirect(next_of(request))
        status = 429 if right is None else 401
        error = (
            _("Too many wrong tries. Wait five minutes, then try again.") if right is None else _("This is not right.")
        )
    has_passkey = keeps_factors(request.profile) and has_kind(request.staff, Kind.PASSKEY)
    context = {"error": error, "next": next_of(request), "passkey": has_passkey and bool(passkey.host_of(request))}
    return render(request, "account/confirm.html", context, status=status)


@require_POST
@needs()
@where_kept
def confirm_options(request: Any) -> HttpResponse:
    """The question to a device with one of the person's passkeys."""
    known = passkeys_of(request.staff)
    if not known:
        raise Http404
    return HttpResponse(passkey.options_to_show(request, known), content_type="application/json")


@require_http_methods(["GET", "POST"])
@needs()
@where_kept
@proven
def add_app(request: Any) -> HttpResponse:
    """Add an authenticator app, in the place of the one before."""
    return adding.app(request, request.staff, lambda: _added(request), back="security")


@require_http_methods(["GET", "POST"])
@needs()
@where_kept
@proven
def add_passkey(request: Any) -> HttpResponse:
    """Add a passkey."""
    return adding.passkey(request, request.staff, lambda: _added(request), back="security")


@require_POST
@needs()
@where_kept
@proven
def add_options(request: Any) -> HttpResponse:
    """The options for a passkey."""
    return HttpResponse(passkey.options_to_make(request, request.staff), content_type="application/json")


def _added(request: Any) -> HttpResponse:
    """What is in already elsewhere came in with less: it ends. With the first factor come recovery codes."""
    sessions.end_sessions(request.staff.pk, but=request.session.session_key)
    messages.success(request, _("Added. Your other sessions have ended."))
    if codes_left(request.staff):
        return redirect("security")
    return adding.codes_page(request, acts.new_codes(request.staff), reverse("security"))


@require_POST
@needs()
@where_kept
@proven
def new_codes(request: Any) -> HttpResponse:
    """A fresh set of recovery codes."""
    if not has_second(request.staff):
        return redirect("security")
    return adding.codes_page(request, acts.new_codes(request.staff), reverse("security"))


@require_POST
@needs()
@where_kept
@proven
def remove(request: Any, factor_id: UUID) -> HttpResponse:
    """Take one of one's own factors away; the last one stays where the role asks for one."""
    factor = acts.own(request.staff, factor_id)
    if factor is None:
        raise Http404
    others = [f for f in factors_of(request.staff) if f.kind != Kind.CODES and f.pk != factor.pk]
    if not others and needs_second(request.staff, request.profile):
        messages.error(request, _("Your role needs a second factor: add another one first."))
        return redirect("security")
    acts.remove(factor, request.staff)
    sessions.end_sessions(request.staff.pk, but=request.session.session_key)
    messages.success(request, _("Taken away. Your other sessions have ended."))
    return redirect("security")


@require_http_methods(["GET", "POST"])
@needs()
def password(request: Any) -> HttpResponse:
    """Change one's own password: the old one opens the key that goes on under the new one; all other sessions end."""
    wrong: dict[str, list[str]] = {}
    if request.method == "POST":
        old, new, again = (request.POST.get(name, "") for name in ("old", "new", "again"))
        right = doors.is_own_password(request, request.staff, old)
        if right is None:
            wrong["old"] = [_("Too many wrong tries. Wait five minutes, then try again.")]
        elif not right:
            wrong["old"] = [_("This is not your password.")]
        elif new != again:
            wrong["again"] = [_("The two are not the same.")]
        else:
            try:
                with leavers.keeping(request.session.session_key):
                    staff_acts.set_password(request.staff, new, request.staff, old)
            except ValidationError as error:
                wrong["new"] = list(error.messages)
            else:
                request.session.cycle_key()
                sessions.end_sessions(request.staff.pk, but=request.session.session_key)
                messages.success(request, _("Your new password holds from now on. Your other sessions have ended."))
                return redirect("security")
    return render(request, "account/password.html", {"wrong": wrong}, status=422 if wrong else 200)


@require_POST
@needs()
def end_others(request: Any) -> HttpResponse:
    """End all of one's sessions but this one."""
    count = sessions.end_sessions(request.staff.pk, but=request.session.session_key)
    messages.success(request, _("Your other sessions have ended.") if count else _("There was no other session."))
    return redirect("security")
