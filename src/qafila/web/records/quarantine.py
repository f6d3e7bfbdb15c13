"""Records that could not be understood: what waits, trying again, and saying what was done."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from qafila.journal import quarantine
from qafila.journal.models import Quarantine
from qafila.kernel.text import Bad, parse_text
from qafila.registry.staff.rights import may
from qafila.web.access import needs
from qafila.web.once import once
from qafila.web.records.clashes import A_PAGE


@require_GET
@needs("quarantine.read")
def page(request: Any) -> HttpResponse:
    """Records that could not be read, kept as they came. What they hold is shown to nobody."""
    rows = Quarantine.objects.filter(settled=False).defer("raw").order_by("-id")
    found = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
    context = {"rows": found, "page": found, "settles": may(request.staff, "quarantine.settle")}
    return render(request, "records/quarantine.html", context)


@require_POST
@needs("quarantine.settle")
@once
def settle(request: Any, number: int) -> HttpResponse:
    """Try to take the record in again, or say what was done about it."""
    row = get_object_or_404(Quarantine, pk=number, settled=False)
    words = parse_text(request.POST.get("words", ""), 300)
    if "again" in request.POST:
        if quarantine.try_again(row, request.staff):
            messages.success(request, gettext("It is understood now and stands in the record."))
        else:
            messages.warning(request, gettext("It still cannot be understood. It stays here."))
    elif isinstance(words, Bad) or not words:
        messages.error(request, gettext("Write what was done about it."))
    else:
        quarantine.settle(row, request.staff, words)
        messages.success(request, gettext("Noted. The record stays kept as it came."))
    return redirect("records:quarantine")
