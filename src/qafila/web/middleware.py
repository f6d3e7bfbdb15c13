"""What happens around every page: language, person, errors."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import nullcontext

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import translation

from qafila.journal import wall
from qafila.journal.topics import reading
from qafila.kernel import clock, topics
from qafila.kernel.looks import one_look
from qafila.kernel.rights import Closed, NotAllowed
from qafila.kernel.transitions import WrongState
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import reach
from qafila.registry.units.queries import unit_of_node
from qafila.web import errors, live, sessions
from qafila.web.prints.drawing import PrintFailed
from qafila.web.watch import passing

log = logging.getLogger("qafila.web")
Next = Callable[[HttpRequest], HttpResponse]
LANGUAGES = {code for code, _ in settings.LANGUAGES}
COOKIE = settings.LANGUAGE_COOKIE_NAME
IDLE_S = 180
"""A shared screen that nobody has touched for so long asks who is there; `meta[name=idle]` tells the page the same."""
LATE_S = 60
"""The page covers itself by its own clock and tells the node of touches now and then: so much later the node does."""
NOTED_EVERY_S = 20


class LanguageMiddleware:
    """The person's language; before log-in the one chosen on this device, else the node's."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer in that language."""
        user = getattr(request, "user", None)
        chosen = request.COOKIES.get(COOKIE, "")
        if isinstance(user, Staff) and user.pk:
            chosen = user.interface_language
        language = chosen if chosen in LANGUAGES else settings.LANGUAGE_CODE
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", language)
            return response


class PersonMiddleware:
    """`request.staff`, `request.unit`, `request.profile`."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Say who is at the screen and which unit this is."""
        user = getattr(request, "user", None)
        request.staff = user if isinstance(user, Staff) and user.active else None  # type: ignore[attr-defined]
        directory = settings.DIRECTORY
        # Before the page reads anything: what is committed from here on is news to it.
        numbers = topics.every(directory.path) if directory else b""
        request.profile = directory.profile if directory else None  # type: ignore[attr-defined]
        request.unit = unit_of_node(directory.code) if directory else None  # type: ignore[attr-defined]
        if hasattr(request, "session") and request.staff is not None and over(request):  # type: ignore[attr-defined]
            request.session.flush()
            request.staff, request.user = None, AnonymousUser()  # type: ignore[attr-defined]
        if hasattr(request, "session") and request.staff is not None and left_alone(request):  # type: ignore[attr-defined]
            request.staff = None  # type: ignore[attr-defined]
            request.locked = True  # type: ignore[attr-defined]
        staff = request.staff  # type: ignore[attr-defined]
        reads = request.method in ("GET", "HEAD")
        if reads and staff is not None and directory is not None and live.current(request, numbers):
            return HttpResponse(status=204)
        look = one_look() if reads else nullcontext()
        with wall.asking(staff.pk if staff else None, reach(staff)), look, reading() as tables:
            response = self.get_response(request)
        if reads and directory is not None:
            live.finish(request, response, tables, numbers)
        return response


def over(request: HttpRequest) -> bool:
    """Whether the session has come to its end: too long ago, or left alone for too long."""
    profile = getattr(request, "profile", None)
    if profile is None or request.path.startswith(settings.STATIC_URL):
        return False
    return sessions.is_over(request, profile.login.hours, profile.login.idle_minutes)


def left_alone(request: HttpRequest) -> bool:
    """Whether the screen is locked; locks one of a shared tablet that was left alone, whatever its page did.

    A list that renews itself is nobody's touch.
    """
    session = request.session
    if session.get("locked"):
        return True
    profile = getattr(request, "profile", None)
    if profile is None or not profile.pin_switch or request.path.startswith(settings.STATIC_URL):
        return False
    now, last = clock.seconds(), session.get("touched")
    if last is not None and now - last > IDLE_S + LATE_S:
        session["locked"] = True
        return True
    if "X-Live" not in request.headers and (last is None or not 0 <= now - last < NOTED_EVERY_S):
        session["touched"] = now
    return False


class ErrorMiddleware:
    """Turns what acts raise into pages, and everything unforeseen into one that gives nothing away."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on."""
        length = request.headers.get("Content-Length", "0")
        limit = getattr(getattr(request, "profile", None), "disk", None)
        if limit is not None and length.isdecimal() and int(length) > limit.upload_limit_mb * 1_000_000:
            return errors.too_large(request)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page for an exception that a view let through."""
        if isinstance(exception, Closed):
            return passing.closed(request, exception)
        if isinstance(exception, NotAllowed):
            return errors.not_allowed(request)
        if isinstance(exception, WrongState):
            return errors.wrong_state(request)
        if isinstance(exception, (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)):
            return errors.too_large(request)
        if isinstance(exception, PrintFailed):
            log.error("not printed: %s", exception)
            return errors.not_printed(request)
        if type(exception).__name__ == "DiskFull" or "disk is full" in str(exception):
            return errors.no_room(request)
        if isinstance(exception, (Http404, PermissionDenied)):
            return None
        # The kind and the place, never the words: they may name a person.
        trace = exception.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
        log.error("%s at %s", type(exception).__name__, place)
        if isinstance(exception, (SuspiciousOperation, BadRequest)):
            return errors.bad_request(request)
        return errors.failed(request)
