"""What every page shows: who, where, the link, what waits."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from qafila.clinic.access import watching
from qafila.clinic.access.acts import minutes_left
from qafila.journal import doubt
from qafila.kernel import clock
from qafila.office.breaches import queries as breaches
from qafila.packs import load
from qafila.registry.staff.rights import grants
from qafila.sync import clock_doubt, lease, machine
from qafila.web.doctor import alarms
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
    context["watched"] = alarms.watched(request)
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
    if directory is not None:
        from qafila.web.link import link_of

        context["link"] = link_of(request)
        context["live"] = live(request, directory)
        context["machine"] = machine.read(directory.path)
        context["lease_word"] = lease.word()
        context["clock_doubt"] = clock_doubt.REASONS.get(doubt.doubted(), "")
    return context


def broken(request: HttpRequest) -> dict[str, Any] | None:
    """The emergency access through which the page's record is open, for the banner."""
    opened = getattr(request, "opened", None)
    if opened is None or opened.broken is None:
        return None
    return {"grant": opened.broken, "minutes": minutes_left(opened.broken, clock.now())}


def live(request: HttpRequest, directory: Any) -> str:
    """The address at which this page hears of changes."""
    from qafila.web.live_token import issue

    host = request.get_host().rsplit(":", 1)[0]
    since = getattr(request, "made_at", "")
    return f"https://{host}:{directory.live_port}/live?token={issue(directory.path)}&since={since}"
