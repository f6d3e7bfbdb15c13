"""The acts of a case: what a unit does here; the hub's side, alarms and messages in the files beside it.

Every act returns the case as it is afterwards. Screens import this module alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from qafila.clinic.cases.alarms import record_alarm_act
from qafila.clinic.cases.answering import accept, answer, ask, confirm_answer, correct_answer, decline, read_answer
from qafila.clinic.cases.assigning import assign, receive, reroute
from qafila.clinic.cases.models import Answer, Case, CaseEvent, Urgency
from qafila.clinic.cases.models import Message as CaseMessage
from qafila.clinic.cases.steps import current, lane_of, move, right_of, tell, tidy
from qafila.clinic.cases.telling import IN_PERSON, TOLD, add_voice, record_contact, spare, told, write_plain
from qafila.clinic.cases.transitions import CLOSED, DRAFT, EXPLAINED, MORE_ASKED, OPEN
from qafila.clinic.forms import gate
from qafila.clinic.forms.context import consent_holds, consent_of, pack_of
from qafila.clinic.refusal import Incomplete, Refusal
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.visits.models import FactStatus, Visit
from qafila.clinic.visits.transitions import require_valid
from qafila.journal.models import Lane
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.kernel.transitions import WrongState
from qafila.packs import load
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require

__all__ = [
    "Incomplete", "accept", "add_voice", "answer", "ask", "assign", "cancel", "close", "confirm_answer",
    "correct_answer", "decline", "deliver", "draft_case", "explain", "mark_read", "post_message", "read_answer",
    "receive", "record_alarm_act", "record_contact", "reroute", "save_packet", "send", "supply", "write_plain",
]  # fmt: skip

WHICH_SPECIALTY = N_("There is no such specialty.")
WHICH_URGENCY = N_("Choose how urgent it is.")
WHICH_OUTCOME = N_("Choose what became of the person.")
OUTCOME_NEEDS = {
    "note": N_("Write a note about this outcome."),
    "facility": N_("Write the facility where the person arrived."),
    "date": N_("Write the date."),
}
CASE_OPEN = N_("There is already an open case of this specialty for this visit.")
OVER = N_("This case is over.")
UNREACHED = N_("Write why the answer could not be explained to the person.")
RECONFIRM = N_(
    "Something that this answer rests on was corrected and the specialist has not confirmed it yet. "
    "Write why you explain it all the same."
)


def draft_case(visit: Visit, specialty: str, by: Staff) -> Case:
    """Begin a case for a visit; an open draft of the same specialty is returned as it is.

    Raises `NotAllowed`, `Refusal`.
    """
    require(by, "case.draft", visit)
    require_valid(visit.status)
    if specialty not in load.specialties():
        raise Refusal(Message(WHICH_SPECIALTY))
    pack = load.load_specialty(specialty)
    label = {"normal": 0, "restricted": 1, "very_restricted": 2}[pack.confidentiality]
    with writing(by, "case.draft") as write:
        present = Case.objects.filter(visit_id=visit.pk, specialty=specialty, status__in=OPEN).first()
        if present is not None and present.status == DRAFT:
            return present
        if present is not None:
            raise Refusal(Message(CASE_OPEN))
        case = write.save(
            Case(
                person_id=visit.person_id,
                visit_id=visit.pk,
                unit_id=visit.unit_id,
                doctor=by,
                specialty=specialty,
                pack_version=f"{pack.version}.{pack.core_version}",
                label=label,
                opened_at=clock.now(),
            )
        )
        tell(write, case, "draft", by)
        return case


def save_packet(case: Case, intake: Mapping[str, Any], question: str, urgency: str, by: Staff) -> Case:
    """Keep the packet as filled so far (`intake` as `forms.packet.read` gave it); a draft, or when more was asked.

    Raises `NotAllowed`, `WrongState`, `Refusal`.
    """
    require(by, "case.draft", case)
    if urgency not in Urgency.values or urgency not in {u.code for u in pack_of(case).urgency}:
        raise Refusal(Message(WHICH_URGENCY))
    with writing(by, "case.packet") as write:
        row = current(case)
        if row.status not in (DRAFT, MORE_ASKED):
            raise WrongState("packet", row.status)
        row.intake = dict(intake)
        row.question = tidy(question, 500, needed=False)
        if row.status == DRAFT:
            row.urgency = urgency
        return write.save(row, lane=lane_of(row) if row.status == MORE_ASKED else None)


def send(case: Case, by: Staff, incomplete_reason: str = "") -> Case:
    """Hand a case over to the hub; it leaves as soon as there is a link, an emergency first.

    Raises `NotAllowed`, `WrongState`, or `Incomplete` with what the pack still asks for: an emergency goes without most
    of it when `incomplete_reason` says why; consent (or why it cannot be asked), question and complaint are always
    needed.
    """
    require(by, right_of("send"), case)
    with writing(by, "case.send") as write:
        row = current(case)
        move(row, "send")
        gate.require_complete(row, incomplete_reason)
        lacks = bool(gate.missing(row))
        consent = consent_of(row)
        row.consent_id = consent.pk if consent is not None and consent_holds(row) else None
        row.incomplete_reason = tidy(incomplete_reason, 300, needed=False) if lacks else ""
        row.doctor = by
        row.sent_at = clock.now()
        row.deadline = row.sent_at + timedelta(minutes=pack_of(row).deadline_minutes(row.urgency))
        write.save(row, lane=lane_of(row))
        tell(write, row, "send", by, row.incomplete_reason)
        return row


def cancel(case: Case, by: Staff, reason: str) -> Case:
    """Take a case back. Raises `NotAllowed`, `WrongState`, `Refusal` without a reason."""
    require(by, right_of("cancel"), case)
    why = tidy(reason, 500)
    with writing(by, "case.cancel") as write:
        row = current(case)
        move(row, "cancel")
        row.closed_at, row.outcome_note = clock.now(), why
        write.save(row, lane=lane_of(row, Lane.ANSWER))
        tell(write, row, "cancel", by, why, lane=lane_of(row, Lane.ANSWER))
        return row


def supply(case: Case, by: Staff, text: str) -> Case:
    """Give the specialist what was asked for. Raises `NotAllowed`, `WrongState`, `Refusal`."""
    require(by, right_of("supply"), case)
    words = tidy(text, 4000)
    with writing(by, "case.supply") as write:
        row = current(case)
        move(row, "supply")
        write.save(row, lane=lane_of(row, Lane.ANSWER))
        _write_message(write, row, by, words)
        tell(write, row, "supply", by, lane=lane_of(row, Lane.ANSWER))
        return row


def post_message(case: Case, by: Staff, text: str) -> CaseMessage:
    """Write to the other side about an open case. Raises `NotAllowed`, `Refusal`."""
    require(by, "message.write", case)
    words = tidy(text, 4000)
    with writing(by, "message.write") as write:
        row = current(case)
        if row.status not in OPEN:
            raise Refusal(Message(OVER))
        return _write_message(write, row, by, words)


def deliver(case: Case) -> Case:
    """The node's act on the unit: the answer is here. Idempotent: a case in another state stays as it is."""
    with writing(None, "case.deliver") as write:
        row = current(case)
        if row.status != "answered" or latest_answer(row) is None:
            return row
        move(row, "deliver")
        row.on_unit_at = clock.now()
        write.save(row, lane=lane_of(row, Lane.ANSWER))
        tell(write, row, "deliver", None, lane=lane_of(row, Lane.ANSWER))
        return row


