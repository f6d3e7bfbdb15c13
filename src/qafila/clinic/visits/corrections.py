"""Putting right what was filed wrongly: nothing is erased, both records are told, an answer must be confirmed again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Q

from qafila.clinic.models import (
    Answer,
    Case,
    CaseEvent,
    EcgCheck,
    HistoryEntry,
    ImagingInstance,
    KeyImage,
    LabOrder,
    Mark,
    Message,
    OriginalAsked,
    Prescription,
    PrescriptionItem,
    StripTest,
)
from qafila.clinic.refusal import Refusal
from qafila.clinic.rules import words
from qafila.clinic.rules.words import N_
from qafila.clinic.visits.models import (
    Allergy,
    Attachment,
    Condition,
    Consent,
    Encounter,
    Fact,
    FactStatus,
    Note,
    Observation,
    Visit,
)
from qafila.clinic.visits.transitions import VISIT
from qafila.clinic.visits.vitals import set_triage
from qafila.journal.here import here
from qafila.journal.models import Lane
from qafila.journal.write import Writer, writing
from qafila.kernel import clock
from qafila.kernel.rights import NotAllowed
from qafila.registry.people.models import Person
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import may, require

F = TypeVar("F", bound=Fact)
R = TypeVar("R", ImagingInstance, KeyImage)

OF_A_VISIT: tuple[type[Fact], ...] = (
    Observation, Note, Condition, Allergy, Attachment, Mark, OriginalAsked, Consent, Prescription, HistoryEntry,
    EcgCheck, StripTest, LabOrder,
)  # fmt: skip
"""Every kind of fact that follows a visit to another person."""
NO_REASON = N_("Write a reason.")
SAME_PERSON = N_("It is already filed under this person.")
IS_ERROR = N_("This is already marked as entered in error.")
RECONFIRM = N_("Something that your answer rests on was corrected: %(reason)s. Please confirm the answer or change it.")
CORRECTED = N_("Corrected after it was sent: %(reason)s")
MOVED = N_("Filed under another person by mistake; moved: %(reason)s")
MOVED_AWAY = N_("Moved to another person's record: filed here by mistake. %(reason)s")
MOVED_HERE = N_("Moved here from another person's record. %(reason)s")
OVER = ("closed", "cancelled", "died")


def mark_error(fact: F, by: Staff, reason: str) -> F:
    """Mark a fact as entered in error: who wrote it may, and who may correct records (an answer: its author alone).

    Cases that it belongs to are told; an answer that rests on it must be confirmed. Raises `NotAllowed`, `Refusal`.
    """
    visit = fact.visit_here()
    own = by.pk in (fact.author_id, fact.recorder_id)
    if not own and (isinstance(fact, Answer) or not may(by, "record.move", visit)):
        raise NotAllowed("record.move")
    why = _reason(reason)
    with writing(by, "fact.error") as write:
        row = _wrong(write, fact, why)
        if isinstance(row, Observation) and visit is not None:
            _triage_again(write, visit.pk)
        tell_cases(write, cases_resting_on([row]), by, why)
        return row


def move_fact(fact: F, to_person: Person, by: Staff, reason: str) -> F:
    """File a fact under the person it is of: an error in one record, a new row in the other, a note in both.

    Returns the new row, in today's visit of that person if there is one. Raises `NotAllowed`, `Refusal`.
    """
    source = fact.visit_here()
    require(by, "record.move", source)
    why = _reason(reason)
    if fact.person_id == to_person.pk:
        raise Refusal(words.Message(SAME_PERSON))
    with writing(by, "fact.move") as write:
        row = _wrong(write, fact, why)
        target = None
        if source is not None:
            present = Visit.objects.filter(person_id=to_person.pk, unit_id=source.unit_id, day=source.day)
            target = present.exclude(status="error").order_by("-opened_at").first()
        moved = _copy(write, row, to_person.pk, target.pk if target else None)
        if isinstance(row, Observation):
            for visit in filter(None, (source, target)):
                _triage_again(write, visit.pk)
        tell_cases(write, cases_resting_on([row]), by, why)
        _tell_records(write, by, why, row.person_id, fact.visit_id, to_person.pk, target.pk if target else None)
        return moved


def move_visit(visit: Visit, to_person: Person, by: Staff, reason: str) -> Visit:
    """Move a whole visit, with all that was recorded in it and its cases, to the person it is of.

    The old visit is marked as an error, a new one keeps its ticket and state; a prescription has to be signed again;
    the hub and the specialist are told and an answer has to be confirmed. Raises `NotAllowed`, `Refusal`.
    """
    require(by, "record.move", visit)
    why = _reason(reason)
    if visit.person_id == to_person.pk:
        raise Refusal(words.Message(SAME_PERSON))
    with writing(by, "visit.move") as write:
        old = Visit._base_manager.select_for_update().get(pk=visit.pk)
        new = _new_visit(write, old, to_person.pk)
        old.status = VISIT.move("error", old.status)
        old.closed_at = clock.now()
        write.save(old)
        for model in OF_A_VISIT:
            for fact in model._base_manager.filter(visit_id=old.pk).exclude(status=FactStatus.ERROR):
                _wrong(write, fact, why)
                _copy(write, fact, to_person.pk, new.pk)
        for encounter in Encounter._base_manager.filter(visit_id=old.pk):
            encounter.person_id, encounter.visit_id = to_person.pk, new.pk
            write.save(encounter)
        set_triage(new, to_person, clock.now())
        write.save(new)
        cases = list(Case._base_manager.filter(visit_id=old.pk))
        for case in cases:
            _move_case(write, case, to_person.pk, new.pk, why)
        tell_cases(write, cases, by, why, MOVED)
        _tell_records(write, by, why, old.person_id, old.pk, to_person.pk, new.pk)
        return new


def cases_resting_on(facts: Iterable[Fact]) -> list[Case]:
    """The cases, drafts left out, to which one of these facts belongs."""
    found = Q(pk__in=[])
    for fact in facts:
        if fact.visit_id is not None:
            found |= Q(visit_id=fact.visit_id)
        if isinstance(fact, (Attachment, Prescription)) and fact.case_id is not None:
            found |= Q(pk=fact.case_id)
        if isinstance(fact, Consent):
            found |= Q(consent_id=fact.pk)
    return list(Case._base_manager.select_for_update().filter(found).exclude(status="draft"))


def tell_cases(write: Writer, cases: Iterable[Case], by: Staff, reason: str, text: str = CORRECTED) -> None:
    """A line in each case's timeline; where there is an answer it must be confirmed, and its author is told."""
    for case in cases:
        lane = Lane.URGENT if case.urgency == "emergency" and case.status not in OVER else Lane.ANSWER
        write.save(event(case, "corrected", by, text, {"reason": reason}), lane=lane)
        if not Answer._base_manager.filter(case_id=case.pk).exclude(status=FactStatus.ERROR).exists():
            continue
        case.reconfirm = True
        write.save(case, lane=lane)
        write.save(
            Message(
                person_id=case.person_id,
                case_id=case.pk,
                author=by,
                text=RECONFIRM,
                values={"reason": reason},
                at=clock.now(),
            ),
            lane=lane,
        )


