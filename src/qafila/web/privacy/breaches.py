"""The register of breaches: entered at once, told in time, every step written down."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qafila.clinic.refusal import Refusal
from qafila.clinic.rules.words import Message
from qafila.journal import history
from qafila.kernel import clock
from qafila.office.breaches import acts, queries
from qafila.office.breaches.models import Breach, Kind
from qafila.packs import load
from qafila.web.access import needs
from qafila.web.once import once
from qafila.web.privacy.shown import moment_from, rule, sheet, tabs
from qafila.web.staff_names import staff_names
from qafila.web.stock.words import whole
from qafila.web.templatetags.qafila import told

KEEP = acts.RIGHT
ACTS = {
    "breach.enter": _("Entered"),
    "breach.describe": _("Described"),
    "breach.authority": _("The authority was told"),
    "breach.people": _("The people were told"),
    "breach.close": _("Closed"),
}


def found(breach_id: UUID) -> Breach:
    """The breach. Raises `Http404`."""
    row = Breach.objects.filter(pk=breach_id).first()
    if row is None:
        raise Http404
    return row


@require_http_methods(["GET", "POST"])
@needs(KEEP)
@once
def register(request: Any) -> HttpResponse:
    """Every breach with its clock; a new one is entered here."""
    typed, problem = {}, ""
    if request.method == "POST":
        said = typed = request.POST
        try:
            row = acts.enter(
                request.staff, said.get("kind", ""), said.get("what", ""),
                moment_from(said.get("noticed", "")),  # type: ignore[arg-type]
                cause=said.get("cause", ""), happened_at=moment_from(said.get("happened", ""), needed=False),
            )  # fmt: skip
        except Refusal as refused:
            problem = told(refused.message)
        else:
            messages.success(request, gettext("Entered. The clock runs."))
            return redirect("privacy:breach", row.pk)
    else:
        # Whoever comes from what caused it brings its kind and name along.
        typed = {"kind": request.GET.get("kind", ""), "cause": request.GET.get("cause", "")[:80]}
    context = tabs(request, "breaches") | {
        "entries": queries.register(),
        "kinds": Kind.choices,
        "typed": typed,
        "problem": problem,
        "rule": rule(),
        "now": timezone.localtime(clock.now()).strftime("%Y-%m-%dT%H:%M"),
    }
    return render(request, "privacy/breaches.html", context, status=422 if problem else 200)


@require_GET
@needs(KEEP)
def page(request: Any, breach_id: UUID) -> HttpResponse:
    """One breach: what is known, who was told, what is left to do, what changed."""
    return _page(request, found(breach_id))


def _page(request: Any, row: Breach, **more: Any) -> HttpResponse:
    context = (
        tabs(request, "breaches")
        | _context(row)
        | {"now": timezone.localtime(clock.now()).strftime("%Y-%m-%dT%H:%M")}
        | more
    )
    return render(request, "privacy/breach.html", context, status=422 if more else 200)


def _context(row: Breach) -> dict[str, Any]:
    asked = load.privacy(row.country).breach
    changes = [(one.at, one.actor, one.act) for one in history.of_subject(row.pk)]
    names = staff_names(actor for _at, actor, _act in changes)
    return {
        "entry": queries.entry(row),
        "breach": row,
        "rule": asked,
        "categories": [(one, one.code in row.categories) for one in asked.category],
        "changes": [(at, names.get(actor, "") if actor else "", ACTS.get(act, act)) for at, actor, act in changes],
    }


@require_POST
@needs(KEEP)
@once
def change(request: Any, breach_id: UUID, verb: str) -> HttpResponse:
    """Write what is known by now, who was told, how it ended."""
    row, said = found(breach_id), request.POST.get
    try:
        if verb == "describe":
            acts.describe(
                row, request.staff, what=said("what", ""), people=_number(said("people", "")),
                records=_number(said("records", "")), categories=request.POST.getlist("categories"),
                effects=said("effects", ""), measures=said("measures", ""), contact=said("contact", ""),
            )  # fmt: skip
        elif verb == "authority":
            acts.told_authority(row, request.staff, moment_from(said("at", "")), said("reference", ""))  # type: ignore[arg-type]
        elif verb == "people":
            acts.told_people(row, request.staff, moment_from(said("at", "")), said("how", ""))  # type: ignore[arg-type]
        elif verb == "close":
            acts.close(row, request.staff, said("words", ""))
        else:
            raise Http404
    except Refusal as refused:
        return _page(request, row, problem=told(refused.message), of=verb)
    messages.success(request, gettext("Saved."))
    return redirect("privacy:breach", row.pk)


def _number(text: str) -> int | None:
    if not text.strip():
        return None
    count = whole(text)
    if count is None:
        raise Refusal(Message(acts.HOW_MANY))
    return count


@require_GET
@needs(KEEP)
def printed(request: Any, breach_id: UUID) -> HttpResponse:
    """The report to the authority, on paper."""
    row = found(breach_id)
    return sheet(request, "privacy/print_breach.html", "report", _context(row))
