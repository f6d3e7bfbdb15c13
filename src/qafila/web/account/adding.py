"""Adding a factor: the same pages for somebody who sets up the first one at the door and for somebody who is in."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import segno
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from qafila.kernel.text import latin_digits
from qafila.registry.staff.factors import acts, passkeys, sealing, totp
from qafila.registry.staff.models import Staff
from qafila.web.account import passkey as devices

PENDING = "totp"


def app(request: Any, staff: Staff, done: Callable[[], HttpResponse], *, back: str) -> HttpResponse:
    """Show the square code; take the app on when it shows a right code of it."""
    error, status, secret = "", 200, _pending(request, staff)
    if request.method == "POST" and secret is not None:
        code = latin_digits(request.POST.get("code", "")[:40]).replace(" ", "")
        if acts.add_totp(staff, secret, code):
            request.session.pop(PENDING, None)
            return done()
        error, status = _("This is not the code that the app shows now. Try the next one."), 422
    if secret is None:
        secret = totp.new_secret()
        request.session[PENDING] = sealing.seal(secret, staff.pk, PENDING, staff.pk)
    # Shown as text and as a picture in the page: an address of it would lie in logs.
    context = {"error": error, "typed": totp.shown(secret), "square": _square(_address(request, staff, secret))}
    return render(request, "account/add_app.html", context | {"back": back}, status=status)


def _pending(request: Any, staff: Staff) -> bytes | None:
    """The secret that is shown and not confirmed yet; sealed, because sessions lie in the database."""
    kept = request.session.get(PENDING)
    return sealing.unseal(kept, staff.pk, PENDING, staff.pk) if kept else None


def _address(request: Any, staff: Staff, secret: bytes) -> str:
    return totp.address(secret, f"Qafila {request.get_host()}", staff.username)


def _square(text: str) -> str:
    out = io.BytesIO()
    segno.make(text, error="m").save(
        out, kind="svg", xmldecl=False, svgns=True, scale=5, border=4, light="#fff", dark="#000", omitsize=True
    )
    return mark_safe(out.getvalue().decode())  # noqa: S308 - drawn by this node


def passkey(request: Any, staff: Staff, done: Callable[[], HttpResponse], *, back: str) -> HttpResponse:
    """Take on a passkey that the device has just made."""
    error, status = "", 200
    if request.method == "POST":
        try:
            state = devices.asked(request, "make")
            kept, counter = passkeys.register(devices.host_of(request), state, request.POST.get("credential", ""))
            acts.add_passkey(staff, kept, counter, request.POST.get("name", "").strip())
        except passkeys.NotAccepted:
            error, status = _("The device did not make a passkey. Try again, or choose the app."), 422
        except acts.TooMany:
            error, status = _("You have ten passkeys: take one away first."), 422
        else:
            return done()
    return render(request, "account/add_passkey.html", {"error": error, "back": back}, status=status)


def codes_page(request: Any, made: list[str], onward: str) -> HttpResponse:
    """The recovery codes, shown this once."""
    return render(request, "account/codes.html", {"codes": made, "onward": onward})
