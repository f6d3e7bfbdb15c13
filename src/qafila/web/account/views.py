"""Logging in and out, the PIN of the shift, switching people, the language."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import auth, messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qafila.kernel.text import latin_digits
from qafila.registry.staff import acts as staff_acts
from qafila.registry.staff.models import Staff
from qafila.web import login as doors
from qafila.web.access import needs, public
from qafila.web.menu import home as first_place
from qafila.web.middleware import COOKIE, LANGUAGES

BACKEND = "qafila.web.login.StaffBackend"


def _next(request: Any) -> str:
    """Where to go on; only within this node."""
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    allowed = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if allowed else "/"


def _pins(request: Any) -> bool:
    profile = getattr(request, "profile", None)
    return bool(profile and profile.pin_switch)


@public
def home(request: Any) -> HttpResponse:
    """To the person's own first page, or to the door."""
    if getattr(request, "locked", False):
        return redirect("switch")
    if request.staff is None:
        return redirect("login")
    if _pins(request) and not doors.has_pin(request.staff):
        return redirect("pin")
    return redirect(first_place(request.staff, request.profile))


@public
def login(request: Any) -> HttpResponse:
    """The door: name and password."""
    address = request.META.get("REMOTE_ADDR", "")
    username = request.POST.get("username", "").strip()[:40]
    error, status = "", 200
    if request.method == "POST":
        if doors.must_wait(username, address):
            error, status = _("Too many wrong tries. Wait five minutes, then try again."), 429
        else:
            user = auth.authenticate(request, username=username, password=request.POST.get("password", "")[:200])
            if user is not None:
                doors.forget_failures(username, address)
                auth.login(request, user)
                for left in ("locked", "touched"):
                    request.session.pop(left, None)
                doors.hold_key(request, user, request.POST["password"][:200], until_pin=_pins(request))
                return redirect(_next(request))
            doors.note_failure(username, address)
            error, status = _("Name or password is not right. Check both and try again."), 401
    people = doors.people_of_shift() if _pins(request) else []
    context = {"error": error, "username": username, "next": _next(request), "people": people}
    return render(request, "account/login.html", context, status=status)


@public
@require_POST
def logout(request: Any) -> HttpResponse:
    """End of the shift: the session and the PIN are gone."""
    if isinstance(request.user, Staff):
        doors.end_shift(request.user)
    auth.logout(request)
    return redirect("login")


@needs()
def pin(request: Any) -> HttpResponse:
    """Set the PIN of this shift. Where the password was not typed just now it is asked for: it opens the key with
    which the person signs."""
    error, ask = "", doors.HELD not in request.session
    if request.method == "POST":
        typed, again = (latin_digits(request.POST.get(name, ""))[:6] for name in ("pin", "again"))
        password = request.POST.get("password", "")[:200]
        key = doors.open_key(request.staff, password, request.META.get("REMOTE_ADDR", "")) if password else None
        if typed != again:
            error = _("The two are not the same. Type the six digits again.")
        elif ask and password and key is None:
            error = _("This is not your password.")
        else:
            try:
                doors.set_pin(request.staff, typed, key or doors.held_key(request, request.staff))
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
        if not (_pins(request) and isinstance(request.user, Staff) and doors.has_pin(request.user)):
            auth.logout(request)
            return redirect("login")
        request.session["locked"] = True
    return redirect("switch")


@public
def switch(request: Any) -> HttpResponse:
    """Who is at the screen? A tap on the name, then the PIN."""
    people = doors.people_of_shift() if _pins(request) else []
    if not people:
        return redirect("login")
    error, chosen = "", None
    wanted = request.POST.get("staff") or request.GET.get("staff", "")
    for person in people:
        if wanted and person.pk == _uuid(wanted):
            chosen = person
    if request.method == "POST" and chosen is not None:
        if doors.check_pin(chosen, latin_digits(request.POST.get("pin", ""))[:6]):
            # Only whoever left the page comes back to it; anybody else begins at their own.
            back = _next(request) if isinstance(request.user, Staff) and request.user.pk == chosen.pk else "/"
            auth.login(request, chosen, backend=BACKEND)
            for left in ("locked", "touched"):
                request.session.pop(left, None)
            return redirect(back)
        if not doors.has_pin(chosen):
            messages.error(request, _("Five wrong tries: log in with your password."))
            return redirect("login")
        error = _("This is not the PIN. Try again.")
    context = {"people": people, "chosen": chosen, "error": error, "next": _next(request)}
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
    response = redirect(_next(request))
    if code in LANGUAGES:
        if request.staff is not None:
            staff_acts.set_language(request.staff, code, request.staff)
        year = 365 * 86400
        response.set_cookie(COOKIE, code, year, secure=request.is_secure(), httponly=True, samesite="Lax")
    return response


@needs()
def account(request: Any) -> HttpResponse:
    """The person's own page: roles, language, PIN, end of shift."""
    return render(request, "account/account.html", {"pins": _pins(request)})
