"""Prescription, answer, visit, transfer sheet, card: on paper, with a code that names the document and nobody."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET

from qafila.clinic.cases import queries as case_queries
from qafila.clinic.cases.models import Answer, Case
from qafila.clinic.cases.proof import proof_of
from qafila.clinic.forms import approval
from qafila.clinic.forms.context import pack_of
from qafila.clinic.papers.models import Kind
from qafila.clinic.prescribing import acts as prescribing
from qafila.clinic.prescribing.models import Prescription
from qafila.clinic.visits import assessment, queries
from qafila.clinic.visits.models import Visit
from qafila.packs import load
from qafila.packs.shapes import PackError
from qafila.registry.people import queries as people
from qafila.registry.people.births import birth_of
from qafila.registry.people.models import Person
from qafila.registry.people.scanned import PREFIX
from qafila.registry.places.here import country_code
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require
from qafila.web import errors
from qafila.web.access import needs
from qafila.web.doctor import answers
from qafila.web.doctor import flags as redflag_lines
from qafila.web.doctor.consult import certainty_label, note_label, vitals_lines
from qafila.web.doctor.lines import specialty_label
from qafila.web.doctor.packet import unsaved
from qafila.web.doctor.prescribe import dose_words
from qafila.web.nurse.record import reading
from qafila.web.prints import codes, facts, gather, sheet, strip
from qafila.web.reception import words
from qafila.web.reception.births import written
from qafila.web.specialist import medicines

PRINTED = frozenset({"diagnosis", "certainty", "plan", "red_flag_advice", "follow_up_date", "teaching_note"})
"""Parts of an answer that have their own place on the page for the person, or none: a note for the crew."""


def dose(item: Any) -> SafeString:
    """A line of a prescription; the amount with its unit keeps its own direction."""
    amount, _, rest = dose_words(item).partition(" · ")
    return format_html("<bdi>{}</bdi> · {}", amount, rest)


def _person(person_id: UUID) -> Person:
    person = people.get(person_id)
    if person is None:
        raise Http404
    return person


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
    items = prescribing.items_of(row)

    def fill() -> dict[str, Any]:
        routes = {r.code: r.label.text(words.language()) for r in load.formulary().route}
        return {"items": [(i, dose(i), routes.get(i.route, i.route)) for i in items]}

    def lines() -> list[strip.Line]:
        found = []
        for n, (item, _dose, route) in enumerate(fill()["items"], 1):
            found += [strip.Line(f"{n} · {item.words}", bold=True), strip.Line(f"{dose_words(item)} · {route}")]
            found += [strip.Line(item.instructions)] if item.instructions else []
        return found + ([strip.Line(row.advice)] if row.advice else [])

    more = {
        "row": row,
        "doctor": Staff.objects.filter(pk=row.author_id).first(),
        "draft_list": load.formulary().status == "draft",
    }
    document = sheet.Document(
        Kind.PRESCRIPTION,
        gettext_lazy("Prescription"),
        row.pk,
        row.person_id,
        visit_row.unit_id if visit_row else None,
        facts.of_prescription(_person(row.person_id), items),
        fill,
        paired=True,
        lines=lines,
        more=more,
    )
    return sheet.answer(request, document)


@require_GET
@needs("print")
def answer(request: Any, answer_id: UUID) -> HttpResponse:
    """The specialist's answer, for the person."""
    row = Answer.objects.filter(pk=answer_id).first()
    case = Case.objects.filter(pk=row.case_id).first() if row else None
    if row is None or case is None:
        raise Http404
    require(request.staff, "print", case)

    def fill() -> dict[str, Any]:
        return {
            "specialty": specialty_label(case.specialty),
            "certainty": answers.choice(case, "certainty", row.certainty),
            "others": answers.lines(case, row, PRINTED),
            "proposed": medicines.lines(row),
        }

    def lines() -> list[strip.Line]:
        parts = (
            (gettext("Diagnosis"), row.diagnosis),
            (gettext("Plan"), row.plan),
            *fill()["others"],
            (gettext("Come back at once if"), row.red_flag_advice),
        )
        return [line for title, said in parts if said for line in (strip.Line(title, bold=True), strip.Line(said))]

    doctor = Staff.objects.filter(pk=row.author_id).first()
    more = {
        "row": row,
        "case": case,
        "doctor": doctor,
        "proof": proof_of(row, doctor, compare=False),
        "draft": _draft(case),
    }
    document = sheet.Document(
        Kind.ANSWER,
        gettext_lazy("Answer of the specialist"),
        row.pk,
        row.person_id,
        case.unit_id,
        facts.of_answer(_person(row.person_id), row),
        fill,
        lines=lines,
        more=more,
    )
    return sheet.answer(request, document)


