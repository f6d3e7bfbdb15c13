"""The hub takes a case in and finds its specialist."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from qafila.clinic.cases import line, routing
from qafila.clinic.cases.line import REROUTED_BY_ITSELF
from qafila.clinic.cases.models import Case, CaseEvent
from qafila.clinic.cases.reach import require_reach
from qafila.clinic.cases.steps import current, event, lane_of, move, right_of, tell, tidy
from qafila.clinic.cases.transitions import ASSIGNED, DECLINED, RECEIVED, SENT
from qafila.clinic.forms.context import pack_of
from qafila.clinic.refusal import Refusal
from qafila.clinic.rules.words import N_, Message
from qafila.journal import wall
from qafila.journal.models import Lane
from qafila.journal.write import Writer, writing
from qafila.kernel import clock
from qafila.packs.shapes import PackError
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import grants, require

NOT_ANSWERING = N_("%(name)s does not answer cases.")
BY_HAND = N_("Assigned by hand.")
TO_WHOM = N_("To %(name)s: %(reason)s")
NOTICE_OF = {"busy": "waiting", "consent": "consent_back", "abroad": "kept_home"}
"""Why nobody can have a case → the line of its timeline."""
BATCH = 200
"""Cases of a specialty that routing looks at in one transaction."""
__all__ = [
    "BATCH", "REROUTED_BY_ITSELF", "answers_cases", "assign", "deadline", "give", "is_specialist", "receive", "relieve",
    "reroute", "route", "route_all",
]  # fmt: skip


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
    """Give a received case to the specialist whom a coordinator names; without a name, let the line of its specialty
    move (`route`).

    Raises `NotAllowed`, `WrongState`, `Refusal`.
    """
    if to is not None or by is not None:
        require(by, right_of("assign"), case)
    with writing(by, "case.assign") as write:
        row = current(case)
        if to is not None:
            _check_answers(to)
            return give(write, row, "assign", to, by, Message(BY_HAND))
        if row.status in (RECEIVED, DECLINED):
            route([row.specialty])
        return current(row)


def route_all() -> int:
    """Let the line of every specialty move; returns how many cases were given."""
    waiting = Case.objects.filter(status__in=(RECEIVED, DECLINED)).order_by("specialty")
    return route(list(waiting.values_list("specialty", flat=True).distinct()))


@wall.beyond("whose turn it is follows from what everybody has in hand")
def route(specialties: Iterable[str], limit: int = BATCH) -> int:
    """The node's act: give the first `limit` cases in the line of each specialty to whoever has room; returns how many
    were given. Where nobody can have a case its timeline says why, once.

    One transaction, and a fixed number of statements for any number of cases.
    """
    with writing(None, "case.assign") as write:
        rows = [row for code in specialties for row in line.waiting(code, limit)]
        if not rows:
            return 0
        held = {row.pk: row for row in rows}
        told = line.noticed(held)
        given: list[Case] = []
        events: list[CaseEvent] = []
        for one, found in routing.distribute(line.in_line(rows), line.candidates()):
            row = held[one.case]
            if isinstance(found, routing.Choice):
                move(row, "assign")
                row.specialist_id = found.staff
                given.append(row)
                events.append(event(row, "assign", None, found.reason))
                if found.unmet is not None:
                    events.append(event(row, "wish_unmet", None, found.unmet))
            else:
                notice = NOTICE_OF.get(found.kind, "nobody_on_duty")
                if told.get(row.pk) != notice:
                    events.append(event(row, notice, None, found.reason))
        write.save_many(given, [lane_of(row, Lane.ANSWER) for row in given])
        write.save_many(events, [lane_of(held[e.case_id], Lane.ANSWER) for e in events])
        return len(given)


def relieve() -> int:
    """The node's act: whoever is on duty with nothing in hand takes over a case that a colleague has not begun;
    returns how many changed hands."""
    crew = line.candidates()
    busy = [c.staff for c in crew if c.hands > 1]
    if not busy or all(c.hands for c in crew):
        return 0
    with writing(None, "case.reroute") as write:
        moved = 0
        for held, choice in routing.relieve(crew, [one for _, one in line.not_begun(busy)]):
            row = Case._base_manager.select_for_update().get(pk=held.waiting.case)
            if row.status == ASSIGNED and row.specialist_id == held.staff:
                give(write, row, "reroute", Staff.objects.get(pk=choice.staff), None, choice.reason)
                moved += 1
        return moved


def reroute(case: Case, to: Staff, by: Staff, reason: str) -> Case:
    """Give a case to another specialist, with a reason. Raises `NotAllowed`, `WrongState`, `Refusal`."""
    require(by, right_of("reroute"), case)
    why = tidy(reason, 300)
    _check_answers(to)
    with writing(by, "case.reroute") as write:
        return give(write, current(case), "reroute", to, by, Message(TO_WHOM, name=to.name, reason=why))


def is_specialist(staff: Staff) -> bool:
    """Whether somebody answers cases at all."""
    return grants(staff).has("case.answer")


def answers_cases(staff: Staff, specialty: str) -> bool:
    """Whether somebody answers cases of a specialty."""
    return specialty in staff.specialties and is_specialist(staff)


def _check_answers(to: Staff) -> None:
    if not is_specialist(to):
        raise Refusal(Message(NOT_ANSWERING, name=to.name))


def give(write: Writer, case: Case, act: str, to: Staff, by: Staff | None, reason: Message, *, told: str = "") -> Case:
    """Move a locked case by `act` into somebody's hands; its timeline says `told` where that is another word than the
    act's. Raises `WrongState`, `Refusal` where the case may not go to them."""
    move(case, act)
    require_reach(case, [to])
    case.specialist = to
    lane = lane_of(case, Lane.ANSWER)
    write.save(case, lane=lane)
    tell(write, case, told or act, by, reason, lane=lane)
    return case
