"""The case packet: the question, what the specialty asks for, consent, and sending it off."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from qafila.clinic.cases import acts
from qafila.clinic.cases.models import Case, Urgency
from qafila.clinic.cases.transitions import DRAFT, MORE_ASKED
from qafila.clinic.forms import gate, packet, redflags
from qafila.clinic.forms.context import attachments_of, consent_holds, consent_of, pack_of, view_files
from qafila.clinic.history import consents
from qafila.clinic.refusal import Incomplete, Refusal
from qafila.clinic.visits.models import Visit
from qafila.kernel.looks import one_look
from qafila.packs import load
from qafila.registry.places.here import country_code
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require
from qafila.web import entrance
from qafila.web.access import needs
from qafila.web.doctor import flags as redflag_lines
from qafila.web.doctor.cases import found_case, show, visit_url
from qafila.web.doctor.facts import keep_file
from qafila.web.nurse import drafts
from qafila.web.nurse.sheet import shown
from qafila.web.nurse.views import found, heading
from qafila.web.once import once
from qafila.web.reception.words import language
from qafila.web.records.attachments import page_of

WRITTEN = (DRAFT, MORE_ASKED)
"""States in which the packet can be changed."""
ANY_FILE = "image/*,.dcm,application/dicom,application/pdf"
ECG_FILES = ".dcm,application/dicom,.scp,.xml,.edf,.csv"
TAKES = {
    "ecg": f"{ECG_FILES},image/*,application/pdf",
    "photo": "image/*",
    "audio": "audio/*",
    "video": "video/*,image/*",
    "image": ANY_FILE,
    "series": ANY_FILE,
    "curve": ANY_FILE,
    "document": ANY_FILE,
}
"""What a browser offers to choose for each kind of view; what comes is judged by its bytes."""


@require_POST
@needs("case.draft")
@once
def begin(request: Any, visit_id: UUID, specialty: str) -> HttpResponse:
    """Begin a case for a visit, or go on with the one begun."""
    visit, _person = found(visit_id)
    try:
        case = acts.draft_case(visit, specialty, request.staff)
    except Refusal as refused:
        messages.error(request, shown(refused.message))
        return redirect("doctor:consult", visit_id)
    return redirect("doctor:packet", case.pk)


@require_http_methods(["GET", "POST"])
@needs("case.draft")
@once
def page(request: Any, case_id: UUID) -> HttpResponse:
    """The packet as a form, and saving it."""
    case = found_case(case_id)
    require(request.staff, "case.draft", case)
    if case.status not in WRITTEN:
        return redirect("doctor:case", case.pk)
    draft = draft_of(case)
    if request.method == "GET":
        return _kept(request, case)
    read = packet.read(case, dict(request.POST.lists()))
    typed: dict[str, str] = {"question": request.POST.get("question", ""), "urgency": request.POST.get("urgency", "")}
    if not read.good:
        return _page(request, case, draft, read.intake, typed, read, status=422)
    try:
        acts.save_packet(case, read.intake, typed["question"], typed["urgency"] or case.urgency, request.staff)
    except Refusal as refused:
        return _page(request, case, draft, read.intake, typed, read, status=422, problem=shown(refused.message))
    drafts.forget(request.staff, draft)
    messages.success(request, gettext("Saved."))
    return redirect("doctor:case" if "done" in request.POST else "doctor:packet", case.pk)


def _page(
    request: Any,
    case: Case,
    draft: str,
    given: Any,
    typed: dict[str, Any],
    read: packet.Read | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    if case.visit_id is None:
        raise Http404
    visit, person = found(case.visit_id)
    entrance.read(request, person.pk, "doctor.packet")
    case.urgency = typed.get("urgency") or case.urgency
    with one_look():
        return _drawn(request, case, draft, given, typed, read, status, visit, person, **more)


def _drawn(
    request: Any,
    case: Case,
    draft: str,
    given: Any,
    typed: dict[str, Any],
    read: packet.Read | None,
    status: int,
    visit: Visit,
    person: Any,
    **more: Any,
) -> HttpResponse:
    pack = pack_of(case)
    groups = sections(case, given, read, request.POST)
    context = {
        **heading(visit, person),
        "case": case,
        "visit_url": visit_url(request.staff, visit),
        "pack": pack,
        "draft": draft,
        "sections": groups,
        "faulty": [f for g in groups for f in g["fields"] if f["wrong"] or f["asks"]],
        "question": typed.get("question") if typed.get("question") is not None else case.question,
        "urgencies": [(u.code, str(Urgency(u.code).label), u.minutes) for u in pack.urgency],
        "views": views(case, given),
        **flags(case, given),
        **more,
    }
    return render(request, "doctor/packet.html", context, status=status)


@require_POST
@needs("attachment.add")
@once
def add_view(request: Any, case_id: UUID, view: str) -> HttpResponse:
    """Keep a file as one of the recordings or pictures that the pack wants; what is typed waits in its draft."""
    case = found_case(case_id)
    require(request.staff, "case.draft", case)
    if case.status not in WRITTEN or view not in {one.code for one in pack_of(case).view}:
        raise Http404
    visit = get_object_or_404(Visit, pk=case.visit_id)
    # a file that comes after the case was sent belongs to the case, not to the visit as it was
    told = keep_file(request, visit, view=view, case_id=case.pk if case.status == MORE_ASKED else None)
    if not told:
        return redirect(f"{reverse('doctor:packet', args=[case.pk])}#f-{view}")
    return _kept(request, case, status=422, view_problem=told)


def _kept(request: Any, case: Case, status: int = 200, **more: Any) -> HttpResponse:
    """The form with what its person had typed and not saved."""
    kept = drafts.load(request.staff, draft_of(case))
    given = unsaved(case, request.staff)
    was = {"question": kept[0].get("question"), "urgency": kept[0].get("urgency")} if kept else {}
    return _page(request, case, draft_of(case), given, was, status=status, kept=kept[1] if kept else None, **more)


def draft_of(case: Case) -> str:
    """The name under which the unsaved packet of a case is kept."""
    return f"packet:{case.pk.hex}"


def unsaved(case: Case, staff: Staff) -> dict[str, Any] | None:
    """The answers that somebody has typed and not saved; None for none, or a case that is out of their hands."""
    kept = drafts.load(staff, draft_of(case)) if case.status in WRITTEN else None
    return packet.read(case, dict(kept[0].lists())).intake if kept else None


@require_POST
@needs("case.draft")
def live(request: Any, case_id: UUID) -> HttpResponse:
    """What is asked now and what must be done at once, under answers that are not saved yet. Writes nothing."""
    case = found_case(case_id)
    require(request.staff, "case.draft", case)
    given = packet.read(case, dict(request.POST.lists())).intake
    urgency = request.POST.get("urgency", "")
    case.urgency = urgency if urgency in Urgency.values else case.urgency
    context = {
        "case": case,
        "sections": sections(case, given, None),
        "views": views(case, given),
        **flags(case, given),
    }
    return render(request, "doctor/packet_live.html", context)


def views(case: Case, given: Any) -> list[tuple[Any, str, str, str]]:
    """Recordings and pictures wanted: view, words, where the last one is looked at ("" for none), what a browser offers
    to choose."""
    there = {code: page_of(one) for code, one in view_files(pack_of(case), attachments_of(case)).items()}
    return [(v, words, there.get(v.code, ""), TAKES[v.kind]) for v, words in packet.views(case, language(), given)]


def sections(
    case: Case, given: Any, read: packet.Read | None, typed: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """The form's groups; beside each question what is wrong with what was typed, which stays in its field."""
    found_: list[dict[str, Any]] = []
    for section in packet.describe(case, language(), given):
        fields: list[dict[str, Any]] = []
        for one in section.fields:
            wrong = read.errors.get(one.name) if read else None
            asks = read.confirm.get(one.name) if read else None
            value = one.value
            chosen = value if isinstance(value, (list, tuple)) else [value]
            text = "" if value is None or isinstance(value, (list, tuple, bool)) else str(value)
            fields.append(
                {
                    "field": one,
                    "wrong": shown(wrong) if wrong else "",
                    "asks": shown(asks) if asks else "",
                    "text": (typed or {}).get(one.name, "") if wrong else text,
                    "said": {True: "true", False: "false"}.get(value, "") if isinstance(value, bool) else "",
                    "chosen": [str(c) for c in chosen if c is not None],
                }
            )
        left = sum(1 for f in fields if f["field"].required and f["field"].value in (None, "", []))
        found_.append({"code": section.code, "label": section.label, "fields": fields, "left": left})
    for this, after in pairwise(found_):
        this["next"] = after
    return found_


