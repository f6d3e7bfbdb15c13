"""The hub presses on: it takes the steps of `escalation`, and takes back what somebody who went off duty had not
begun."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from qafila.clinic.cases import escalation, line, routing
from qafila.clinic.cases.assigning import give
from qafila.clinic.cases.duty_models import Opinion
from qafila.clinic.cases.escalation import ESCALATE, PASS_ON, REMIND
from qafila.clinic.cases.models import Case, CaseEvent
from qafila.clinic.cases.reach import reach_of
from qafila.clinic.cases.steps import current, lane_of, move, tell
from qafila.clinic.cases.transitions import ACCEPTED, ASSIGNED, UNDER_WAY
from qafila.clinic.rules.words import N_, Message
from qafila.journal.models import Lane
from qafila.journal.write import Writer, writing
from qafila.kernel import clock
from qafila.registry.places.transfers import abroad
from qafila.registry.staff.models import Staff
from qafila.registry.staff.queries import serving

NOT_BEGUN = N_("Given to %(name)s and not accepted yet: a reminder.")
PASSED = N_("%(before)s did not accept it in time: passed on to %(name)s.")
TO_COORDINATOR = N_("The promised time runs out and there is no answer: the coordinator has to act.")
WENT = N_("%(name)s went off duty before beginning: the case is in line again.")
WENT_MIDWAY = N_("%(name)s is off duty and has not answered: the case is in line again.")
OUT_OF_REACH = N_("The consent or the authorisation under which this case was given does not stand any more.")
LEFT_TO_THE_OWNER = 0.5
"""Share of the promised time that somebody off duty may take over a case that they began."""


def press() -> int:
    """Take the steps that are due; how many. Each once a case; repeating it does nothing."""
    now = clock.now()
    rows = Case.objects.filter(status__in=escalation.UNANSWERED, deadline__isnull=False, received_at__isnull=False)
    held = {c.pk: c for c in rows.defer("intake") if _may_be_due(c)}
    done: dict[UUID, set[str]] = defaultdict(set)
    events = CaseEvent.objects.filter(case_id__in=list(held), act__in=(REMIND, PASS_ON, ESCALATE))
    for pk, act in events.values_list("case_id", "act"):
        done[pk].add(act)
    taken = 0
    for case in held.values():
        assert case.deadline is not None and case.received_at is not None
        step = escalation.due(case.urgency, case.status, case.received_at, case.deadline, now, done[case.pk])
        taken += step is not None and _take(case, step)
    return taken


def _may_be_due(case: Case) -> bool:
    first = escalation.steps_of(case.urgency)[0].share
    assert case.deadline is not None and case.received_at is not None
    return clock.now() >= case.received_at + (case.deadline - case.received_at) * first


def _take(case: Case, step: escalation.Step) -> bool:
    with writing(None, f"case.{step.act}") as write:
        row = current(case)
        if row.status not in step.states or CaseEvent.objects.filter(case_id=row.pk, act=step.act).exists():
            return False
        if step.act == PASS_ON:
            return _pass_on(write, row)
        holder = Staff.objects.filter(pk=row.specialist_id).first() if row.specialist_id else None
        text = Message(TO_COORDINATOR) if step.act == ESCALATE else Message(NOT_BEGUN, name=str(holder or "—"))
        tell(write, row, step.act, None, text, lane=lane_of(row, Lane.ANSWER))
        return True


def _pass_on(write: Writer, row: Case) -> bool:
    """To another one who has room; False where there is none, and the case stays until there is or its time is up."""
    facts = line.facts_of([row])[row.pk]
    before = Staff.objects.filter(pk=row.specialist_id).first()
    others = [c for c in line.candidates(row.specialty) if c.staff != row.specialist_id]
    found = routing.choose(others, facts)
    if isinstance(found, routing.Nobody):
        return False
    to = Staff.objects.get(pk=found.staff)
    give(write, row, "reroute", to, None, Message(PASSED, before=str(before or "—"), name=to.name), told=PASS_ON)
    return True


def release() -> int:
    """Put into line again what people who are off duty now have in hand; how many: what routing gave them and they had
    not begun, and what they had begun when half of its time has passed. A break is no reason: who takes one comes back.
    """
    taken = _out_of_reach()
    now = clock.now()
    in_hand = Case.objects.filter(status__in=line.IN_HAND, specialist_id__isnull=False)
    gone = set(in_hand.values_list("specialist_id", flat=True)) - {who for who, _ in serving(now, breaks=True)}
    if not gone:
        return taken
    begun = in_hand.filter(status=ACCEPTED, specialist_id__in=gone, deadline__isnull=False, received_at__isnull=False)
    rows = [case for case, _ in line.not_begun(gone)] + [c for c in begun.defer("intake") if _half_gone(c)]
    return taken + sum(_release(case) for case in rows)


def _out_of_reach() -> int:
    """Take cases out of the hands of those whom they may not reach any more: the consent was taken back, or an
    authorisation ended. Opinions that were asked and not given are called off too."""
    rows = list(Case.objects.filter(status__in=line.IN_HAND, specialist_id__isnull=False).defer("intake"))
    asked = Opinion.objects.filter(withdrawn=False, given_at__isnull=True, case_id__in=Case.objects.filter(
        status__in=UNDER_WAY).values("pk"))  # fmt: skip
    pending = list(asked)
    cases = {c.pk: c for c in [*rows, *Case.objects.filter(pk__in={o.case_id for o in pending}).defer("intake")]}
    reach = reach_of(cases.values())
    people = {c.specialist_id for c in rows} | {o.staff_id for o in pending}
    where = {one.pk: abroad(one) for one in Staff.objects.filter(pk__in=people)}

    def lost(case: UUID, staff: UUID | None) -> bool:
        far = where.get(staff, "") if staff else ""
        return not reach[case].consented or bool(far and far not in reach[case].abroad)

    for one in pending:
        if lost(one.case_id, one.staff_id):
            with writing(None, "case.opinion_off") as write:
                row = Opinion._base_manager.select_for_update().get(pk=one.pk)
                row.withdrawn = True
                write.save(row, lane=Lane.ANSWER)
    return sum(_release(c, Message(OUT_OF_REACH)) for c in rows if lost(c.pk, c.specialist_id))


def _half_gone(case: Case) -> bool:
    assert case.deadline is not None and case.received_at is not None
    return clock.now() >= case.received_at + (case.deadline - case.received_at) * LEFT_TO_THE_OWNER


def _release(case: Case, why: Message | None = None) -> bool:
    with writing(None, "case.release") as write:
        row = current(case)
        if row.status != case.status or row.specialist_id != case.specialist_id:
            return False
        before = Staff.objects.filter(pk=row.specialist_id).first()
        text = why or Message(WENT if row.status == ASSIGNED else WENT_MIDWAY, name=str(before or "—"))
        move(row, "release")
        row.specialist = None
        write.save(row, lane=lane_of(row, Lane.ANSWER))
        tell(write, row, "release", None, text, lane=lane_of(row, Lane.ANSWER))
        return True
