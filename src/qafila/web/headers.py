"""What every response of a node carries, whoever made it: a page, a refusal before the first view, a static file.

ASVS 5.0 chapters V3.4 and V3.5. The policy of pages is node/https.py's; what is no page cannot run in any case.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

from qafila.web import errors

SEALED = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"  # noqa: E501 - one policy, one line
"""Of everything that is no page: opened by itself it runs nothing, sends nothing, and has an origin of its own."""
VIEWER_FILES = "/static/vendor/ohif/"
VIEWER_WORKERS = "default-src 'none'; script-src 'self' 'unsafe-eval'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"  # noqa: E501 - one policy, one line
"""Of the large viewer's scripts, a policy that counts where one of them is a worker: its decoders are WebAssembly, and
one makes functions of texts. A worker has no page and no cookies to read; it speaks with this node alone."""
PERMISSIONS = (
    "camera=(self), microphone=(self), bluetooth=(self), fullscreen=(self), accelerometer=(), autoplay=(self), "
    "browsing-topics=(), display-capture=(), encrypted-media=(), geolocation=(), gyroscope=(), hid=(), "
    "idle-detection=(), local-fonts=(), magnetometer=(), midi=(), payment=(), picture-in-picture=(), "
    "publickey-credentials-create=(self), publickey-credentials-get=(self), screen-wake-lock=(self), serial=(), "
    "usb=(), xr-spatial-tracking=()"
)
"""Photographs, sounds, calls and instruments, and passkeys: for the node's own pages alone."""
EVERY = {
    "Permissions-Policy": PERMISSIONS,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
PAGES = ("text/html", "application/pdf")
"""What keeps the policy of pages. A PDF of ours is shown in the browser's viewer, which a sandbox would shut; one that
came from elsewhere is handed over as a file, sealed (`records.files`)."""

Next = Callable[[HttpRequest], HttpResponse]


class HeadersMiddleware:
    """The outermost: sees what the others refuse, too."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, with the headers."""
        response = self.get_response(request)
        for name, value in EVERY.items():
            response.headers.setdefault(name, value)
        kind = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
        if request.path.startswith(VIEWER_FILES):
            response.headers["Content-Security-Policy"] = VIEWER_WORKERS
        elif kind not in PAGES:
            response.headers["Content-Security-Policy"] = SEALED
        if not request.path.startswith(settings.STATIC_URL):
            response.headers["Cache-Control"] = "no-store"
        return response


NOTES_ITSELF, NOTES_NOTHING = "/prints/", "/prints/check/"
"""Reading these leaves a trace in the record: that it was printed."""


def from_elsewhere(request: HttpRequest) -> bool:
    """Whether a page of another site makes the browser ask for what changes something (ASVS 3.5.8). Programs, and
    browsers before 2023, say nothing of where they come from: for them the form's token and SameSite have to do."""
    if request.headers.get("Sec-Fetch-Site") != "cross-site":
        return False
    notes = request.path.startswith(NOTES_ITSELF) and not request.path.startswith(NOTES_NOTHING)
    return notes or request.method not in ("GET", "HEAD", "OPTIONS")


class PlainMiddleware:
    """Refuses what no person types and no database of ours keeps, NUL in a path, a query or a form (PostgreSQL would
    fail on it in the middle of an act); and what another site asks for."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        """After the CSRF check, which reads a form anyway; a body that is no form is not touched."""
        if from_elsewhere(request):
            return errors.elsewhere(request)
        texts = [request.path, *_texts(request.GET)]
        if request.method == "POST" and request.content_type in FORMS:
            texts += _texts(request.POST)
            texts += [file.name or "" for some in request.FILES.lists() for file in some[1]]
        if any("\0" in text for text in texts):
            return errors.bad_request(request, BadRequest())
        return None


def _texts(given: Any) -> list[str]:
    return [text for name, values in given.lists() for text in (name, *values)]
