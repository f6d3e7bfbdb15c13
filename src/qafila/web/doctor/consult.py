"""The doctor's queue and the consultation: what was said, found and thought, on one page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qafila.clinic.access.door import Opened
from qafila.clinic.cases import queries as case_queries
from qafila.clinic.cases.models import Answer
from qafila.clinic.cases.transitions import OPEN
from qafila.clinic.diagnosis import icd10
from qafila.clinic.prescribing.queries import adopted
from qafila.clinic.refusal import Refusal
from qafila.clinic.rules.observations import KINDS
from qafila.clinic.visits import acts, assessment, queries
from qafila.clinic.visits.models import FactStatus
from qafila.clinic.visits.transitions import DOCTOR, READY, WAITING
from qafila.kernel.transitions import WrongState
from qafila.packs import load
from qafila.registry.people.queries import one_with
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import may, require
from qafila.web import entrance
from qafila.web.access import needs
from qafila.web.doctor.lines import case_lines, file_title, specialty_label
from qafila.web.nurse import drafts
from qafila.web.nurse.record import label, reading
from qafila.web.nurse.sheet import shown
from qafila.web.nurse.views import found, heading
from qafila.web.once import once
from qafila.web.reception import board
from qafila.web.reception.words import language
from qafila.web.records.attachments import page_of

NOTES = ("complaint", "history", "exam", "plan")
CERTAINTIES = ("provisional", "confirmed", "differential", "refuted")


def note_label(kind: str) -> str:
    """The title of a kind of note."""
    return {
        "complaint": gettext("Complaint"),
        "history": gettext("History"),
        "exam": gettext("Examination"),
        "plan": gettext("Plan"),
        "note": gettext("Note"),
        "safeguarding": gettext("Safeguarding (restricted)"),
    }.get(kind, kind)


def certainty_label(code: str) -> str:
    """How sure a diagnosis is, in words."""
    return {
        "provisional": gettext("Provisional"),
        "confirmed": gettext("Confirmed"),
        "differential": gettext("One of several possible"),
        "refuted": gettext("Ruled out"),
    }.get(code, code)


@require_GET
@needs("consult.write")
def queue_page(request: Any) -> HttpResponse:
    """Answers to explain first, then whoever waits for the doctor, then the rest."""
    if request.unit is None:
        raise Http404
    lines = board.lines(request.unit, request.staff)
    ready = [x for x in lines if x.row.visit.status in (READY, DOCTOR)]
    others = [x for x in lines if x.row.visit.status not in (READY, DOCTOR) and not x.over]
    cases = case_lines(case_queries.of_unit_open(request.unit))
    context = {
        "ready": ready,
        "others": others,
        "answered": [c for c in cases if c.status in ("answered", "on_unit")],
        "asked": [c for c in cases if c.status == "more_asked"],
    }
    return render(request, "doctor/queue.html", context)


@require_POST
@needs("consult.write")
@once
def call_next(request: Any) -> HttpResponse:
    """Take whoever waits longest among the most urgent."""
    try:
        visit = acts.call_next(request.unit, request.staff, DOCTOR)
    except Refusal as refused:
        messages.info(request, shown(refused.message))
        return redirect("doctor:queue")
    return redirect("doctor:consult", visit.pk)


@require_POST
@needs("consult.write")
@once
def start(request: Any, visit_id: UUID) -> HttpResponse:
    """Take a person from the queue."""
    visit, _person = found(visit_id)
    require(request.staff, "consult.write", visit)
    if visit.status in (WAITING, READY):
        try:
            acts.start_doctor(visit, request.staff)
        except WrongState:
            messages.info(request, gettext("Somebody else has just changed this visit."))
    return redirect("doctor:consult", visit_id)


@require_http_methods(["GET", "POST"])
@needs("consult.write")
@once
def page(request: Any, visit_id: UUID) -> HttpResponse:
    """The consultation; a POST saves the notes."""
    visit, person = found(visit_id)
    require(request.staff, "consult.write", visit)
    if request.method == "POST":
        typed = {kind: request.POST.get(kind, "") for kind in NOTES}
        try:
            for kind, text in typed.items():
                if text.strip():
                    acts.record_note(visit, kind, text, request.staff)
        except Refusal as refused:
            return show(request, visit, person, 422, typed=typed, problem=shown(refused.message))
        drafts.forget(request.staff, draft_of(visit))
        messages.success(request, gettext("Saved."))
        return redirect("doctor:consult", visit.pk)
    return show(request, visit, person)


def show(
    request: Any, visit: Any, person: Any, status: int = 200, typed: dict[str, str] | None = None, **more: Any
) -> HttpResponse:
    """The consultation's page with what was typed and not saved yet; `more` is what to tell beside it."""
    require(request.staff, "visit.read", visit)
    draft = draft_of(visit)
    kept = drafts.load(request.staff, draft) if typed is None else None
    if kept is not None:
        typed = {kind: kept[0].get(kind, "") for kind in NOTES}
    typed = typed or {}
    opened = entrance.read(request, person.pk, "doctor.consult", row=visit)
    record = opened_part(opened, queries.page(visit))
    cases = case_lines(case_queries.of_person(person.pk))
    asked = {c.case.specialty for c in cases if c.case.visit_id == visit.pk and c.status in OPEN}
    written: dict[str, Any] = {}
    for note in record.notes:
        if note.status == FactStatus.FINAL:
            written[note.kind_of_note] = note
    sheets = [
        {"kind": k, "label": note_label(k), "text": typed.get(k) or (written[k].text if k in written else "")}
        for k in NOTES
    ]
    prescriptions = _prescriptions(visit)
    context = {
        **heading(visit, person),
        "safeguarding": opened.shown(queries.restricted_notes(person.pk)),
        "sheets": sheets,
        "draft": draft,
        "kept": kept[1] if kept else None,
        "summary": queries.summary(person.pk, visits=6),
        "vitals": vitals_lines(person.pk),
        "reasons": assessment.reasons(visit),
        "table": assessment.table(visit),
        "lacking": [label(k) for k in assessment.missing(visit)],
        "conditions": [(c, certainty_label(c.certainty)) for c in record.conditions if c.status == FactStatus.FINAL],
        "certainties": [(c, certainty_label(c)) for c in CERTAINTIES],
        "files": [(f, file_title(f), page_of(f)) for f in record.attachments if f.status == FactStatus.FINAL],
        "cases": cases,
        "specialties": [(code, specialty_label(code)) for code in load.specialties() if code not in asked],
        "prescriptions": prescriptions,
        "proposals": _proposals([c.case.pk for c in cases]),
        "may_dispense": may(request.staff, "stock.dispense", visit),
        "entries": _entries(record, prescriptions),
        **more,
    }
    return render(request, "doctor/consult.html", context, status=status)


