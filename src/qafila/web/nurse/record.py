"""What was recorded in a visit: readings, files, allergies; and putting right what is wrong."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from qafila.clinic.imaging.refused import Refused
from qafila.clinic.refusal import Refusal
from qafila.clinic.rules.observations import KINDS
from qafila.clinic.rules.triage import LABELS, LEVELS
from qafila.clinic.visits import acts, assessment, queries
from qafila.clinic.visits.models import Allergy, Attachment, Condition, Fact, Note, Observation, Visit
from qafila.journal import blobs
from qafila.registry.people.search import search
from qafila.registry.staff.rights import may, require
from qafila.web import entrance
from qafila.web.access import needs
from qafila.web.nurse import results
from qafila.web.nurse.sheet import label, shown
from qafila.web.nurse.views import found, heading
from qafila.web.once import once
from qafila.web.reception.words import language
from qafila.web.records.attachments import page_of, title
from qafila.web.records.doubts import tell
from qafila.web.records.files import sealed
from qafila.web.staff_names import staff_names
from qafila.web.templatetags.qafila import day

FACTS: dict[str, type[Fact]] = {
    "reading": Observation,
    "file": Attachment,
    "allergy": Allergy,
    "note": Note,
    "diagnosis": Condition,
}
SITES = {
    "left": _("left arm"),
    "right": _("right arm"),
    "axilla": _("armpit"),
    "ear": _("ear"),
    "tympanum": _("eardrum"),
    "mouth": _("mouth"),
    "rectum": _("rectum"),
    "finger": _("finger"),
    "earlobe": _("earlobe"),
}
POSTURES = {"lying": _("lying"), "standing": _("standing")}
MOST_BYTES = 64_000_000


@require_GET
@needs("visit.read")
def record_page(request: Any, visit_id: UUID) -> HttpResponse:
    """One visit, errors struck through."""
    return _page(request, visit_id)


def _page(request: Any, visit_id: UUID, status: int = 200, **more: Any) -> HttpResponse:
    visit, person = found(visit_id)
    require(request.staff, "visit.read", visit)
    opened = entrance.read(request, person.pk, "nurse.record", row=visit)
    page = queries.page(visit)
    staff = _names([*page.observations, *page.attachments])
    context = {
        **heading(visit, person),
        "readings": [reading(o, staff) for o in sorted(page.observations, key=_place)],
        "files": [(one, title(one, None, language()), page_of(one)) for one in opened.shown(page.attachments)],
        "kept_back": opened.kept_back(page.attachments),
        "allergies": queries.summary(person.pk, visits=1),
        "reasons": assessment.reasons(visit),
        "table": assessment.table(visit),
        "missing": [label(k) for k in assessment.missing(visit)],
        "levels": [(level, gettext(LABELS[level])) for level in reversed(LEVELS)],
        "records": may(request.staff, "vitals.record", visit),
        "attaches": may(request.staff, "attachment.add", visit),
        "moves": may(request.staff, "record.move", visit),
        "queue": may(request.staff, "queue.read", visit),
        "me": request.staff.pk,
        **more,
    }
    return render(request, "nurse/record.html", context, status=status)


def _place(one: Observation) -> tuple[int, datetime]:
    order = list(KINDS)
    return order.index(one.code) if one.code in KINDS else len(order), one.at


def _names(facts: list[Any]) -> dict[UUID, str]:
    return staff_names(f.author_id for f in facts)


def reading(one: Observation, staff: dict[UUID, str]) -> dict[str, Any]:
    """A reading as a line: what, value, unit, by whom."""
    kind = KINDS.get(one.code)
    value, unit = "", ""
    if kind is None and results.label(one.code):
        value, unit = results.value(one)
    elif one.number is not None:
        value = f"{one.number.normalize():f}"
        unit = next((u.shown for u in kind.units if u.ucum == one.unit), one.unit) if kind else one.unit
    elif kind and kind.choices:
        value = next((gettext(c.label) for c in kind.choices if c.code == one.choice), one.choice)
    else:
        value = {"true": gettext("Yes"), "false": gettext("No")}.get(one.choice, one.choice)
    if kind and kind.type == "date":
        value = day(parsed) if (parsed := parse_date(one.choice)) else one.choice
    site = str(SITES.get(one.site, one.site))
    return {
        "row": one,
        "label": label(one.code),
        "value": value,
        "unit": unit,
        "site": site or POSTURES.get(one.posture, ""),
        "by": staff.get(one.author_id, "") if one.author_id else "",
        "error": one.status == "entered-in-error",
    }


@require_POST
@needs("attachment.add")
@once
def add_file(request: Any, visit_id: UUID) -> HttpResponse:
    """Keep a photograph, an ECG or another file with the visit."""
    visit, _person = found(visit_id)
    several = request.FILES.getlist("file")
    # of a WFDB record the header leads: it names the others
    several.sort(key=lambda one: not one.name.lower().endswith(".hea"))
    if not several:
        return _page(request, visit_id, 422, file_problem=gettext("Choose a file first."))
    given, *others = several
    if sum(one.size for one in several) > MOST_BYTES:
        return _page(request, visit_id, 413, file_problem=gettext("This file is too large: at most 64 MB."))
    try:
        at = _captured(request.POST.get("captured", ""))
        beside = {one.name: one.read() for one in others}
        if beside and not given.name.lower().endswith(".hea"):
            return _page(request, visit_id, 422, file_problem=gettext("Send one file at a time."))
        kept = acts.add_attachment(
            visit, request.staff, given.read(), given.name, at, title=request.POST.get("title", ""), beside=beside
        )
    except Refused as refused:
        words = gettext(refused.reason) % refused.values if refused.values else gettext(refused.reason)
        return _page(request, visit_id, 422, file_problem=words)
    except Refusal as refused:
        return _page(request, visit_id, 422, file_problem=shown(refused.message))
    tell(request, kept)
    if kept.kind_of_file == "ecg":
        return redirect("records:ecg_page", kept.pk)
    return redirect("nurse:record", visit_id)


def _captured(text: str) -> datetime | None:
    try:
        return timezone.make_aware(datetime.fromisoformat(text)) if text else None
    except ValueError:
        return None


@require_POST
@needs("vitals.record")
@once
def add_allergy(request: Any, visit_id: UUID) -> HttpResponse:
    """Record an allergy, or that none is known."""
    visit, _person = found(visit_id)
    try:
        if "none" in request.POST:
            acts.no_known_allergy(visit, request.staff)
        else:
            acts.state_allergy(
                visit, request.staff, request.POST.get("substance", ""), request.POST.get("reaction", "")
            )
    except Refusal as refused:
        return _page(request, visit_id, 422, allergy_problem=shown(refused.message))
    return redirect("nurse:record", visit_id)


@require_POST
@needs("vitals.record")
@once
def set_triage(request: Any, visit_id: UUID) -> HttpResponse:
    """Set another triage level than the computed one, with a reason."""
    visit, _person = found(visit_id)
    try:
        acts.override_triage(visit, request.POST.get("level", ""), request.POST.get("reason", ""), request.staff)
    except Refusal as refused:
        return _page(request, visit_id, 422, triage_problem=shown(refused.message))
    return redirect("nurse:record", visit_id)


@require_POST
@needs("visit.read")
@once
def mark_error(request: Any, kind: str, fact_id: UUID) -> HttpResponse:
    """Mark something as entered in error, with a reason; it stays, struck through."""
    if kind not in FACTS:
        raise Http404
    fact = get_object_or_404(FACTS[kind], pk=fact_id)
    if fact.visit_id is None:
        raise Http404
    try:
        acts.mark_error(fact, request.staff, request.POST.get("reason", ""))
    except Refusal as refused:
        messages.error(request, shown(refused.message))
    else:
        messages.success(request, gettext("Marked as entered in error. Everybody who used it is told."))
    return redirect("nurse:record", fact.visit_id)


@require_POST
@needs("record.move")
@once
def move(request: Any, visit_id: UUID) -> HttpResponse:
    """Move a whole visit to the person it is of."""
    visit, _person = found(visit_id)
    meant = [f.person for f in search(request.POST.get("other", "")) if f.why != "name"]
    if len(meant) != 1:
        words = gettext("Nobody, or more than one, is found by this: use the code on the card.")
        return _page(request, visit_id, 422, move_problem=words)
    try:
        moved = acts.move_visit(visit, meant[0], request.staff, request.POST.get("reason", ""))
    except Refusal as refused:
        return _page(request, visit_id, 422, move_problem=shown(refused.message))
    messages.success(request, gettext("Moved. Both records say so, and everybody who used it is told."))
    return redirect("nurse:record", moved.pk)


@require_GET
@needs("visit.read")
def file(request: Any, fact_id: UUID) -> HttpResponse:
    """The file itself."""
    row = get_object_or_404(Attachment, pk=fact_id)
    return _bytes(request, row, row.sha256, row.media)


@require_GET
@needs("visit.read")
def preview(request: Any, fact_id: UUID) -> HttpResponse:
    """Its preview."""
    row = get_object_or_404(Attachment, pk=fact_id)
    return _bytes(request, row, row.preview, "image/jpeg")


def _bytes(request: Any, row: Attachment, name: str, media: str) -> HttpResponse:
    visit = Visit.objects.filter(pk=row.visit_id).first() if row.visit_id else None
    if not may(request.staff, "visit.read", visit or row):
        raise Http404
    try:
        data = blobs.read(name)
    except blobs.Absent:
        raise Http404 from None
    entrance.read(request, row.person_id, "nurse.file").require(row)
    return sealed(HttpResponse(data), row, media)
