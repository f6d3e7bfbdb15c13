"""Whether the pages and the database answer; for whoever starts and watches the node."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from qafila.journal.models import Run
from qafila.web.access import public


@public
def health(request: HttpRequest) -> HttpResponse:
    """200 `ok` when the database answers."""
    Run.objects.exists()
    return HttpResponse("ok", content_type="text/plain")