def event(case: Case, act: str, by: Staff | None, text: str = "", values: dict[str, Any] | None = None) -> CaseEvent:
    """An unsaved line of a case's timeline; `values` given: `text` is a msgid."""
    return CaseEvent(
        person_id=case.person_id,
        case_id=case.pk,
        act=act,
        by=by,
        at=clock.now(),
        node=here().node,
        words=text,
        values=values,
    )


def _wrong(write: Writer, fact: F, reason: str) -> F:
    row: F = type(fact)._base_manager.select_for_update().get(pk=fact.pk)
    if row.status == FactStatus.ERROR:
        raise Refusal(words.Message(IS_ERROR))
    row.status, row.error_reason = FactStatus.ERROR, reason[:200]
    return write.save(row)


def _copy(write: Writer, fact: F, person: UUID, visit: UUID | None) -> F:
    """The same fact in another record; a prescription unsigned, with its medicines."""
    skip = {"id", "heads", "custodian", "programme", "person", "visit", "status", "replaces", "error_reason"}
    kept = {f.attname: getattr(fact, f.attname) for f in fact._meta.concrete_fields if f.name not in skip}
    if isinstance(fact, Prescription):
        kept["signed_at"] = None
    if "attachment_id" in kept:
        moved = Attachment._base_manager.filter(replaces=kept["attachment_id"], person_id=person).first()
        kept["attachment_id"] = moved.pk if moved else kept["attachment_id"]
    new = type(fact)(**kept, person_id=person, visit_id=visit, replaces=fact.pk)
    write.save(new)
    if isinstance(fact, Prescription):
        for item in PrescriptionItem._base_manager.filter(prescription_id=fact.pk, withdrawn=False):
            own = {"id", "heads", "custodian", "programme", "person", "prescription"}
            same = {f.attname: getattr(item, f.attname) for f in item._meta.concrete_fields if f.name not in own}
            write.save(PrescriptionItem(**same, person_id=person, prescription_id=new.pk))
    if isinstance(fact, Attachment) and isinstance(new, Attachment):
        _copy_series(write, fact, new)
    return new


