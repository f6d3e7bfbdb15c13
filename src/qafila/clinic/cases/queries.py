"""Reading cases: the specialist's worklist, the coordinator's board, a case's timeline, a unit's cases and alarms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, Subquery
from django.utils.translation import gettext

from qafila.clinic.cases.acts import latest_answer
from qafila.clinic.cases.alarms import Alarm, of_unit
from qafila.clinic.cases.models import Answer, Case, CaseEvent, Decline, Message
from qafila.clinic.cases.transitions import (
    ACCEPTED,
    ANSWERED,
    ASSIGNED,
    CASE,
    DECLINED,
    MORE_ASKED,
    OPEN,
    RECEIVED,
    SENT,
    UNDER_WAY,
    WITH_ANSWER,
)
from qafila.clinic.forms.context import attachments_of
from qafila.clinic.visits.models import Attachment, FactStatus
from qafila.journal.here import here
from qafila.journal.models import Clash
from qafila.journal.topics import until_changed
from qafila.kernel import clock
from qafila.kernel.dates import Age
from qafila.packs import load
from qafila.registry.people.births import age_of
from qafila.registry.people.models import Person, PersonName
from qafila.registry.people.queries import one_with, who_are
from qafila.registry.places.here import local_day
from qafila.registry.staff.models import Staff
from qafila.registry.staff.queries import known as known_staff
from qafila.registry.staff.rights import may
from qafila.registry.units.models import Unit
from qafila.registry.units.queries import known as known_units

URGENCY = {"emergency": 0, "urgent": 1, "routine": 2}
LISTED = Case.objects.defer("intake")
"""A list never decodes what a person filled in."""
QUIET_AFTER = timedelta(hours=24)
"""An open case in whose timeline nothing has happened for that long."""


@dataclass(frozen=True)
class CaseRow:
    """One line of a list of cases. `person`, `unit` and `specialist` may be None: not on this node yet."""

    case: Case
    person: Person | None
    names: list[PersonName]
    age: Age | None
    unit: Unit | None
    specialist: Staff | None
    late: bool
    waiting_minutes: int
    """Since it was sent (a draft: since it was begun)."""
    last: CaseEvent | None


@dataclass(frozen=True)
class Board:
    """What a coordinator has to see, each list most pressing first; a case may stand in several."""

    waiting: list[CaseRow]
    """Sent and not accepted by anybody."""
    late: list[CaseRow]
    unassigned: list[CaseRow]
    """Received or declined: nobody owns it."""
    quiet: list[CaseRow]
    """Open, and nothing has happened for a day."""
    counts: dict[str, int] = field(default_factory=dict)
    """Open cases by state."""


@dataclass(frozen=True)
class Line:
    """One line of a timeline. `kind`: event, message, answer, notice; `what`: the row (a `Clash` of a notice)."""

    at: datetime
    kind: str
    act: str
    words: str
    by: Staff | None
    node: str
    what: CaseEvent | Message | Answer | Decline | Clash


@dataclass(frozen=True)
class Receipts:
    """How far an answer has come."""

    given: datetime
    delivered: datetime | None
    """When the unit had it, by the unit's own act; None: not yet, or not heard of."""
    read: datetime | None
    """When somebody there opened it first."""
    reader: Staff | None


@dataclass(frozen=True)
class Talk:
    """All that was said and done about a case, and by whom: four queries, five where somebody declined it."""

    events: list[CaseEvent]
    messages: list[Message]
    """Oldest first."""
    answers: list[Answer]
    declines: list[Decline]
    """Oldest first."""
    staff: dict[Any, Staff]
    """Everybody who had to do with it: authors, actors, the doctor who asked, the specialist."""

    @property
    def answer(self) -> Answer | None:
        """The answer in force."""
        final = [one for one in self.answers if one.status == FactStatus.FINAL]
        return max(final, key=lambda one: (one.at, one.pk), default=None)


