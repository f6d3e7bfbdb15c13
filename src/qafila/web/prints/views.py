"""Prescription, answer, visit, transfer sheet, card: on paper, with a code that names the document and nobody."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import segno
from django.http import Http404, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from qafila.clinic.cases import queries as case_queries
from qafila.clinic.cases.models import Answer, Case
from qafila.clinic.cases.proof import proof_of
from qafila.clinic.forms import approval
from qafila.clinic.forms.context import pack_of
from qafila.clinic.prescribing import acts as prescribing
from qafila.clinic.prescribing.models import Prescription
from qafila.clinic.rules.observations import KINDS
from qafila.clinic.visits import assessment, queries
from qafila.clinic.visits.models import FactStatus, Visit
from qafila.journal import history
from qafila.journal.models import Label, Record
from qafila.packs import load
from qafila.packs.shapes import PackError
from qafila.registry.people import queries as people
from qafila.registry.people.births import age_of, birth_of
from qafila.registry.people.search import QR_PREFIX
from qafila.registry.places.here import country_code, local_day
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require
from qafila.registry.units.models import Unit
from qafila.web import errors
from qafila.web.access import needs
from qafila.web.doctor import answers
from qafila.web.doctor import flags as redflag_lines
from qafila.web.doctor.consult import certainty_label, note_label, vitals_lines
from qafila.web.doctor.lines import specialty_label
from qafila.web.doctor.packet import unsaved
from qafila.web.doctor.prescribe import dose_words
from qafila.web.nurse.record import reading
from qafila.web.prints.render import PrintFailed, pdf
from qafila.web.reception import words
from qafila.web.reception.births import written
from qafila.web.specialist import medicines

PRINTED = frozenset({"diagnosis", "certainty", "plan", "red_flag_advice", "follow_up_date", "teaching_note"})
"""Parts of an answer that have their own place on the page for the person, or none: a note for the crew."""


def sheet(request: Any, name: str, title: str, document: UUID, person_id: UUID, unit_id: Any, **more: Any) -> Any:
    """One printed page as a PDF; the reading of the record is logged."""
    person = people.get(person_id)
    if person is None:
        raise Http404
    history.log_read(request.staff.pk, person_id, f"print.{name}")
    names = people.names_of([person_id])[person_id]
    main, other = words.name_words(person, names)
    context = {
        "title": title,
        "size": more.pop("size", "A4" if request.GET.get("paper") == "A4" else "A5"),
        "person": person,
        "name": main,
        "other": other,
        "age": words.age_words(age_of(person, local_day())),
        "birth": written(birth_of(person)),
        "sex": words.sex_words(person),
        "unit": Unit.objects.filter(pk=unit_id).first(),
        "country": load.country(country_code()),
        "printed_by": request.staff,
        "today": local_day(),
        "lang": words.language(),
        "rtl": words.language().startswith("ar"),
        "qr": more.pop("qr", None) or _qr(document),
        "document": document.hex[-12:].upper(),
        **more,
    }
    try:
        data = pdf(render_to_string(f"prints/{name}.html", context, request))
    except PrintFailed:
        return errors.page(request, 500, gettext("Not printed"), gettext("The page could not be made. Try again."))
    response = HttpResponse(data, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    return response


def _qr(document: UUID) -> str:
    """A code that says which document this is, and in which state: its opaque id and the journal's hash of its latest
    change. The hash is salted, so nobody can try out names or diagnoses on it."""
    latest = (
        Record._base_manager.filter(subject=document).order_by("-hlc", "-no").values_list("hash", flat=True).first()
    )
    state = bytes(latest or b"").hex()[:32].upper()
    return _picture(f"QAFILA:DOC:{document.hex.upper()}:{state}")


def _picture(text: str) -> str:
    return str(segno.make(text, error="m", micro=False).svg_data_uri(scale=3, border=0, xmldecl=False))


@require_GET
@needs("print")
def prescription(request: Any, prescription_id: UUID) -> HttpResponse:
    """A signed prescription; one that is not signed is not printed."""
    row = Prescription.objects.filter(pk=prescription_id).first()
    if row is None:
        raise Http404
    require(request.staff, "print", row)
    if not prescribing.printable(row):
        told = gettext("This prescription is not signed, or no longer valid. Sign it first.")
        return errors.page(request, 409, gettext("Not printed"), told)
    visit_row = Visit.objects.filter(pk=row.visit_id).first()
    routes = {r.code: r.label.text(words.language()) for r in load.formulary().route}
    items = [(i, dose_words(i), routes.get(i.route, i.route)) for i in prescribing.items_of(row)]
    doctor = Staff.objects.filter(pk=row.author_id).first()
    unit = visit_row.unit_id if visit_row else None
    return sheet(
        request,
        "prescription",
        gettext("Prescription"),
        row.pk,
        row.person_id,
        unit,
        row=row,
        items=items,
        doctor=doctor,
        draft_list=load.formulary().status == "draft",
    )


@require_GET
@needs("print")
def answer(request: Any, answer_id: UUID) -> HttpResponse:
    """The specialist's answer, for the person."""
    row = Answer.objects.filter(pk=answer_id).first()
    case = Case.objects.filter(pk=row.case_id).first() if row else None
    if row is None or case is None:
        raise Http404
    require(request.staff, "print", case)
    doctor = Staff.objects.filter(pk=row.author_id).first()
    return sheet(
        request,
        "answer",
        gettext("Answer of the specialist"),
        row.pk,
        row.person_id,
        case.unit_id,
        row=row,
        case=case,
        doctor=doctor,
        specialty=specialty_label(case.specialty),
        certainty=answers.choice(case, "certainty", row.certainty),
        others=answers.lines(case, row, PRINTED),
        proposed=medicines.lines(row),
        proof=proof_of(row, doctor, compare=False),
        draft=_draft(case),
    )


