"""Emergencies that nobody has taken: the unit must not wait, until somebody recorded a call or a transfer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from qafila.clinic.cases.models import Case, CaseEvent
from qafila.clinic.cases.steps import EMERGENCY, current, tell, tidy
from qafila.clinic.cases.transitions import DECLINED, MORE_ASKED, OPEN, RECEIVED, SENT, UNDER_WAY
from qafila.clinic.refusal import Refusal
from qafila.clinic.rules.words import N_, Message
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require

CALL, TRANSFER = "call", "transfer"
KINDS = (CALL, TRANSFER)
NOT_RECEIVED = N_("Do not wait: the hub has not received this emergency.")
NOBODY_ON_DUTY = N_("Do not wait: nobody is on duty for this emergency.")
LATE = N_("Do not wait: this emergency has no answer yet and its time has run out.")
WHICH_ACT = N_("Say whether you called or transferred.")
OVER = N_("This case is over.")


@dataclass(frozen=True)
class Alarm:
    """An emergency with which the unit must not wait."""

    case: Case
    code: str
    """not_received, nobody_on_duty, late."""
    reason: Message
    since: datetime


def record_alarm_act(case: Case, by: Staff, kind: str, words: str) -> CaseEvent:
    """Record a call or a transfer for an emergency: the alarm stops. `words`: with whom, where to, what was said.

    Raises `NotAllowed`, `Refusal`.
    """
    require(by, "alarm.act", case)
    if kind not in KINDS:
        raise Refusal(Message(WHICH_ACT))
    said = tidy(words, 500)
    with writing(by, f"alarm.{kind}") as write:
        row = current(case)
        if row.status not in OPEN:
            raise Refusal(Message(OVER))
        return tell(write, row, f"alarm_{kind}", by, said)


def alarms(cases: Iterable[Case], events: Iterable[CaseEvent], minutes: int, now: datetime) -> list[Alarm]:
    """Which of these cases alarm, longest first; `minutes`: the profile's `unreceived_alarm_minutes`. Pure."""
    by_case: dict[UUID, list[CaseEvent]] = defaultdict(list)
    for one in events:
        by_case[one.case_id].append(one)
    found = [a for case in cases if (a := _alarm(case, by_case[case.pk], minutes, now)) is not None]
    return sorted(found, key=lambda a: a.since)


def _alarm(case: Case, events: list[CaseEvent], minutes: int, now: datetime) -> Alarm | None:
    if case.urgency != EMERGENCY or case.status not in UNDER_WAY or case.sent_at is None:
        return None
    acted = max((e.at for e in events if e.act in ("alarm_call", "alarm_transfer")), default=None)
    found: Alarm | None = None
    alone = max((e.at for e in events if e.act == "nobody_on_duty"), default=None)
    if case.status == SENT and now >= case.sent_at + timedelta(minutes=minutes):
        found = Alarm(case, "not_received", Message(NOT_RECEIVED), case.sent_at)
    elif case.status in (RECEIVED, DECLINED) and alone is not None:
        found = Alarm(case, "nobody_on_duty", Message(NOBODY_ON_DUTY), alone)
    elif case.status not in (SENT, MORE_ASKED) and case.deadline is not None and now >= case.deadline:
        found = Alarm(case, "late", Message(LATE), case.deadline)
    if found is None or (acted is not None and acted >= found.since):
        return None
    return found


def of_unit(unit_id: UUID, minutes: int) -> list[Alarm]:
    """The *do not wait* list of a unit: two queries."""
    cases = list(Case.objects.filter(unit_id=unit_id, urgency=EMERGENCY, status__in=UNDER_WAY))
    acts = ("nobody_on_duty", "alarm_call", "alarm_transfer")
    events = CaseEvent.objects.filter(case_id__in=[c.pk for c in cases], act__in=acts) if cases else []
    return alarms(cases, events, minutes, clock.now())