def talk_of(case: Case, also: Iterable[UUID] = ()) -> Talk:
    """Events, messages, answers and people of a case; `also`: further staff that the page names."""
    events = list(CaseEvent.objects.filter(case_id=case.pk))
    messages = messages_of(case)
    answers = list(Answer.objects.filter(case_id=case.pk))
    declined = any(e.act == "decline" for e in events)
    declines = list(Decline.objects.filter(case_id=case.pk).order_by("at", "id")) if declined else []
    ids = {e.by_id for e in events} | {m.author_id for m in messages} | {a.author_id for a in (*answers, *declines)}
    ids |= {case.doctor_id, case.specialist_id, *also}
    return Talk(events, messages, answers, declines, known_staff(ids))


def receipts(case: Case, answer: Answer, talk: Talk | None = None) -> Receipts:
    """How far the case's answer in force has come, as far as this node has heard."""
    held = talk or talk_of(case)
    key = answer.pk.hex
    opened = [e for e in held.events if e.act == "read" and (e.values or {}).get("answer") == key]
    first = min(opened, key=lambda e: (e.at, e.pk), default=None)
    delivered = case.on_unit_at if case.status != ANSWERED else None
    reader = held.staff.get(first.by_id) if first is not None and first.by_id else None
    return Receipts(answer.at, delivered, first.at if first else None, reader)


def worklists(specialist: Staff) -> tuple[list[CaseRow], list[CaseRow]]:
    """The specialist's cases that need something of them or of the unit, and the cases of their specialties that nobody
    has, each most pressing first, as one reading."""
    pool = Q(status__in=(RECEIVED, DECLINED), specialty__in=list(specialist.specialties))
    every = rows(LISTED.filter(_of(specialist) | pool))
    mine = [r for r in every if r.case.specialist_id == specialist.pk and _needs_specialist(r.case)]
    nobodys = [r for r in every if r.case.status in (RECEIVED, DECLINED) and r.case.specialty in specialist.specialties]
    return mine, nobodys


def _of(specialist: Staff) -> Q:
    needs = Q(status__in=UNDER_WAY) | Q(reconfirm=True) | Q(came_after=True)
    return Q(needs, specialist_id=specialist.pk)


def _needs_specialist(case: Case) -> bool:
    return case.status in UNDER_WAY or case.reconfirm or case.came_after


def answered_by(specialist: Staff, limit: int = 50) -> list[CaseRow]:
    """What became of the cases that the specialist answered, latest first."""
    done = LISTED.filter(specialist_id=specialist.pk).exclude(status__in=UNDER_WAY).order_by("-answered_at")
    return rows(done[:limit], keep_order=True)


@until_changed
def board() -> Board:
    """The coordinator's board: a fixed number of queries, none where nothing of its cases has changed; to be shown."""
    found = rows(LISTED.filter(status__in=OPEN - {"draft"}))
    now = clock.now()
    counts: dict[str, int] = defaultdict(int)
    for one in found:
        counts[one.case.status] += 1
    return Board(
        waiting=[r for r in found if r.case.status in (SENT, RECEIVED, ASSIGNED, DECLINED)],
        late=[r for r in found if r.late],
        unassigned=[r for r in found if r.case.status in (RECEIVED, DECLINED)],
        quiet=[r for r in found if r.last is not None and now - r.last.at > QUIET_AFTER],
        counts=dict(counts),
    )


def of_unit_open(unit: Unit, *, closed: int = 0) -> list[CaseRow]:
    """A unit's open cases, those with an answer to explain first; and its `closed` last closed ones."""
    open_cases = list(LISTED.filter(unit_id=unit.pk, status__in=OPEN))
    found = rows(open_cases)
    found.sort(key=lambda r: r.case.status not in WITH_ANSWER)
    if closed:
        past = LISTED.filter(unit_id=unit.pk).exclude(status__in=OPEN).order_by("-closed_at")[:closed]
        found += rows(past, keep_order=True)
    return found


def of_person(person_id: UUID) -> list[CaseRow]:
    """A person's cases, newest first."""
    return rows(LISTED.filter(person_id__in=one_with(person_id)).order_by("-opened_at"), keep_order=True)


