"""What a node shows when its lease has run out: people who are being seen, open cases, registration and all new
writing as ever; the past of everybody else only once a supervisor's code was typed.

Closed by default: a page that names a row of somebody's record opens where that person has an open visit or the row is
an open case. Sending is never refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext

from qafila.clinic.cases.models import Case
from qafila.clinic.cases.transitions import OVER
from qafila.clinic.visits.models import Visit
from qafila.journal.models import Record
from qafila.sync import lease
from qafila.web import errors

Next = Callable[[HttpRequest], HttpResponse]
CLOSING = "closing"
"""A file of the node while it locks or wipes itself by order (`node.ordered`)."""
PAST = {"records:person", "records:looks", "records:row", "nurse:trends"}
"""Pages of nothing but history: closed for everybody."""
BEFORE_A_VISIT = ("reception:", "stock:", "equipment:", "packs:", "coordinator:")
"""Where a person is registered and a visit begins; and what is about nobody's record."""
DONE = (Visit.Status.DONE, Visit.Status.LEFT, Visit.Status.ERROR)


class LeaseMiddleware:
    """Closes history where the lease has run out."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on; nothing while the node carries out an order of its hub."""
        directory = settings.DIRECTORY
        if directory is not None and (directory.path / CLOSING).exists():
            words = gettext("Its hub has ordered this unit to close. Call the coordinator.")
            return errors.page(request, 503, gettext("This unit is closed"), words)
        return self.get_response(request)

    def process_view(self, request: Any, view: Any, args: Any, kwargs: dict[str, Any]) -> HttpResponse | None:
        """The page that says why, in the place of one that is closed."""
        if request.method not in ("GET", "HEAD") or getattr(request, "staff", None) is None:
            return None
        name = request.resolver_match.view_name
        if not of_the_past(name, kwargs):
            return None
        now = lease.state()
        if now is None or not now.closed or (name not in PAST and shown(kwargs)):
            return None
        if request.headers.get("HX-Request"):
            return HttpResponse(status=403)
        return render(request, "account/closed.html", {"days": now.days}, status=403)


def of_the_past(name: str, kwargs: dict[str, Any]) -> bool:
    """Whether the page names a row of a record (and may be history)."""
    if name.startswith("dicomweb:") or name in PAST:
        return True
    return not name.startswith(BEFORE_A_VISIT) and any(isinstance(value, UUID) for value in kwargs.values())


def shown(kwargs: dict[str, Any]) -> bool:
    """Whether every row that the page names is of somebody who is being seen, an open case, or about nobody."""
    return bool(kwargs) and all(_shown(row) for row in kwargs.values() if isinstance(row, UUID))


def _shown(row: UUID) -> bool:
    if Case.objects.filter(pk=row).exclude(status__in=OVER).exists():
        return True
    record = Record._base_manager.filter(subject=row).order_by("hlc").first()
    if record is None:
        return True
    person = row if record.kind == "registry.person" else record.patient
    return person is None or Visit.objects.filter(person_id=person).exclude(status__in=DONE).exists()
