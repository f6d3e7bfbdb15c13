"""The address at which a node asks to join (it has no certificate yet, so on the port of the pages)."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from qafila.web.access import public


@public
@csrf_exempt
@require_POST
def enrol(request: HttpRequest) -> HttpResponse:
    """Answer a request to join, on a node that enrols others."""
    if settings.DIRECTORY is None or not settings.DIRECTORY.profile.enrols_nodes:
        raise Http404
    from qafila.sync.enrolment_endpoint import MAX_REQUEST, handle

    status, reply = handle(request.read(MAX_REQUEST + 1))
    return HttpResponse(reply, status=status, content_type="application/octet-stream")
