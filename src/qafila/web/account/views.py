"""Logging in and out, the PIN of the shift, switching people, the language."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import auth, messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qafila.kernel.text import latin_digits
from qafila.registry.staff import acts as staff_acts
from qafila.registry.staff.factors.queries import keeps_factors
from qafila.registry.staff.models import Staff
from qafila.registry.staff.queries import by_username
from qafila.web import login as doors
from qafila.web import sessions, throttle
from qafila.web.access import needs, public
from qafila.web.account import entrance, ministry
from qafila.web.account.entrance import next_of, pins
from qafila.web.account.passkey import host_of
from qafila.web.menu import home as first_place
from qafila.web.middleware import COOKIE, LANGUAGES
from qafila.web.once import once


@require_GET
@public
def home(request: Any) -> HttpResponse:
    """To the person's own first page, or to the door."""
    if getattr(request, "locked", False):
        return redirect("switch")
    if request.staff is None:
        return redirect("login")
    if pins(request) and not doors.has_pin(request.staff):
        return redirect("pin")
    return redirect(first_place(request.staff, request.profile))


@require_http_methods(["GET", "POST"])
@public
def login(request: Any) -> HttpResponse:
    """The door: name and password."""
    username = request.POST.get("username", "").strip()[:40]
    error, status = "", 200
    if request.method == "POST":
        password = request.POST.get("password", "")
        claimed = by_username(username)
        if throttle.must_wait(request, "password", username, claimed):
            error, status = _("Too many wrong tries. Wait five minutes, then try again."), 429
        else:
            short_enough = len(password) <= doors.LONGEST_PASSWORD
            user = auth.authenticate(request, username=username, password=password) if short_enough else None
            if isinstance(user, Staff):
                response = entrance.first_shown(request, user, "password")
                doors.hold_key(request, user, password, until_pin=pins(request))
                return response
            throttle.failed(request, "password", username, claimed)
            error, status = _("Name or password is not right. Check both and try again."), 401
    return _door(request, error, status, username)


def refused(request: Any) -> HttpResponse:
    """The door again, after a way in that was not the password did not lead in."""
    return _door(request, _("This did not work. Try again, or log in with name and password."), 401)


def _door(request: Any, error: str, status: int, username: str = "") -> HttpResponse:
    people = doors.people_of_shift(request) if pins(request) else []
    context = {
        "error": error,
        "username": username,
        "next": next_of(request),
        "people": people,
        "passkeys": bool(keeps_factors(request.profile) and host_of(request)),
        "ministry": ministry.named(),
    }
    return render(request, "account/login.html", context, status=status)


@public
@require_POST
def logout(request: Any) -> HttpResponse:
    """End of the shift: the session and the PIN are gone, on every tablet of a unit."""
    if isinstance(request.user, Staff):
        doors.end_shift(request.user)
        if pins(request):
            sessions.end_sessions(request.user.pk, but=request.session.session_key)
    auth.logout(request)
    return redirect("login")


@require_http_methods(["GET", "POST"])
@needs()
@once
def pin(request: Any) -> HttpResponse:
    """Set the PIN of this shift. Where the password was not typed just now it is asked for: it opens the key with
    which the person signs, and whoever finds an open screen does not choose a PIN for its owner."""
    error, ask = "", doors.HELD not in request.session
    if request.method == "POST":
        typed, again = (latin_digits(request.POST.get(name, "")) for name in ("pin", "again"))
        password = request.POST.get("password", "")
        key = doors.open_key(request.staff, password, request) if password else None
        if typed != again:
            error = _("The two are not the same. Type the six digits again.")
        elif ask and key is None:
            error = _("This is not your password.")
        else:
            try:
                held = key or doors.held_key(request, request.staff)
                doors.set_pin(request.staff, typed, held, request.session.get(sessions.BEGAN))
            except ValueError:
                error = _("Choose six digits that are not all alike and not in a row.")
            else:
                messages.success(request, _("Your PIN holds until the end of your shift."))
                return redirect("home")
    return render(request, "account/pin.html", {"error": error, "ask": ask}, status=400 if error else 200)


@public
@require_POST
def lock(request: Any) -> HttpResponse:
    """Cover the screen; the PIN opens it again."""
    if request.user.is_authenticated:
        if not (pins(request) and isinstance(request.user, Staff) and doors.has_pin(request.user)):
            auth.logout(request)
            return redirect("login")
        request.session["locked"] = True
    return redirect("switch")


@require_http_methods(["GET", "POST"])
@public
def switch(request: Any) -> HttpResponse:
    """Who is at the screen? A tap on the name, then the PIN."""
    people = doors.people_of_shift(request) if pins(request) else []
    if not people:
        return redirect("login")
    error, chosen = "", None
    wanted = request.POST.get("staff") or request.GET.get("staff", "")
    for person in people:
        if wanted and person.pk == _uuid(wanted):
            chosen = person
    if request.method == "POST" and chosen is not None:
        row = doors.check_pin(chosen, latin_digits(request.POST.get("pin", "")), request)
        if row is not None:
            # Only whoever left the page comes back to it; anybody else begins at their own.
            back = next_of(request) if isinstance(request.user, Staff) and request.user.pk == chosen.pk else "/"
            sessions.begin(request, chosen, "pin", began=doors.began(row), proved=False)
            return redirect(back)
        if chosen not in doors.people_of_shift(request):
            messages.error(request, _("Five wrong tries: log in with your password."))
            return redirect("login")
        error = _("This is not the PIN. Try again.")
    context = {"people": people, "chosen": chosen, "error": error, "next": next_of(request)}
    return render(request, "account/switch.html", context, status=401 if error else 200)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@public
@require_POST
def language(request: Any) -> HttpResponse:
    """Change the language: of the person where one is logged in, else of this device."""
    code = request.POST.get("language", "")
    response = redirect(next_of(request))
    if code in LANGUAGES:
        if request.staff is not None:
            staff_acts.set_language(request.staff, code, request.staff)
        year = 365 * 86400
        response.set_cookie(COOKIE, code, year, secure=request.is_secure(), httponly=True, samesite="Lax")
    return response


@require_GET
@needs()
def account(request: Any) -> HttpResponse:
    """The person's own page: roles, language, PIN, end of shift."""
    return render(request, "account/account.html", {"pins": pins(request), "factors": keeps_factors(request.profile)})