def _copy_series(write: Writer, old: Attachment, new: Attachment) -> None:
    """The objects of a series of images, and the marks that people set on them."""
    found = list(ImagingInstance._base_manager.filter(attachment_id=old.pk))
    rows = [_same(one, new) for one in found]
    write.save_many(rows, [None] * len(rows))
    places = {one.pk: row.pk for one, row in zip(found, rows, strict=True)}
    for key in KeyImage._base_manager.filter(attachment_id=old.pk, withdrawn=False):
        copied = _same(key, new)
        copied.instance_id = places.get(key.instance_id, key.instance_id)
        write.save(copied)


def _same(row: R, new: Attachment) -> R:
    own = {"id", "heads", "custodian", "programme", "person", "attachment"}
    kept = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if f.name not in own}
    return type(row)(**kept, person_id=new.person_id, attachment_id=new.pk)


def _new_visit(write: Writer, old: Visit, person: UUID) -> Visit:
    skip = {"id", "heads", "custodian", "programme", "person", "triage", "triage_reason", "triage_basis"}
    kept = {f.attname: getattr(old, f.attname) for f in old._meta.concrete_fields if f.name not in skip}
    return write.save(Visit(**kept, person_id=person, triage=old.triage, triage_reason=old.triage_reason))


def _move_case(write: Writer, case: Case, person: UUID, visit: UUID, reason: str) -> None:
    case.person_id, case.visit_id = person, visit
    if case.consent_id is not None:
        copied = Consent._base_manager.filter(replaces=case.consent_id, person_id=person).first()
        case.consent_id = copied.pk if copied else case.consent_id
    write.save(case)
    for answer in Answer._base_manager.filter(case_id=case.pk).exclude(status=FactStatus.ERROR):
        _wrong(write, answer, reason)
        copy = _copy(write, answer, person, visit)
        if answer.status == FactStatus.AMENDED:
            copy.status = FactStatus.AMENDED
            write.save(copy)


def _triage_again(write: Writer, visit: UUID) -> None:
    row = Visit._base_manager.select_for_update().get(pk=visit)
    person = Person._base_manager.filter(pk=row.person_id).first()
    if person is not None and row.status not in ("done", "left", "error"):
        set_triage(row, person, clock.now())
        write.save(row)


def _tell_records(
    write: Writer, by: Staff, reason: str, old: UUID, old_visit: UUID | None, new: UUID, new_visit: UUID | None
) -> None:
    for person, visit, text in ((old, old_visit, MOVED_AWAY), (new, new_visit, MOVED_HERE)):
        write.save(
            Note(
                person_id=person,
                visit_id=visit,
                author=by,
                at=clock.now(),
                kind_of_note="notice",
                text=text,
                values={"reason": reason},
            )
        )


def _reason(reason: str) -> str:
    if not reason.strip():
        raise Refusal(words.Message(NO_REASON))
    return " ".join(reason.split())[:200]
