"""What every page shows: who, where, the link, what waits."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from qafila.journal import doubt
from qafila.packs import load
from qafila.sync import clock_doubt
from qafila.web.doctor import alarms
from qafila.web.menu import entries


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
    context["menu"] = entries(staff, request.path, getattr(request, "profile", None))
    roles = load.roles()
    context["role_words"] = [roles[r].label.text(request.LANGUAGE_CODE) for r in staff.roles if r in roles]
    if directory is not None:
        from qafila.web.link import link_of

        context["link"] = link_of(request)
        context["live"] = live(request, directory)
        context["disk"] = disk_word(directory.path / "disk")
        context["clock_doubt"] = clock_doubt.REASONS.get(doubt.doubted(), "")
    return context


def live(request: HttpRequest, directory: Any) -> str:
    """The address at which this page hears of changes."""
    from qafila.web.live_token import issue

    host = request.get_host().rsplit(":", 1)[0]
    since = getattr(request, "made_at", "")
    return f"https://{host}:{directory.live_port}/live?token={issue(directory.path)}&since={since}"


def disk_word(file: Any) -> str:
    """`ok`, `warn` or `stop`, as the node's disk job left it."""
    try:
        return str(file.read_text())
    except OSError:
        return "ok"