def alarms(unit: Unit) -> list[Alarm]:
    """The *do not wait* list of a unit: emergencies not received in time, with nobody on duty, or unanswered too long,
    for which no call and no transfer was recorded since."""
    return of_unit(unit.pk, load.profile(here().kind).unreceived_alarm_minutes)


def timeline(case: Case, talk: Talk | None = None) -> list[Line]:
    """All that happened to a case, oldest first: events, messages, answers, and notices of crossings."""
    held = talk or talk_of(case)
    events, messages, answers, staff = held.events, held.messages, held.answers, held.staff
    refused = {one.pk.hex: one for one in held.declines}
    found = []
    for e in events:
        refusal = refused.get((e.values or {}).get("decline", ""))
        words = refusal.suggestion if refusal else e.said()
        found.append(Line(e.at, "event", e.act, words, staff.get(e.by_id), e.node, refusal or e))
    found += [
        Line(m.at, "message", "ask" if m.asks else "message", m.said(), staff.get(m.author_id), "", m) for m in messages
    ]
    found += [Line(a.at, "answer", a.status, a.diagnosis, staff.get(a.author_id), "", a) for a in answers]
    for clash in Clash.objects.filter(subject=case.pk, field="status").exclude(notice=""):
        said = " ".join(gettext(row.notice) for row in CASE.crossings if row.notice in clash.notice)
        found.append(Line(clash.found, "notice", "crossing", said or clash.notice, None, "", clash))
    return sorted(found, key=lambda line: (line.at, line.what.pk.int if isinstance(line.what.pk, UUID) else 0))


def messages_of(case: Case) -> list[Message]:
    """The messages of a case, oldest first."""
    return list(Message.objects.filter(case_id=case.pk).order_by("at", "id"))


def answer_of(case: Case) -> Answer | None:
    """The answer in force."""
    return latest_answer(case)


def files_of(case: Case) -> list[Attachment]:
    """The case's files, oldest first."""
    return attachments_of(case)


def available(case: Case, by: Staff) -> list[str]:
    """The acts of the table that this person may do now, in its order."""
    return [row.act for row in CASE.available(case.status) if row.right != "node" and may(by, row.right, case)]


def _last_events(cases: list[UUID]) -> dict[UUID, CaseEvent]:
    """Case → the last line of its timeline: what it was, and when."""
    latest = CaseEvent.objects.filter(case_id=OuterRef("pk")).order_by("-at", "-id").values("pk")[:1]
    ids = Case.objects.filter(pk__in=cases).order_by().values(last=Subquery(latest))
    found = CaseEvent.objects.filter(pk__in=ids).only("id", "case_id", "act", "at")
    return {one.case_id: one for one in found}


def rows(cases: Iterable[Case], *, keep_order: bool = False) -> list[CaseRow]:
    """Cases with the people, units, staff and last event that a list shows: four queries for any number."""
    held = list(cases)
    if not held:
        return []
    people, names = who_are(c.person_id for c in held)
    units = known_units(c.unit_id for c in held)
    staff = known_staff(c.specialist_id for c in held)
    last = _last_events([c.pk for c in held])
    today = local_day()
    now = clock.now()
    found = [
        CaseRow(
            case=c,
            person=people.get(c.person_id),
            names=names.get(c.person_id, []),
            age=age_of(people[c.person_id], today) if c.person_id in people else None,
            unit=units.get(c.unit_id),
            specialist=staff.get(c.specialist_id) if c.specialist_id else None,
            late=c.status in UNDER_WAY and c.deadline is not None and c.deadline < now,
            waiting_minutes=max(0, int((now - (c.sent_at or c.opened_at)).total_seconds() // 60)),
            last=last.get(c.pk),
        )
        for c in held
    ]
    return found if keep_order else sorted(found, key=_pressing)


def _pressing(row: CaseRow) -> tuple[int, int, float]:
    due = row.case.deadline or row.case.opened_at
    return URGENCY.get(row.case.urgency, 9), int(row.case.status in (MORE_ASKED, ACCEPTED)), due.timestamp()
