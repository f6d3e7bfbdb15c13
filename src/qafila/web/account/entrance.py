"""The steps by which somebody comes in. Until the last one is done nobody is logged in: what the first has shown is
kept apart in the session, for ten minutes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import ngettext

from qafila.kernel import clock
from qafila.registry.staff.factors.queries import has_second, keeps_factors, needs_second
from qafila.registry.staff.models import Staff
from qafila.web import sessions, throttle

HALF, HALF_S = "half", 600
TELL_AFTER = 3
"""So many tries with somebody's name are worth a word to them."""


LONGEST = 2000
"""Letters of an address to go on to."""


def next_of(request: Any) -> str:
    """Where to go on; only within this node."""
    return within(request, request.POST.get("next") or request.GET.get("next") or "/")


def within(request: Any, wanted: str, instead: str = "/") -> str:
    """An address of this node; the first page, or `instead`, in place of any other."""
    # A path: a bare word would be taken for the name of a view, and a very long one for no address at all.
    path = wanted.startswith("/") and len(wanted) < LONGEST
    allowed = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if path and allowed else instead


def pins(request: Any) -> bool:
    """Whether people switch by PIN on this node."""
    profile = getattr(request, "profile", None)
    return bool(profile and profile.pin_switch)


def first_shown(request: Any, staff: Staff, how: str, onward: str = "") -> HttpResponse:
    """The password (or the identity provider's word) was right: in, or on to the second factor, or to setting one up.

    A person who has a second factor shows it wherever they have one, asked for or not.
    """
    onward = onward or next_of(request)
    if keeps_factors(request.profile) and has_second(staff):
        wait_for(request, staff, how, onward, setup=False)
        return redirect("login-second")
    if needs_second(staff, request.profile):
        wait_for(request, staff, how, onward, setup=True)
        return redirect("login-setup")
    return enter(request, staff, how, redirect(onward))


def wait_for(request: Any, staff: Staff, how: str, onward: str, *, setup: bool) -> None:
    """Keep what was shown, under a new session key, until the second factor follows."""
    request.session.flush()
    request.session[HALF] = {"staff": staff.pk.hex, "how": how, "at": clock.seconds(), "setup": setup, "next": onward}
    request.session.set_expiry(HALF_S)


def half_in(request: Any, *, setup: bool) -> Staff | None:
    """Who has shown the first factor, and has to show the second (or to set one up) now."""
    said = request.session.get(HALF)
    if not said or said["setup"] != setup or not 0 <= clock.seconds() - said["at"] < HALF_S:
        return None
    return Staff.objects.filter(pk=UUID(said["staff"]), active=True).first()


def onward(request: Any) -> str:
    """Where somebody who is half in wanted to go."""
    return within(request, request.session.get(HALF, {}).get("next", "/"))


def enter(request: Any, staff: Staff, how: str, response: HttpResponse) -> HttpResponse:
    """Let the person in; the device is known to them from now on."""
    tries = throttle.passed(request, "password", staff.username, staff)
    request.session.set_expiry(None)
    request.session.pop(HALF, None)
    sessions.begin(request, staff, how)
    throttle.remember(request, response, staff)
    if tries >= TELL_AFTER:
        words = ngettext(
            "Since you were last here somebody tried %(n)d time to log in with your name.",
            "Since you were last here somebody tried %(n)d times to log in with your name.",
            tries,
        )
        messages.warning(request, words % {"n": tries})
    return response
