"""Whether the pages and the database answer; for whoever starts and watches the node."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from qafila.journal.models import Run
from qafila.web.access import public


@require_GET
@public
def health(request: HttpRequest) -> HttpResponse:
    """200 `ok` when the database answers."""
    Run.objects.exists()
    return HttpResponse("ok", content_type="text/plain")
