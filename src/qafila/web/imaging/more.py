"""OHIF, the large viewer, for who wants more than the small one shows: served by the node where it is installed.

Its files are those of the npm package `@ohif/app`, copied by `setup/static.py`. It asks for everything by DICOMweb,
with the session and the rights of whoever looks. Its page has a policy of its own: styles in its elements, and
WebAssembly.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.contrib.staticfiles import finders
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from qafila.exchange.dicom import queries
from qafila.web.access import needs

POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "worker-src 'self' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' blob: data:",
        "font-src 'self' data:",
        "connect-src 'self' blob: data:",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'none'",
    )
)


@cache
def installed() -> bool:
    """Whether this node has the viewer's files."""
    return finders.find("vendor/ohif/app.bundle.js") is not None


@require_GET
@needs(*queries.RIGHTS)
def page(request: Any) -> HttpResponse:
    """The viewer; what it shows it asks for, by the study in its address."""
    if not installed():
        raise Http404
    response = render(request, "imaging/more.html")
    response["Content-Security-Policy"] = POLICY
    return response