def flags(case: Case, given: Any = None) -> dict[str, Any]:
    """Red flags with what to do now, and whom to call."""
    raised = redflags.fired(case, given)
    order = [level.code for level in pack_of(case).urgency]
    asked = min((order.index(f.urgency) for f in raised if f.urgency in order), default=len(order))
    chosen = order.index(case.urgency) if case.urgency in order else len(order)
    lines = redflag_lines.shown(case, given)
    return {
        "asks_for": str(Urgency(order[asked]).label) if asked < chosen else "",
        "flags": lines,
        "places": redflag_lines.places(lines),
        "emergency": load.country(country_code()).emergency if raised or case.urgency == "emergency" else (),
    }


def gate_of(case: Any, staff: Any) -> dict[str, Any]:
    """What lacks, consent included."""
    visit = visit_url(staff, get_object_or_404(Visit, pk=case.visit_id))
    return {
        "lacks": [(x.label.text(language()), address(case, x.jump, visit)) for x in gate.missing(case)],
        "consent": consent_of(case),
        "consent_holds": consent_holds(case),
    }


def address(case: Case, jump: str, visit: str) -> str:
    """The page on which what lacks can be filled in; `visit` is the visit's page as the reader may open it."""
    where, _, name = jump.partition(".")
    if where == "consent":
        return "#f-consent"
    if where == "vitals":
        return f"{reverse('nurse:vitals', args=[case.visit_id])}#v-{name}"
    if where == "attachments":
        return f"{reverse('doctor:packet', args=[case.pk])}#f-{name or 'views'}"
    if where == "consultation":
        return f"{visit}#{'dx' if name == 'diagnosis' else 'n-' + name}"
    return f"{reverse('doctor:packet', args=[case.pk])}#f-{name or where}"


