"""The hub takes a case in and finds its specialist."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID

from qafila.clinic.cases import routing
from qafila.clinic.cases.models import Answer, Case, CaseEvent
from qafila.clinic.cases.steps import current, lane_of, move, right_of, tell, tidy
from qafila.clinic.cases.transitions import DECLINED, RECEIVED, SENT, UNDER_WAY
from qafila.clinic.forms.context import pack_of
from qafila.clinic.refusal import Refusal
from qafila.clinic.rules.words import N_, Message
from qafila.journal.models import Lane
from qafila.journal.write import Writer, writing
from qafila.kernel import clock
from qafila.packs.shapes import PackError
from qafila.registry.people.queries import get, one_with
from qafila.registry.staff.models import Staff
from qafila.registry.staff.queries import on_duty
from qafila.registry.staff.rights import grants, require

NOT_ANSWERING = N_("%(name)s does not answer cases.")
BY_HAND = N_("Assigned by hand.")
TO_WHOM = N_("To %(name)s: %(reason)s")
REROUTED_BY_ITSELF = frozenset({"unavailable", "conflict"})
"""Reasons for declining that say nothing about the case itself: the hub asks the next specialist at once."""


def receive(case: Case) -> Case:
    """The node's act on the hub: the case is here; it is assigned at once if somebody is on duty. Idempotent."""
    with writing(None, "case.receive") as write:
        row = current(case)
        if row.status != SENT:
            return row
        move(row, "receive")
        row.received_at = clock.now()
        row.deadline = deadline(row, row.received_at)
        lane = lane_of(row, Lane.ANSWER)
        write.save(row, lane=lane)
        tell(write, row, "receive", None, lane=lane)
        return assign(row)


def deadline(case: Case, since: datetime) -> datetime | None:
    """When the pack promises an answer to a case received then; None for a pack that this hub does not hold."""
    try:
        return since + timedelta(minutes=pack_of(case).deadline_minutes(case.urgency))
    except (PackError, KeyError):
        return case.deadline


def assign(case: Case, to: Staff | None = None, by: Staff | None = None) -> Case:
    """Give a received case to a specialist: to the one named by a coordinator, else to whom routing chooses.

    Where nobody can have it the case stays where it is and its timeline says so (once). Raises `NotAllowed`,
    `WrongState`, `Refusal`.
    """
    if to is not None or by is not None:
        require(by, right_of("assign"), case)
    with writing(by, "case.assign") as write:
        row = current(case)
        if to is not None:
            _check_answers(to)
            return _give(write, row, "assign", to, by, Message(BY_HAND))
        if row.status not in (RECEIVED, DECLINED):
            return row
        chosen = routing.choose(candidates(row.specialty), facts(row))
        if isinstance(chosen, routing.Nobody):
            last = CaseEvent.objects.filter(case_id=row.pk).order_by("-at", "-id").first()
            if last is None or last.act != "nobody_on_duty":
                tell(write, row, "nobody_on_duty", None, chosen.reason, lane=lane_of(row, Lane.ANSWER))
            return row
        return _give(write, row, "assign", Staff.objects.get(pk=chosen.staff), by, chosen.reason)


def reroute(case: Case, to: Staff, by: Staff, reason: str) -> Case:
    """Give a case to another specialist, with a reason. Raises `NotAllowed`, `WrongState`, `Refusal`."""
    require(by, right_of("reroute"), case)
    why = tidy(reason, 300)
    _check_answers(to)
    with writing(by, "case.reroute") as write:
        return _give(write, current(case), "reroute", to, by, Message(TO_WHOM, name=to.name, reason=why))


def candidates(specialty: str) -> list[routing.Candidate]:
    """Everybody who answers cases of a specialty, with duty and load of this moment."""
    on = {one.pk for one in on_duty(specialty)}
    hands = Case.objects.filter(status__in=UNDER_WAY, specialist__isnull=False).values_list("specialist_id", flat=True)
    load: Counter[UUID | None] = Counter(hands)
    return [
        routing.Candidate(
            staff=one.pk,
            name=one.name,
            specialties=frozenset(one.specialties),
            on_duty=one.pk in on,
            languages=frozenset(one.languages),
            load=load[one.pk],
        )
        for one in Staff.objects.filter(active=True)
        if specialty in one.specialties and grants(one).has("case.answer")
    ]


def facts(case: Case) -> routing.Facts:
    """What routing looks at of a case."""
    person = get(case.person_id)
    doctor = Staff._base_manager.filter(pk=case.doctor_id).first()
    earlier = Answer.objects.filter(person_id__in=one_with(case.person_id)).values_list("author_id", flat=True)
    declined = CaseEvent.objects.filter(case_id=case.pk, act="decline").values_list("by_id", flat=True)
    return routing.Facts(
        specialty=case.specialty,
        language=(person.language if person else "") or (doctor.interface_language if doctor else ""),
        known_by=frozenset(one for one in earlier if one is not None),
        declined_by=frozenset(one for one in declined if one is not None),
    )


def _check_answers(to: Staff) -> None:
    if not grants(to).has("case.answer"):
        raise Refusal(Message(NOT_ANSWERING, name=to.name))


def _give(write: Writer, case: Case, act: str, to: Staff, by: Staff | None, reason: Message) -> Case:
    move(case, act)
    case.specialist = to
    lane = lane_of(case, Lane.ANSWER)
    write.save(case, lane=lane)
    tell(write, case, act, by, reason, lane=lane)
    return case
