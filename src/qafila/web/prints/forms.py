"""Blank forms and prescription pads: printed in advance, each sheet with its own number and signed code."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from qafila.clinic.papers import acts, numbers
from qafila.clinic.papers.models import FORM_OF, Kind, PaperPad
from qafila.clinic.refusal import Refusal
from qafila.journal.here import here
from qafila.kernel.text import Integer, parse_integer
from qafila.packs import load
from qafila.registry.places.here import country_code
from qafila.web.access import needs
from qafila.web.nurse.sheet import shown
from qafila.web.prints import codes, sheet
from qafila.web.prints.render import pdf

LINES = {Kind.FORM_PRESCRIPTION: 6, Kind.FORM_TRANSFER: 7, Kind.FORM_VISIT: 7}
"""Ruled lines for what is written by hand, on A5."""


@require_http_methods(["GET", "POST"])
@needs("print")
def page(request: Any) -> HttpResponse:
    """Choose how many; the answer is the PDF. Numbers are plentiful: a spoilt pad is never printed again."""
    context: dict[str, Any] = {
        "kinds": [(k.value, k.label) for k in FORM_OF.values()],
        "most": acts.MOST_FORMS,
        "pads": [
            (
                pad,
                Kind(pad.kind_of_paper).label,
                *(numbers.written(pad.node, pad.first + n) for n in (0, pad.count - 1)),
            )
            for pad in PaperPad.objects.filter(node=here().node).order_by("-first")[:10]
        ],
    }
    if request.method == "GET":
        return render(request, "prints/forms.html", context)
    count, kind = parse_integer(request.POST.get("count", "")), request.POST.get("kind", "")
    try:
        wanted = Kind(kind) if kind in Kind.values else Kind.CARD
        pad = acts.reserve(wanted, count.value if isinstance(count, Integer) else 0, request.staff)
    except Refusal as refused:
        return render(request, "prints/forms.html", context | {"problem": shown(refused.message)}, status=422)
    data = pdf(html(request, pad, request.POST.get("paper", ""), request.POST.get("lang", "")))
    response = HttpResponse(data, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{pad.kind_of_paper}.pdf"'
    return response


def html(request: Any, pad: PaperPad, paper: str, lang: str) -> str:
    """Every sheet of the pad, one a page."""
    spoken = sheet.BOTH if lang == "both" else (lang if lang in sheet.TONGUES else translation.get_language() or "en",)
    sheets = []
    for number in range(pad.first, pad.first + pad.count):
        picture, side = codes.signed(acts.form_token(pad, number))
        sheets.append({"number": numbers.written(pad.node, number), "qr": picture, "side": side})
    size = "A4" if paper == "A4" else "A5"
    lines = LINES[Kind(pad.kind_of_paper)] * (2 if size == "A4" else 1)
    context = {
        "size": size,
        "pad": pad,
        "sheets": sheets,
        "lines": range(lines),
        "unit": request.unit,
        "country": load.country(country_code()),
        "node": pad.node,
        "rtl": spoken[0].startswith("ar"),
        "lang": spoken[0],
        "words": _words(pad, spoken),
    }
    with translation.override(spoken[0]):
        return render_to_string("prints/form.html", context, request)


def _words(pad: PaperPad, spoken: tuple[str, ...]) -> dict[str, list[str]]:
    """The words of a form, in one language or in both."""
    found: dict[str, list[str]] = {}
    for lang in spoken:
        with translation.override(lang):
            title = {Kind.FORM_PRESCRIPTION: gettext("Prescription"), Kind.FORM_TRANSFER: gettext("Transfer")}
            said = {
                "title": title.get(Kind(pad.kind_of_paper), gettext("Visit")),
                "name": gettext("Name"),
                "born": gettext("Born or age"),
                "card": gettext("Card number"),
                "care": gettext("Day and time of care"),
                "weight": gettext("Weight"),
                "allergies": gettext("Allergies"),
                "signed": gettext("Name and signature"),
                "stamp": gettext("Stamp"),
                "later": gettext("Enter it in the record later, with this number and the time of care."),
            }
            for name, text in said.items():
                found.setdefault(name, []).append(text)
    return found
