"""What somebody has typed and not saved yet, kept on this node for the same person and form."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.http import HttpResponse, HttpResponseBadRequest, QueryDict
from django.views.decorators.http import require_POST

from qafila.clinic.visits.models import Draft
from qafila.kernel import clock
from qafila.registry.staff.models import Staff
from qafila.web.access import needs

_FORM = re.compile(r"[a-z0-9:._-]{1,80}")
_NOT_KEPT = {"csrfmiddlewaretoken", "once", "form", "draft", "seen", "secret", "credential", "prf"}
_MOST = 40_000
REGISTER = "register"
"""The name of the registration's draft: one a person, whoever is being registered."""
GOOD_FOR = timedelta(hours=12)
"""A draft of an earlier shift is not offered any more: what it says about a person may be over."""


@require_POST
@needs("person.read")
def save(request: Any) -> HttpResponse:
    """Keep the fields of a form (`draft` names it); an empty form is forgotten."""
    form = request.POST.get("draft", "")
    fields = {k: v for k, v in request.POST.lists() if k not in _NOT_KEPT and any(v)}
    data = orjson.dumps(fields).decode()
    if not _FORM.fullmatch(form) or len(data) > _MOST:
        return HttpResponseBadRequest()
    if request.POST.get("discard") == "yes" or not fields:
        forget(request.staff, form)
    else:
        Draft.objects.update_or_create(staff=request.staff.pk, form=form, defaults={"data": data, "at": clock.now()})
    return HttpResponse(status=204)


def load(staff: Staff, form: str) -> tuple[QueryDict, datetime] | None:
    """What the person had typed into a form, and when; None for nothing of this shift."""
    row = Draft.objects.filter(staff=staff.pk, form=form, at__gte=clock.now() - GOOD_FOR).first()
    if row is None:
        return None
    found = QueryDict(mutable=True)
    for name, values in orjson.loads(row.data).items():
        found.setlist(name, values)
    return found, row.at


def forget(staff: Staff, form: str) -> None:
    """Drop a draft: what it held was saved, or is not wanted."""
    Draft.objects.filter(staff=staff.pk, form=form).delete()
