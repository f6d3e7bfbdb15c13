"""Logging in through the ministry's identity provider: it says who comes, this node who works here."""

from __future__ import annotations

import logging
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from qafila.kernel import clock
from qafila.registry.staff.factors import acts
from qafila.registry.staff.factors.queries import bound
from qafila.registry.staff.models import Staff
from qafila.registry.staff.queries import by_username
from qafila.web.access import public
from qafila.web.account import entrance, oidc

log = logging.getLogger("qafila.web")
AWAY, AWAY_S = "ministry", 600


def named() -> str:
    """What the provider's button says; empty where there is none."""
    one = oidc.provider()
    return one.name.text(get_language() or "en") if one else ""


def _back(request: Any) -> str:
    return str(request.build_absolute_uri(reverse("ministry-back")))


@public
@require_GET
def leave(request: Any) -> HttpResponse:
    """Send the browser to the provider."""
    one = oidc.provider()
    if one is None:
        raise Http404
    try:
        address, kept = oidc.begin(one, _back(request))
    except oidc.Refused as why:
        return _refused(request, why)
    request.session[AWAY] = kept | {"at": str(clock.seconds()), "next": entrance.next_of(request)}
    if request.staff is None:
        request.session.set_expiry(AWAY_S)
    return HttpResponse(status=302, headers={"Location": address})


@public
@require_GET
def back(request: Any) -> HttpResponse:
    """The browser is back. Only somebody who works here already comes in; nobody is made."""
    one = oidc.provider()
    if one is None:
        raise Http404
    kept = request.session.pop(AWAY, None)
    try:
        if kept is None or not 0 <= clock.seconds() - float(kept["at"]) < AWAY_S:
            raise oidc.Refused("nobody was sent")
        who = oidc.finish(one, kept, request.GET.dict(), _back(request))
        staff = _person(who)
    except (oidc.Refused, acts.NotBound) as why:
        return _refused(request, why)
    wanted = entrance.within(request, kept["next"])
    if who.two_factors:
        return entrance.enter(request, staff, "ministry", redirect(wanted))
    return entrance.first_shown(request, staff, "ministry", onward=wanted)


def _person(who: oidc.Subject) -> Staff:
    """Who of the staff it is: the one bound to this subject, else, once, the one of that name."""
    staff = bound(who.issuer, who.subject)
    if staff is not None:
        return staff
    staff = by_username(who.username)
    if staff is None or not staff.active:
        raise acts.NotBound
    acts.bind(staff, who.issuer, who.subject)
    return staff


def _refused(request: Any, why: Exception) -> HttpResponse:
    from qafila.web.account.views import refused

    log.warning("log-in by the identity provider refused: %s", why if isinstance(why, oidc.Refused) else "not bound")
    return refused(request)
