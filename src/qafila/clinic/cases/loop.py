"""Who has to be reminded: answers that nobody opened, cases that stay open. Pure; the rules are `packs/loop.toml`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from qafila.clinic.cases.models import Answer, Case
from qafila.packs.loop import Loop, Nag

UNIT, COORDINATOR = "unit", "coordinator"


@dataclass(frozen=True)
class Reminder:
    """A case that stays open: which rule, who is told, since when it counts."""

    case: Case
    rule: Nag
    tells: str
    since: datetime
    days: int


@dataclass(frozen=True)
class Unread:
    """An answer that nobody on the unit has opened in time."""

    case: Case
    answer: Answer
    since: datetime


def reminders(
    cases: Iterable[Case],
    answers: Mapping[UUID, Answer],
    asked: Mapping[UUID, datetime],
    rules: Loop,
    now: datetime,
) -> list[Reminder]:
    """Cases that have stayed open too long, longest first. `answers`: case → answer in force; `asked`: case → when the
    specialist asked for more last."""
    found = []
    for case in cases:
        for rule in rules.nag:
            if case.status not in rule.states:
                continue
            since = _since(case, rule, answers.get(case.pk), asked.get(case.pk))
            days = int((now - since).total_seconds() // 86_400) if since is not None else -1
            if since is not None and days >= rule.unit_days:
                tells = COORDINATOR if days >= rule.coordinator_days else UNIT
                found.append(Reminder(case, rule, tells, since, days))
    return sorted(found, key=lambda one: (one.since, one.case.pk))


def _since(case: Case, rule: Nag, answer: Answer | None, asked: datetime | None) -> datetime | None:
    if rule.since == "asked":
        return asked or case.sent_at
    if rule.since == "opened":
        return case.opened_at
    if rule.since == "sent":
        return case.sent_at
    at = case.answered_at or (answer.at if answer is not None else None)
    if rule.since == "follow_up" and at is not None and answer is not None and answer.follow_up is not None:
        return max(at, datetime.combine(answer.follow_up, time(), UTC))
    return at


def unread(
    cases: Iterable[Case], answers: Mapping[UUID, Answer], read: set[UUID], rules: Loop, now: datetime
) -> list[Unread]:
    """Answers that wait too long to be opened, longest first. `read`: answers that somebody on the unit opened."""
    minutes = {one.urgency: one.minutes for one in rules.unread}
    found = []
    for case in cases:
        given, most = answers.get(case.pk), minutes.get(case.urgency)
        if given is None or most is None or given.pk in read:
            continue
        if now >= given.at + timedelta(minutes=most):
            found.append(Unread(case, given, given.at))
    return sorted(found, key=lambda one: (one.since, one.case.pk))


def owner(asker: UUID | None, crew: Iterable[tuple[UUID, bool, bool]]) -> UUID | None:
    """Who on the unit has an answer in hand: the doctor who asked, while in the crew; else another doctor of the crew;
    else a nurse; else anybody. `crew`: (id, is a doctor, is a nurse) in a fixed order. None: nobody is in the crew."""
    held = list(crew)
    ranks = {one: (one != asker, not doctor, not nurse) for one, doctor, nurse in held}
    return min((one for one, _, _ in held), key=lambda one: ranks[one], default=None)
