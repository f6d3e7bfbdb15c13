"""What every page shows: who, where, the link, what waits."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from qafila.clinic.access import watching
from qafila.clinic.access.acts import minutes_left
from qafila.journal import doubt
from qafila.journal.topics import unnoticed
from qafila.kernel import clock
from qafila.office.breaches import queries as breaches
from qafila.packs import load
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import grants
from qafila.sync import clock_doubt, lease, machine
from qafila.web.doctor import alarms
from qafila.web.live import ASKS, address
from qafila.web.menu import entries
from qafila.web.ways_back import above, back


def screen(request: HttpRequest) -> dict[str, Any]:
    """Context of every template. Costs no query beyond what the request has already read."""
    directory = settings.DIRECTORY
    staff = getattr(request, "staff", None)
    context: dict[str, Any] = {
        "staff": staff,
        "unit": getattr(request, "unit", None),
        "profile": getattr(request, "profile", None),
        "node": directory.code if directory else "",
        "languages": settings.LANGUAGES,
        "rtl": getattr(request, "LANGUAGE_CODE", "").startswith("ar"),
    }
    if staff is None:
        return context
    # Of a list that asks for itself the page around it stays as it is.
    alone = ASKS in request.headers
    return context | ({"base": "live.html"} if alone else _around(request, staff)) | _node(request, alone)


def _around(request: HttpRequest, staff: Staff) -> dict[str, Any]:
    watched = alarms.watched(request)
    # What stands around a list does not follow it, but for a unit's alarms.
    with nullcontext() if watched else unnoticed():
        return {"watched": watched, **_head(request, staff)}


def _head(request: HttpRequest, staff: Staff) -> dict[str, Any]:
    context: dict[str, Any] = {}
    context["alarms"] = alarms.banner(request)
    context["came"] = alarms.answers(request)
    context["unread_answers"] = alarms.unread(request)
    context["broken"] = broken(request)
    context["unseen_access"] = watching.unseen(staff) if grants(staff).has(watching.REVIEW) else 0
    if grants(staff).has("breach.manage"):
        context["breaches"], context["breaches_late"] = breaches.pressing()
    context["menu"] = entries(staff, above(request), getattr(request, "profile", None))
    context["way_back"] = back(request)
    roles = load.roles()
    context["role_words"] = [roles[r].label.text(request.LANGUAGE_CODE) for r in staff.roles if r in roles]
    return context


def _node(request: HttpRequest, alone: bool) -> dict[str, Any]:
    directory = settings.DIRECTORY
    if directory is None:
        return {}
    from qafila.web.link import link_of

    return {
        "link": link_of(request),
        "live": "" if alone else address(request, directory),
        "machine": machine.read(directory.path),
        "lease_word": lease.word(),
        "clock_doubt": clock_doubt.REASONS.get(doubt.doubted(), ""),
    }


def broken(request: HttpRequest) -> dict[str, Any] | None:
    """The emergency access through which the page's record is open, for the banner."""
    opened = getattr(request, "opened", None)
    if opened is None or opened.broken is None:
        return None
    return {"grant": opened.broken, "minutes": minutes_left(opened.broken, clock.now())}
