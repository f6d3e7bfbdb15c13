"""What of the record stands on a paper, and which row a paper is of."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404

from qafila.clinic.cases.models import Answer, Case, Decline
from qafila.clinic.papers.content import Fact
from qafila.clinic.papers.models import Kind
from qafila.clinic.prescribing import acts as prescribing
from qafila.clinic.prescribing.models import Prescription, PrescriptionItem
from qafila.clinic.rules.observations import KINDS
from qafila.clinic.visits import queries
from qafila.clinic.visits.models import Condition, FactStatus, Note, Observation, Visit
from qafila.journal.models import Label
from qafila.registry.people import queries as people
from qafila.registry.people.births import birth_of
from qafila.registry.people.models import Person
from qafila.registry.people.queries import one_with
from qafila.registry.staff.models import Staff
from qafila.web.prints import facts
from qafila.web.reception.births import written

ROWS: dict[str, type[Any]] = {
    Kind.PRESCRIPTION: Prescription,
    Kind.ANSWER: Answer,
    Kind.VISIT: Visit,
    Kind.TRANSFER: Case,
    Kind.CARD: Person,
}


def row_of(kind: str, pk: UUID) -> tuple[Any, Person]:
    """The row that a paper shows, and whose it is. Raises `Http404`."""
    model = ROWS.get(kind)
    row = model.objects.filter(pk=pk).first() if model else None
    if row is None:
        raise Http404
    person = people.get(pk if kind == Kind.CARD else row.person_id)
    if person is None:
        raise Http404
    return row, person


def facts_of(kind: str, row: Any, person: Person) -> list[Fact]:
    """What a paper of the row says."""
    if kind == Kind.PRESCRIPTION:
        return facts.of_prescription(person, prescribing.items_of(row))
    if kind == Kind.ANSWER:
        return facts.of_answer(person, row)
    if kind == Kind.VISIT:
        return facts.of_visit(person, row.day.isoformat(), *of_visit(row))
    if kind == Kind.TRANSFER:
        return facts.of_transfer(person, row, *of_transfer(row))
    names = people.names_of([person.pk])[person.pk]
    said = (" ".join(filter(None, (n.given, n.middle, n.family))) for n in names)
    return facts.of_card(person, said, written(birth_of(person)))


Visited = tuple[list[Condition], list[Note], list[PrescriptionItem], list[Observation]]


def of_visit(row: Visit) -> Visited:
    """Diagnoses, notes, medicines of signed prescriptions, readings of a visit."""
    record = queries.page(row)
    signed = Prescription.objects.filter(visit_id=row.pk, status=FactStatus.FINAL, signed_at__isnull=False)
    items = [item for one in signed.order_by("at") for item in prescribing.items_of(one)]
    # A visit's summary lies about at home: nothing confidential stands on it.
    open_ = [c for c in _conditions(record) if c.label == Label.NORMAL]
    return open_, _notes(record), items, _readings(record)


def of_transfer(case: Case) -> tuple[list[Condition], list[Note], list[Observation], list[Decline]]:
    """Diagnoses and notes of the case's visit, the person's latest readings, refusals by specialists."""
    visit = Visit.objects.filter(pk=case.visit_id).first() if case.visit_id else None
    record = queries.page(visit) if visit else queries.VisitPage()
    trends = queries.latest_vitals(one_with(case.person_id))
    readings = [trend.latest for _key, trend in sorted(trends.items())]
    declines = list(Decline.objects.filter(case_id=case.pk).order_by("at", "id"))
    # Whoever takes the person over has to know, up to what is most confidential.
    told = [c for c in _conditions(record) if c.label != Label.VERY_RESTRICTED]
    return told, _notes(record), readings, declines


def who_wrote(*rows: Condition | Note) -> Staff | None:
    """Who answers for a visit: the author of its first diagnosis or note."""
    authors = [row.author_id for row in rows if row.author_id]
    return Staff.objects.filter(pk__in=authors[:1]).first()


def _conditions(record: queries.VisitPage) -> list[Condition]:
    return [c for c in record.conditions if c.status == FactStatus.FINAL]


def _notes(record: queries.VisitPage) -> list[Note]:
    """The latest note of each kind that may stand on a paper."""
    latest: dict[str, Note] = {}
    for note in record.notes:
        if note.status == FactStatus.FINAL and note.label == Label.NORMAL:
            latest[note.kind_of_note] = note
    return [note for kind, note in latest.items() if kind != "notice"]


def _readings(record: queries.VisitPage) -> list[Observation]:
    """The visit's own readings, the latest of each kind."""
    valid = [o for o in record.observations if o.status == FactStatus.FINAL and o.code in KINDS]
    latest = {(o.code, o.site): o for o in sorted(valid, key=lambda o: o.at)}
    order = list(KINDS)
    return sorted(latest.values(), key=lambda o: order.index(o.code))
