"""Prescription, answer, visit, transfer sheet: on A5 or A4, with a code that names the document and nobody."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

import segno
from django.http import Http404, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from qafila.clinic.cases import queries as case_queries
from qafila.clinic.cases.models import Answer, Case
from qafila.clinic.forms.context import pack_of
from qafila.clinic.prescribing import acts as prescribing
from qafila.clinic.prescribing.models import Prescription
from qafila.clinic.visits import queries
from qafila.clinic.visits.models import FactStatus, Visit
from qafila.journal import history
from qafila.packs import load
from qafila.packs.shapes import PackError
from qafila.registry.people import queries as people
from qafila.registry.people.births import age_of
from qafila.registry.places.here import country_code, local_day
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require
from qafila.registry.units.models import Unit
from qafila.web import errors
from qafila.web.access import needs
from qafila.web.doctor.consult import certainty_label, note_label, vitals_lines
from qafila.web.doctor.lines import specialty_label
from qafila.web.prints.render import PrintFailed, pdf
from qafila.web.reception import words


def _sheet(request: Any, name: str, title: str, document: UUID, person_id: UUID, unit_id: Any, **more: Any) -> Any:
    """One printed page as a PDF; the reading of the record is logged."""
    person = people.get(person_id)
    if person is None:
        raise Http404
    history.log_read(request.staff.pk, person_id, f"print.{name}")
    names = people.names_of([person_id])[person_id]
    main, other = words.name_words(person, names)
    context = {
        "title": title,
        "size": "A4" if request.GET.get("paper") == "A4" else "A5",
        "person": person,
        "name": main,
        "other": other,
        "age": words.age_words(age_of(person, local_day())),
        "sex": words.sex_words(person),
        "unit": Unit.objects.filter(pk=unit_id).first(),
        "country": load.country(country_code()),
        "printed_by": request.staff,
        "today": local_day(),
        "lang": words.language(),
        "rtl": words.language().startswith("ar"),
        "qr": _qr(document),
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
    """A code that says which document this is: its opaque id and a digest, no name and no diagnosis."""
    digest = hashlib.sha256(document.bytes).hexdigest()[:12].upper()
    made = segno.make(f"QAFILA:DOC:{document.hex.upper()}:{digest}", error="m")
    return str(made.svg_data_uri(scale=3, border=0, xmldecl=False))


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
    items = [(i, routes.get(i.route, i.route)) for i in prescribing.items_of(row)]
    doctor = Staff.objects.filter(pk=row.author_id).first()
    unit = visit_row.unit_id if visit_row else None
    return _sheet(
        request,
        "prescription",
        gettext("Prescription"),
        row.pk,
        row.person_id,
        unit,
        row=row,
        items=items,
        doctor=doctor,
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
    return _sheet(
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
        certainty=certainty_label(row.certainty),
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
    notes: dict[str, Any] = {n.kind_of_note: n for n in record.notes if n.status == final}
    return _sheet(
        request,
        "visit",
        gettext("Visit"),
        row.pk,
        row.person_id,
        row.unit_id,
        row=row,
        vitals=vitals_lines(row.person_id),
        summary=queries.summary(row.person_id, visits=1),
        notes=[(note_label(k), n.said) for k, n in notes.items() if k != "notice"],
        conditions=[(c, certainty_label(c.certainty)) for c in record.conditions if c.status == final],
    )


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
    notes: dict[str, Any] = {}
    for note in record.notes if record else ():
        if note.status == FactStatus.FINAL:
            notes[note.kind_of_note] = note
    doctor = Staff.objects.filter(pk=case.doctor_id).first()
    return _sheet(
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
        notes=[(note_label(k), n.said) for k, n in notes.items() if k != "notice"],
        acts=[x for x in case_queries.timeline(case) if x.act in ("alarm_call", "alarm_transfer")],
    )


def _draft(case: Case) -> bool:
    try:
        return bool(pack_of(case).status == "draft")
    except PackError:
        return True
