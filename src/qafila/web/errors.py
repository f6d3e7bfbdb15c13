"""Pages for what went wrong: in the person's language, saying what to do, and never what was inside."""

from __future__ import annotations

import logging
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from qafila.web.ways_back import came_from

log = logging.getLogger("qafila.web")


def where_from(request: HttpRequest) -> str:
    """The page that the person was on; empty where it is not known, or is the one that failed."""
    path = came_from(request)
    return "" if path == request.path and request.method == "GET" else path


def page(request: HttpRequest, status: int, title: str, words: str) -> HttpResponse:
    """An error page, or the bare words for a part of a page."""
    if request.headers.get("HX-Request"):
        return HttpResponse(words, status=status, content_type="text/plain; charset=utf-8")
    context = {"title": title, "words": words, "status": status, "came": where_from(request)}
    return render(request, "errors/page.html", context, status=status)


def not_allowed(request: HttpRequest) -> HttpResponse:
    """403: the person's role does not reach this."""
    words = _("Your role does not allow this. If you need it for your work, ask the coordinator.")
    return page(request, 403, _("Not allowed"), words)


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """404."""
    words = _("This page does not exist, or what it shows is not on this node.")
    return page(request, 404, _("Not found"), words)


def wrong_state(request: HttpRequest) -> HttpResponse:
    """409: somebody was quicker."""
    words = _("This cannot be done now: somebody has already changed it. Go back and look again.")
    return page(request, 409, _("Already changed"), words)


def too_large(request: HttpRequest) -> HttpResponse:
    """413."""
    words = _("This file is too large for this node. Nothing was saved. Send a smaller one.")
    return page(request, 413, _("Too large"), words)


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """400."""
    words = _("The form could not be read. Nothing was saved. Go back, reload the page and try again.")
    return page(request, 400, _("Not understood"), words)


def no_room(request: HttpRequest) -> HttpResponse:
    """507: the disk is full."""
    words = _("The disk of this node is full. Nothing was saved. Free some room or call the administrator.")
    return page(request, 507, _("No room left"), words)


def failed(request: HttpRequest) -> HttpResponse:
    """500."""
    words = _("Something went wrong on this node. What you had saved before is safe. Go back and try again.")
    return page(request, 500, _("Something went wrong"), words)


def not_printed(request: HttpRequest) -> HttpResponse:
    """503: what draws pages was too slow, or was killed."""
    words = _("The page could not be made: this node has too much to do. Nothing is lost. Try again in half a minute.")
    response = page(request, 503, _("Not printed"), words)
    response["Retry-After"] = "30"
    return response


def elsewhere(request: HttpRequest) -> HttpResponse:
    """403: a page of another site asked for it."""
    words = _("Another site asked for this. Nothing was done. Open the page from Qafila itself.")
    return page(request, 403, _("Not allowed"), words)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: the form is too old or came from elsewhere."""
    words = _("This page was open for too long. Nothing was saved. Go back, reload the page and send it again.")
    return page(request, 403, _("Page too old"), words)
