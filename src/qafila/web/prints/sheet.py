"""One printed document: on which paper, in which languages, with its code, its copy and its number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext

from qafila.clinic.papers import acts, queries
from qafila.clinic.papers.content import Fact
from qafila.clinic.papers.models import Kind
from qafila.journal.here import here
from qafila.kernel import clock
from qafila.packs import load
from qafila.registry.people import queries as people
from qafila.registry.people.births import age_of, birth_of
from qafila.registry.people.models import Person
from qafila.registry.places.here import country_code, local_day
from qafila.registry.units.models import Unit
from qafila.web import entrance
from qafila.web.prints import codes, strip
from qafila.web.prints.render import pdf
from qafila.web.reception import words
from qafila.web.reception.births import written

SIZES = ("A5", "A4")
TONGUES = ("ar", "fr", "en")
BOTH = ("fr", "ar")
"""Both at once: the pharmacist's language leads, the person's follows."""
STRIPS = {"strip": "image/png", "escpos": "application/octet-stream"}


@dataclass
class Document:
    """What is printed. `facts` say the same in every language; `fill` gives the template's words in the language that
    is switched on when it is called."""

    kind: Kind
    title: str | Promise
    subject: UUID
    person_id: UUID
    unit_id: UUID | None
    facts: Sequence[Fact]
    fill: Callable[[], dict[str, Any]] = dict
    size: str = ""
    """Empty: A5, or A4 where that was asked for."""
    paired: bool = False
    """Both languages stand beside each other line by line (`items`), not one after the other."""
    lines: Callable[[], list[strip.Line]] | None = None
    """The same for a narrow strip of paper, where there is such a form of it."""
    more: dict[str, Any] = field(default_factory=dict)
    tongue: str = ""
    """The language where none was asked for; empty: the reader's own."""


def tongues(request: Any, otherwise: str = "") -> tuple[str, ...]:
    """The languages that were asked for; where none was, that one or the reader's own."""
    asked = request.GET.get("lang", "")
    if asked == "both":
        return BOTH
    return (asked,) if asked in TONGUES else (otherwise or words.language(),)


def answer(request: Any, document: Document) -> HttpResponse:
    """The document as a PDF (or a strip), issued and noted; the reading of the record is logged.

    Raises `PrintFailed`, which becomes a page that says when to try again (`web/middleware.py`)."""
    person = people.get(document.person_id)
    if person is None:
        raise Http404
    name = document.kind.value
    opened = entrance.read(request, document.person_id, f"print.{name}", "print")
    if "case" in document.more:
        # What a paper of a confidential case says, only those print who may read it.
        opened.require(document.more["case"])
    paper = request.GET.get("paper", "")
    narrow = paper in STRIPS and document.lines is not None
    issued = acts.issue(document.kind, document.person_id, document.subject, document.facts, request.staff)
    spoken = tongues(request, document.tongue)
    if narrow:
        data = strip.made(_strip(document, person, issued, spoken), paper)
    else:
        data = pdf(_html(request, document, person, issued, spoken))
    kind = STRIPS[paper] if narrow else "application/pdf"
    ending = {"strip": "png", "escpos": "bin"}.get(paper, "pdf") if narrow else "pdf"
    response = HttpResponse(data, content_type=kind)
    response["Content-Disposition"] = f'inline; filename="{name}.{ending}"'
    return response


def _html(request: Any, document: Document, person: Person, issued: acts.Issued, spoken: tuple[str, ...]) -> str:
    size = document.size or ("A4" if request.GET.get("paper") == "A4" else "A5")
    picture, side = codes.signed(issued.paper.token)
    shared = {
        "size": size,
        "person": person,
        "unit": Unit.objects.filter(pk=document.unit_id).first() if document.unit_id else None,
        "country": load.country(country_code()),
        "printed_by": request.staff,
        "today": local_day(),
        "now": clock.now(),
        "node": here().node,
        "qr": picture,
        "side": side,
        "paper": issued.paper,
        "copy": issued.copy,
        "by_hand": queries.by_hand(document.kind, document.subject),
        "both": len(spoken) > 1,
        **document.more,
    }
    contexts: list[dict[str, Any]] = []
    for lang in spoken:
        with translation.override(lang):
            contexts.append(shared | _spoken(document, person, lang) | document.fill() | {"first": not contexts})
    if document.paired and len(contexts) > 1:
        first, second = contexts
        contexts = [first | {"second": second, "pairs": list(zip(first["items"], second["items"], strict=True))}]
    template = "prints/card.html" if document.kind == Kind.CARD else "prints/part.html"
    parts = []
    if document.kind == Kind.CARD:
        contexts = contexts[:1]
    for context in contexts:
        with translation.override(context["lang"]):
            html = render_to_string(template, context | {"body": f"prints/{document.kind.value}.html"}, request)
        parts.append({"lang": context["lang"], "rtl": context["rtl"], "html": html})
    with translation.override(spoken[0]):
        return render_to_string("prints/base.html", contexts[0] | {"parts": parts}, request)


def _spoken(document: Document, person: Person, lang: str) -> dict[str, Any]:
    names = people.names_of([person.pk])[person.pk]
    main, other = words.name_words(person, names)
    return {
        "title": str(document.title),
        "name": main,
        "other": other,
        "age": words.age_words(age_of(person, local_day())),
        "birth": written(birth_of(person)),
        "sex": words.sex_words(person),
        "lang": lang,
        "rtl": lang.startswith("ar"),
    }


def _strip(document: Document, person: Person, issued: acts.Issued, spoken: tuple[str, ...]) -> strip.Strip:
    assert document.lines is not None
    unit = Unit.objects.filter(pk=document.unit_id).first() if document.unit_id else None
    parts: list[strip.Line] = []
    for lang in spoken:
        with translation.override(lang):
            said = _spoken(document, person, lang)
            rtl = bool(said["rtl"])
            parts.append(strip.Line(said["title"], size=34, bold=True, rtl=rtl))
            if unit is not None:
                parts.append(strip.Line(words.unit_name(unit), rtl=rtl))
            parts.append(strip.Line(said["name"], size=30, bold=True, rtl=rtl))
            parts.append(strip.Line(f"{said['sex']} · {said['age']} · {person.code}", rtl=rtl))
            if (doctor := document.more.get("doctor")) is not None:
                parts.append(strip.Line(doctor.name_arabic if rtl and doctor.name_arabic else doctor.name, rtl=rtl))
            parts += [strip.Line(one.text, one.size, one.bold, rtl) for one in document.lines()]
            parts.append(strip.RULE)
    with translation.override(spoken[0]):
        rtl = spoken[0].startswith("ar")
        last = [
            strip.Line(issued.paper.code, size=34, bold=True, middle=True),
            strip.Line(f"{gettext('Control number')} {issued.paper.control}", rtl=rtl),
            strip.Line(
                f"{here().node} · {local_day().isoformat()} · {gettext('copy %(n)s') % {'n': issued.copy}}", rtl=rtl
            ),
        ]
    return strip.Strip(parts, issued.paper.token, last)
