"""The second step of the door: a code of the app, a passkey, a recovery code; or setting up the first of them."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qafila.kernel.text import latin_digits
from qafila.registry.staff.factors import acts, totp
from qafila.registry.staff.factors.models import SecondFactor
from qafila.registry.staff.factors.queries import codes_left, has_kind, passkeys_of
from qafila.registry.staff.models import Staff
from qafila.web import throttle
from qafila.web.access import public
from qafila.web.account import adding, entrance, passkey

Kind = SecondFactor.Kind


@public
@require_http_methods(["GET", "POST"])
def second(request: Any) -> HttpResponse:
    """Ask for the second factor. Whoever has shown no password just now begins at the door."""
    staff = entrance.half_in(request, setup=False)
    if staff is None:
        return redirect("login")
    error, status = "", 200
    if request.method == "POST":
        if throttle.must_wait(request, "second", staff.username, staff):
            request.session.flush()
            return redirect("login")
        how = _shown(request, staff)
        if how:
            throttle.passed(request, "second", staff.username, staff)
            return entrance.enter(request, staff, how, redirect(entrance.onward(request)))
        throttle.failed(request, "second", staff.username, staff)
        error, status = _("This was not right, or was used already. Try again."), 401
    context = {
        "error": error,
        "app": has_kind(staff, Kind.TOTP),
        "passkey": has_kind(staff, Kind.PASSKEY) and bool(passkey.host_of(request)),
        "codes": codes_left(staff) > 0,
    }
    return render(request, "account/second.html", context, status=status)


def _shown(request: Any, staff: Staff) -> str:
    """What the form brought that is right: `totp`, `code` or `passkey`; empty for nothing."""
    if request.POST.get("credential"):
        return "passkey" if passkey.shown(request, staff) else ""
    typed = latin_digits(request.POST.get("code", "")[:40]).replace(" ", "")
    if len(typed) == totp.DIGITS and typed.isdecimal():
        return "totp" if acts.check_totp(staff, typed) else ""
    return "code" if acts.spend_code(staff, typed) else ""


@public
@require_POST
def second_options(request: Any) -> HttpResponse:
    """The question to a device with one of the person's passkeys."""
    staff = entrance.half_in(request, setup=False)
    known = passkeys_of(staff) if staff is not None else []
    if not known:
        return HttpResponse(status=403)
    return HttpResponse(passkey.options_to_show(request, known), content_type="application/json")


@public
@require_GET
def setup(request: Any) -> HttpResponse:
    """The person's role asks for a second factor and they have none: choose which."""
    staff = entrance.half_in(request, setup=True)
    if staff is None:
        return redirect("login")
    return render(request, "account/setup.html", {"passkeys": bool(passkey.host_of(request))})


@public
@require_http_methods(["GET", "POST"])
def setup_app(request: Any) -> HttpResponse:
    """Set up an authenticator app, then come in."""
    staff = entrance.half_in(request, setup=True)
    if staff is None:
        return redirect("login")
    return adding.app(request, staff, lambda: _in(request, staff, "totp"), back="login-setup")


@public
@require_http_methods(["GET", "POST"])
def setup_passkey(request: Any) -> HttpResponse:
    """Set up a passkey, then come in."""
    staff = entrance.half_in(request, setup=True)
    if staff is None:
        return redirect("login")
    return adding.passkey(request, staff, lambda: _in(request, staff, "passkey"), back="login-setup")


@public
@require_POST
def setup_options(request: Any) -> HttpResponse:
    """The options for a first passkey."""
    staff = entrance.half_in(request, setup=True)
    if staff is None:
        return HttpResponse(status=403)
    return HttpResponse(passkey.options_to_make(request, staff), content_type="application/json")


def _in(request: Any, staff: Staff, how: str) -> HttpResponse:
    """The first factor is set up: in, and the recovery codes are shown, this once."""
    onward = entrance.onward(request)
    made = acts.new_codes(staff)
    # The page is drawn as the person's own: they are in before it is.
    held = entrance.enter(request, staff, how, HttpResponse())
    request.staff = staff
    page = adding.codes_page(request, made, onward)
    page.cookies.update(held.cookies)
    return page