@require_POST
@needs("consent.record")
@once
def consent(request: Any, case_id: UUID) -> HttpResponse:
    """Record the consent under which the case goes, or why it cannot be asked."""
    case = found_case(case_id)
    visit = get_object_or_404(Visit, pk=case.visit_id)
    said = request.POST.get
    try:
        consents.give(
            visit,
            request.staff,
            "referral",
            said("decision", ""),
            said("method", ""),
            given_by=said("given_by", "self"),
            guardian_name=said("guardian_name", ""),
            relation=said("relation", ""),
            witness=said("witness", ""),
            language=said("language", ""),
            reason=said("reason", ""),
        )
    except Refusal as refused:
        return show(request, case, 422, consent_problem=shown(refused.message), typed={"consent": request.POST})
    return redirect(f"{reverse('doctor:case', args=[case.pk])}#f-consent")


@require_POST
@needs("case.send")
@once
def send(request: Any, case_id: UUID) -> HttpResponse:
    """Send the case: it leaves as soon as there is a link."""
    case = found_case(case_id)
    try:
        acts.send(case, request.staff, request.POST.get("incomplete_reason", ""))
    except Incomplete:
        told = gettext("The specialist needs more: see what is missing.")
        return show(request, case, 422, problem=told, typed={"send": request.POST})
    except Refusal as refused:
        return show(request, case, 422, problem=shown(refused.message), typed={"send": request.POST})
    else:
        messages.success(request, gettext("Saved. The case leaves as soon as there is a link."))
    return redirect("doctor:case", case.pk)
