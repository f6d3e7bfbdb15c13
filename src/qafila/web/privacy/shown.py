"""What the pages of the office share: the rule of the country, moments from forms, sheets on paper."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.dateparse import parse_datetime

from qafila.clinic.refusal import Refusal
from qafila.clinic.rules.words import N_, Message
from qafila.journal.here import here
from qafila.kernel import clock
from qafila.kernel.text import latin_digits
from qafila.packs import load
from qafila.packs.privacy import Privacy
from qafila.registry.places.here import country_code
from qafila.registry.staff.rights import grants
from qafila.web.prints.render import pdf
from qafila.web.prints.sheet import tongues

WHICH_MOMENT = N_("Write day and time.")


def rule() -> Privacy:
    """What the country asks."""
    return load.privacy(country_code())


def tabs(request: Any, tab: str) -> dict[str, Any]:
    """Which of these pages the person may open, and which one this is."""
    held = grants(request.staff)
    return {
        "tab": tab,
        "may_read": held.has("processing.read"),
        "may_breach": held.has("breach.manage"),
        "may_count": held.has("statistics.read"),
        "may_transfer": held.has("transfer.manage"),
    }


def moment_from(text: str, *, needed: bool = True) -> datetime | None:
    """A day and time as a form sends it, at the place. Raises `Refusal`."""
    text = latin_digits(text).strip()
    if not text and not needed:
        return None
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        raise Refusal(Message(WHICH_MOMENT))
    return found if found.tzinfo else timezone.make_aware(found)


def sheet(request: Any, template: str, name: str, context: dict[str, Any]) -> HttpResponse:
    """A page as a PDF in the language asked for (`lang`) or the reader's own."""
    tongue = tongues(request)[0]
    with translation.override(tongue):
        shared = {
            "lang": tongue,
            "rtl": tongue.startswith("ar"),
            "now": clock.now(),
            "node_code": here().node,
            "printed_by": request.staff,
            "custodian": load.country(country_code()).custodian,
        }
        html = render_to_string(template, shared | context, request)
    data = pdf(html)
    response = HttpResponse(data, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    return response