def mark_read(case: Case, by: Staff) -> CaseEvent | None:
    """Note that somebody of the unit opened the answer: once for each answer. None where there is nothing to note."""
    require(by, "case.read", case)
    with writing(by, "case.read") as write:
        row = current(case)
        given = latest_answer(row)
        if given is None or row.specialist_id == by.pk:
            return None
        # Told by the answer, not by the time: the two nodes' clocks may differ.
        if CaseEvent.objects.filter(case_id=row.pk, act="read", values__answer=given.pk.hex).exists():
            return None
        return tell(write, row, "read", by, Message("", answer=given.pk.hex), lane=lane_of(row, Lane.ANSWER))


def explain(
    case: Case, by: Staff, note: str = "", *, way: str = IN_PERSON, language: str = "", interpreter: str = ""
) -> Case:
    """The answer was explained to the person: how, in which language, through whom. An answer that waits to be
    confirmed again needs a `note` saying why.

    Raises `NotAllowed`, `WrongState`, `Refusal`.
    """
    require(by, right_of("explain"), case)
    words = tidy(note, 500, needed=False)
    with writing(by, "case.explain") as write:
        row = current(case)
        move(row, "explain")
        if row.reconfirm and not words:
            raise Refusal(Message(RECONFIRM))
        write.save(row)
        told(write, row, by, way, TOLD, words, language, interpreter)
        tell(write, row, "explain", by, words)
        return row


def close(case: Case, by: Staff, outcome: str, note: str = "") -> Case:
    """Close with an outcome of the pack: after explaining; unexplained with a `note` (the person cannot be reached);
    in any open state where the outcome is that the person died.

    Raises `NotAllowed`, `WrongState`, `Refusal` naming what the outcome needs.
    """
    require(by, right_of("close"), case)
    found = next((o for o in pack_of(case).outcome if o.code == outcome), None)
    if found is None:
        raise Refusal(Message(WHICH_OUTCOME))
    words = tidy(note, 500, needed=False)
    if found.needs and not words:
        raise Refusal(Message(OUTCOME_NEEDS[found.needs]))
    with writing(by, "case.close") as write:
        row = current(case)
        act = "close_died" if found.died else "close" if row.status == EXPLAINED else "close_unreached"
        try:
            move(row, act)
        except WrongState:
            raise WrongState("close", row.status) from None
        if act == "close_unreached" and not words:
            raise Refusal(Message(UNREACHED))
        row.outcome, row.outcome_note, row.closed_at = outcome, words, clock.now()
        write.save(row)
        spare(write, row, found, latest_answer(row))
        tell(write, row, "close" if row.status == CLOSED else "died", by, words)
        return row


def latest_answer(case: Case) -> Answer | None:
    """The answer in force, None before there is one on this node."""
    known = Answer.objects.filter(case_id=case.pk, status=FactStatus.FINAL)
    return known.order_by("-at", "-id").first()


def _write_message(write: Any, case: Case, by: Staff, text: str) -> CaseMessage:
    return write.save(
        CaseMessage(person_id=case.person_id, case_id=case.pk, author=by, text=text, at=clock.now()),
        lane=lane_of(case, Lane.ANSWER),
    )