def opened_part(opened: Opened, record: queries.VisitPage) -> queries.VisitPage:
    """Of what was recorded in a visit what the reader may see."""
    return replace(
        record,
        notes=opened.shown(record.notes),
        conditions=opened.shown(record.conditions),
        attachments=opened.shown(record.attachments),
    )


def draft_of(visit: Any) -> str:
    """The name under which unsaved notes of a visit are kept."""
    return f"consult:{visit.pk.hex}"


def _entries(record: queries.VisitPage, prescriptions: list[Any]) -> list[tuple[str, Any, str, str]]:
    """What can be marked as entered in error here: kind, row, title, words. Errors stay in the list, struck through."""
    found_: list[tuple[str, Any, str, str]]
    found_ = [("note", n, note_label(n.kind_of_note), n.said()) for n in record.notes if n.kind_of_note != "notice"]
    found_ += [("diagnosis", c, gettext("Diagnosis"), f"{c.code} {c.words}") for c in record.conditions]
    found_ += [("prescription", p, gettext("Prescription"), "") for p in prescriptions]
    return [one for one in found_ if one[1].status != FactStatus.AMENDED]


def vitals_lines(person_id: UUID) -> list[dict[str, Any]]:
    """The latest reading of each kind with its change and its age."""
    found_ = queries.latest_vitals(one_with(person_id))
    order = {key: place for place, key in enumerate(KINDS)}
    rows = sorted(found_.items(), key=lambda item: order.get(item[0], 99))
    return [{**reading(trend.latest, {}), "change": trend.change, "before": trend.before} for _key, trend in rows]


def _proposals(case_ids: list[UUID]) -> list[tuple[Any, Any]]:
    """Answers of these cases that propose medicines which nobody has adopted, with who wrote them."""
    rows = [a for a in Answer.objects.filter(case_id__in=case_ids, status=FactStatus.FINAL) if a.proposal]
    done = adopted([a.pk for a in rows]) if rows else set()
    staff = Staff.objects.in_bulk([a.author_id for a in rows if a.author_id]) if rows else {}
    return [(a, staff.get(a.author_id)) for a in rows if a.pk not in done]


def _prescriptions(visit: Any) -> list[Any]:
    from qafila.clinic.prescribing.models import Prescription

    rows = Prescription.objects.filter(visit_id=visit.pk, status=FactStatus.FINAL)
    return list(rows.order_by("-at"))


@require_POST
@needs("consult.write")
@once
def finish(request: Any, visit_id: UUID) -> HttpResponse:
    """The visit is over."""
    visit, _person = found(visit_id)
    acts.finish(visit, request.staff)
    messages.success(request, gettext("The visit is finished."))
    return redirect("doctor:queue")


@require_POST
@needs("consult.write")
def diagnoses(request: Any) -> HttpResponse:
    """Diagnoses that fit what was typed: a part of the consultation page. Posted, so that no address names one."""
    text = request.POST.get("q", "")[:80]
    rows = icd10.search(text, language(), limit=10) if len(text.strip()) >= 2 else []
    context = {"rows": rows, "text": text, "certainties": [(c, certainty_label(c)) for c in CERTAINTIES]}
    return render(request, "doctor/diagnoses.html", context)


@require_POST
@needs("consult.write")
@once
def add_diagnosis(request: Any, visit_id: UUID) -> HttpResponse:
    """Record a diagnosis by its code, with the words as shown."""
    visit, _person = found(visit_id)
    code, certainty = request.POST.get("code", "")[:10], request.POST.get("certainty", "provisional")
    try:
        acts.add_condition(visit, code, certainty, request.POST.get("words", "")[:200], language(), request.staff)
    except Refusal as refused:
        messages.error(request, shown(refused.message))
    return redirect("doctor:consult", visit.pk)
