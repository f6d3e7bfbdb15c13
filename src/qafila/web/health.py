"""Whether the pages and the database answer; for whoever starts and watches the node."""

from __future__ import annotations

from django.db import connection
from django.http import HttpRequest, HttpResponse

from qafila.web.access import public


@public
def health(request: HttpRequest) -> HttpResponse:
    """200 `ok` when the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return HttpResponse("ok", content_type="text/plain")
