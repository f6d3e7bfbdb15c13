"""Prescription, answer, visit, transfer sheet, card: on paper, with a code that names the document and nobody."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET

from qafila.clinic.cases import queries as case_queries
from qafila.clinic.cases.models import Answer, Case
from qafila.clinic.forms import approval
from qafila.clinic.forms.context import pack_of
from qafila.clinic.papers.models import Kind
from qafila.clinic.prescribing import acts as prescribing
from qafila.clinic.prescribing.models import Prescription
from qafila.clinic.rules.observations import KINDS
from qafila.clinic.visits import assessment, queries
from qafila.clinic.visits.models import FactStatus, Note, Observation, Visit
from qafila.journal.models import Label
from qafila.packs import load
from qafila.packs.shapes import PackError
from qafila.registry.people import queries as people
from qafila.registry.people.births import birth_of
from qafila.registry.people.models import Person
from qafila.registry.people.search import QR_PREFIX
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
from qafila.web.prints import codes, facts, sheet, strip
from qafila.web.reception import words
from qafila.web.reception.births import written

PRINTED = frozenset(
    {"diagnosis", "certainty", "plan", "prescription_proposal", "red_flag_advice", "follow_up_date", "teaching_note"}
)
"""Parts of an answer that have their own place on the page for the person, or none: a note for the crew."""


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
        return {"items": [(i, dose_words(i), routes.get(i.route, i.route)) for i in items]}

    def lines() -> list[strip.Line]:
        found = []
        for n, (item, dose, route) in enumerate(fill()["items"], 1):
            found += [strip.Line(f"{n}. {item.words}", bold=True), strip.Line(f"{dose} · {route}")]
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
        }

    def lines() -> list[strip.Line]:
        parts = (
            (gettext("Diagnosis"), row.diagnosis),
            (gettext("Plan"), row.plan),
            *fill()["others"],
            (gettext("Come back at once if"), row.red_flag_advice),
        )
        return [line for title, said in parts if said for line in (strip.Line(title, bold=True), strip.Line(said))]

    more = {
        "row": row,
        "case": case,
        "doctor": Staff.objects.filter(pk=row.author_id).first(),
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
    record = queries.page(row)
    final = FactStatus.FINAL
    wrote = [x.author_id for x in (*record.conditions, *record.notes) if x.status == final and x.author_id]
    signed = Prescription.objects.filter(visit_id=row.pk, status=final, signed_at__isnull=False).order_by("at")
    items = [item for one in signed for item in prescribing.items_of(one)]
    notes, readings = _notes(record), _readings(record)
    conditions = [c for c in record.conditions if c.status == final]

    def fill() -> dict[str, Any]:
        return {
            "notes": [(note_label(n.kind_of_note), n.said()) for n in notes],
            "conditions": [(c, certainty_label(c.certainty)) for c in conditions],
            "medicines": [(i, dose_words(i)) for i in items],
            "vitals": [reading(o, {}) for o in readings],
        }

    document = sheet.Document(
        Kind.VISIT,
        gettext_lazy("Visit"),
        row.pk,
        row.person_id,
        row.unit_id,
        facts.of_visit(_person(row.person_id), row.day.isoformat(), conditions, notes, items, readings),
        fill,
        more={
            "row": row,
            "doctor": Staff.objects.filter(pk=wrote[0]).first() if wrote else None,
            "summary": queries.summary(row.person_id, visits=1),
        },
    )
    return sheet.answer(request, document)


def _notes(record: queries.VisitPage | None) -> list[Note]:
    """The latest note of each kind that may stand on a paper."""
    latest: dict[str, Note] = {}
    for note in record.notes if record else ():
        if note.status == FactStatus.FINAL and note.label == Label.NORMAL:
            latest[note.kind_of_note] = note
    return [note for kind, note in latest.items() if kind != "notice"]


def _readings(record: queries.VisitPage) -> list[Observation]:
    """The visit's own readings, the latest of each kind."""
    valid = [o for o in record.observations if o.status == FactStatus.FINAL and o.code in KINDS]
    latest = {(o.code, o.site): o for o in sorted(valid, key=lambda o: o.at)}
    order = list(KINDS)
    return sorted(latest.values(), key=lambda o: order.index(o.code))


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
    notes = _notes(record)
    conditions = [c for c in (record.conditions if record else ()) if c.status == FactStatus.FINAL]
    given = unsaved(case, request.staff)

    def fill() -> dict[str, Any]:
        return {
            "specialty": specialty_label(case.specialty),
            "vitals": vitals_lines(case.person_id),
            "notes": [(note_label(n.kind_of_note), n.said()) for n in notes],
            "conditions": [(c, certainty_label(c.certainty)) for c in conditions],
            "flags": _flags(case, given),
            "reasons": assessment.reasons(visit_row) if visit_row else [],
            "triage": words.triage_words(visit_row) if visit_row and visit_row.triage else "",
        }

    document = sheet.Document(
        Kind.TRANSFER,
        gettext_lazy("Transfer"),
        case.pk,
        case.person_id,
        case.unit_id,
        facts.of_transfer(
            _person(case.person_id), case, conditions, notes, [o["row"] for o in vitals_lines(case.person_id)]
        ),
        fill,
        more={
            "case": case,
            "doctor": Staff.objects.filter(pk=case.doctor_id).first(),
            "draft": _draft(case),
            "summary": queries.summary(case.person_id, visits=1),
            "emergency": load.country(country_code()).emergency,
            "acts": [x for x in case_queries.timeline(case) if x.act in ("alarm_call", "alarm_transfer")],
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
        more={"card_qr": codes.plain(QR_PREFIX + person.code)},
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