@require_GET
@needs("print")
def visit(request: Any, visit_id: UUID) -> HttpResponse:
    """What was found and done in a visit."""
    row = Visit.objects.filter(pk=visit_id).first()
    if row is None:
        raise Http404
    require(request.staff, "print", row)
    record = queries.page(row)
    final = FactStatus.FINAL
    notes = _notes(record)
    wrote = [x.author_id for x in (*record.conditions, *record.notes) if x.status == final and x.author_id]
    signed = Prescription.objects.filter(visit_id=row.pk, status=final, signed_at__isnull=False).order_by("at")
    return sheet(
        request,
        "visit",
        gettext("Visit"),
        row.pk,
        row.person_id,
        row.unit_id,
        row=row,
        doctor=Staff.objects.filter(pk=wrote[0]).first() if wrote else None,
        vitals=_readings(record),
        summary=queries.summary(row.person_id, visits=1),
        notes=notes,
        conditions=[(c, certainty_label(c.certainty)) for c in record.conditions if c.status == final],
        medicines=[(i, dose_words(i)) for one in signed for i in prescribing.items_of(one)],
    )


def _notes(record: queries.VisitPage | None) -> list[tuple[str, str]]:
    latest: dict[str, Any] = {}
    for note in record.notes if record else ():
        if note.status == FactStatus.FINAL and note.label == Label.NORMAL:
            latest[note.kind_of_note] = note
    return [(note_label(kind), note.said()) for kind, note in latest.items() if kind != "notice"]


def _readings(record: queries.VisitPage) -> list[dict[str, Any]]:
    """The visit's own readings, the latest of each kind."""
    valid = [o for o in record.observations if o.status == FactStatus.FINAL and o.code in KINDS]
    latest = {(o.code, o.site): o for o in sorted(valid, key=lambda o: o.at)}
    order = list(KINDS)
    return [reading(o, {}) for o in sorted(latest.values(), key=lambda o: order.index(o.code))]


@require_GET
@needs("print")
def transfer(request: Any, case_id: UUID) -> HttpResponse:
    """The sheet that goes with a person who is taken to a hospital now."""
    case = Case.objects.filter(pk=case_id).first()
    if case is None:
        raise Http404
    require(request.staff, "print", case)
    visit_row = Visit.objects.filter(pk=case.visit_id).first()
    record = queries.page(visit_row) if visit_row else None
    queued = visit_row is not None and case.urgency != "emergency"
    doctor = Staff.objects.filter(pk=case.doctor_id).first()
    return sheet(
        request,
        "transfer",
        gettext("Transfer"),
        case.pk,
        case.person_id,
        case.unit_id,
        case=case,
        doctor=doctor,
        specialty=specialty_label(case.specialty),
        draft=_draft(case),
        vitals=vitals_lines(case.person_id),
        summary=queries.summary(case.person_id, visits=1),
        notes=_notes(record),
        conditions=[
            (c, certainty_label(c.certainty))
            for c in (record.conditions if record else ())
            if c.status == FactStatus.FINAL
        ],
        flags=_flags(case, unsaved(case, request.staff)),
        emergency=load.country(country_code()).emergency,
        # Beside an emergency the queue's level would say less than the case does.
        reasons=assessment.reasons(visit_row) if queued else [],
        triage=words.triage_words(visit_row) if queued and visit_row.triage else "",
        acts=[x for x in case_queries.timeline(case) if x.act in ("alarm_call", "alarm_transfer")],
    )


@require_GET
@needs("print")
def card(request: Any, person_id: UUID) -> HttpResponse:
    """The person's card: name, code, and a QR that holds the card's code alone."""
    person = people.get(person_id)
    if person is None:
        raise Http404
    require(request.staff, "print", person)
    return sheet(
        request,
        "card",
        gettext("Card"),
        person.pk,
        person.pk,
        request.unit.pk if request.unit else None,
        size="card",
        qr=_picture(QR_PREFIX + person.code),
    )


def _flags(case: Case, given: dict[str, Any] | None) -> list[redflag_lines.Flag]:
    """A sheet that is printed before the packet is saved holds what its writer sees."""
    try:
        return redflag_lines.shown(case, given)
    except PackError:
        return []


def _draft(case: Case) -> bool:
    try:
        return approval.is_draft(pack_of(case))
    except PackError:
        return True