@require_GET
@needs("print")
def visit(request: Any, visit_id: UUID) -> HttpResponse:
    """What was found and done in a visit."""
    row = Visit.objects.filter(pk=visit_id).first()
    if row is None:
        raise Http404
    require(request.staff, "print", row)
    parts = gather.of_visit(row)
    conditions, notes, items, readings = parts

    def fill() -> dict[str, Any]:
        return {
            "notes": [(note_label(n.kind_of_note), n.said()) for n in notes],
            "conditions": [(c, certainty_label(c.certainty)) for c in conditions],
            "medicines": [(i, dose(i)) for i in items],
            "vitals": [reading(o, {}) for o in readings],
        }

    document = sheet.Document(
        Kind.VISIT,
        gettext_lazy("Visit"),
        row.pk,
        row.person_id,
        row.unit_id,
        facts.of_visit(_person(row.person_id), row.day.isoformat(), *parts),
        fill,
        more={
            "row": row,
            "doctor": gather.who_wrote(*conditions, *notes),
            "summary": queries.summary(row.person_id, visits=1),
        },
    )
    return sheet.answer(request, document)


@require_GET
@needs("print")
def transfer(request: Any, case_id: UUID) -> HttpResponse:
    """The sheet that goes with a person who is taken to a hospital now."""
    case = Case.objects.filter(pk=case_id).first()
    if case is None:
        raise Http404
    require(request.staff, "print", case)
    visit_row = Visit.objects.filter(pk=case.visit_id).first()
    parts = gather.of_transfer(case)
    conditions, notes, _readings, _declines = parts
    given, talk = unsaved(case, request.staff), case_queries.talk_of(case)
    # Beside an emergency the queue's level would say less than the case does.
    queued = visit_row if case.urgency != "emergency" else None

    def fill() -> dict[str, Any]:
        return {
            "specialty": specialty_label(case.specialty),
            "vitals": vitals_lines(case.person_id),
            "notes": [(note_label(n.kind_of_note), n.said()) for n in notes],
            "conditions": [(c, certainty_label(c.certainty)) for c in conditions],
            "flags": _flags(case, given),
            "reasons": assessment.reasons(queued) if queued else [],
            "triage": words.triage_words(queued) if queued and queued.triage else "",
            "declined": answers.declined(case, talk),
        }

    document = sheet.Document(
        Kind.TRANSFER,
        gettext_lazy("Transfer"),
        case.pk,
        case.person_id,
        case.unit_id,
        facts.of_transfer(_person(case.person_id), case, *parts),
        fill,
        more={
            "case": case,
            "doctor": Staff.objects.filter(pk=case.doctor_id).first(),
            "draft": _draft(case),
            "summary": queries.summary(case.person_id, visits=1),
            "emergency": load.country(country_code()).emergency,
            "acts": [x for x in case_queries.timeline(case, talk) if x.act in ("alarm_call", "alarm_transfer")],
        },
    )
    return sheet.answer(request, document)


@require_GET
@needs("print")
def card(request: Any, person_id: UUID) -> HttpResponse:
    """The person's card: in front name, code and a QR of the card's code alone; the signed code on its back."""
    person = _person(person_id)
    require(request.staff, "print", person)
    names = people.names_of([person.pk])[person.pk]
    document = sheet.Document(
        Kind.CARD,
        gettext_lazy("Card"),
        person.pk,
        person.pk,
        request.unit.pk if request.unit else None,
        facts.of_card(person, (f"{n.given} {n.middle} {n.family}" for n in names), written(birth_of(person))),
        size=request.GET.get("paper", "") if request.GET.get("paper") in sheet.SIZES else "card",
        more={"card_qr": codes.plain(PREFIX + person.code)},
    )
    return sheet.answer(request, document)


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
