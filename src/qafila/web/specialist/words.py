"""What the hub's pages say of cases, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from qafila.clinic.cases.models import Case
from qafila.clinic.cases.queries import CaseRow
from qafila.kernel import clock
from qafila.packs import load
from qafila.packs.shapes import PackError
from qafila.packs.specialty import Specialty
from qafila.registry.units.models import Unit
from qafila.web.reception.words import age_words, language, minutes_words, name_words, unit_name
from qafila.web.staff_names import staff_name

STATES: dict[str, str | Promise] = {
    "draft": _("Being written"),
    "sent": _("On its way to the hub"),
    "received": _("Here, with nobody"),
    "assigned": _("Given, not yet accepted"),
    "accepted": _("Being worked on"),
    "more_asked": _("Waits for the unit"),
    "declined": _("Declined, with nobody"),
    "answered": _("Answered, on its way to the unit"),
    "on_unit": _("The unit has the answer"),
    "explained": _("Explained to the person"),
    "closed": _("Closed"),
    "cancelled": _("Cancelled by the unit"),
    "died": _("Closed: the person died"),
}


def status_words(status: str) -> str:
    """Where a case is, as the hub says it."""
    return str(STATES.get(status, status))


ACTS: dict[str, str | Promise] = {
    "draft": _("Begun"),
    "send": _("Sent by the unit"),
    "receive": _("Received by the hub"),
    "assign": _("Assigned"),
    "nobody_on_duty": _("Nobody can have it now"),
    "reroute": _("Given to another specialist"),
    "accept": _("Accepted"),
    "decline": _("Declined"),
    "ask": _("Asked for more"),
    "supply": _("The unit gave what was asked for"),
    "answer": _("Answered"),
    "final": _("Answer"),
    "amended": _("Earlier answer, replaced"),
    "entered-in-error": _("Answer withdrawn"),
    "correct": _("Answer corrected"),
    "confirm": _("Answer confirmed again"),
    "corrected": _("Something in the record was corrected"),
    "deliver": _("The answer is on the unit"),
    "read": _("Read on the unit"),
    "explain": _("Explained to the person"),
    "close": _("Closed"),
    "contact": _("The unit tried to reach the person"),
    "unread": _("Not opened on the unit in time"),
    "reminder": _("Reminder: it stays open"),
    "came_after": _("A file came after the answer"),
    "died": _("The person died"),
    "person_died": _("The person was recorded as deceased"),
    "cancel": _("Cancelled by the unit"),
    "overdue": _("The promised time has passed"),
    "consent_back": _("The person takes the consent back: no specialist is given it"),
    "kept_home": _("Kept in the country: whoever is on duty works abroad"),
    "waiting": _("In line: everybody on duty has cases in hand"),
    "wish_unmet": _("The wish for a woman or a man could not be met"),
    "claim": _("Taken from the line"),
    "release": _("In line again"),
    "remind": _("Reminded"),
    "pass_on": _("Passed on, not accepted in time"),
    "escalate": _("Told to the coordinator: the time runs out"),
    "hand_over": _("Handed over"),
    "stand_in": _("Another unit stands in"),
    "tell": _("The hub told the person itself"),
    "opinion_asked": _("An opinion was asked"),
    "opinion": _("An opinion was given"),
    "alarm_call": _("The unit called"),
    "alarm_transfer": _("The unit arranged a transfer"),
    "alarm_not_received": _("Alarm: not received by the hub in time"),
    "alarm_nobody_on_duty": _("Alarm: nobody on duty"),
    "alarm_late": _("Alarm: no answer in time"),
    "message": _("Message"),
    "crossing": _("Both sides acted before they met"),
}


def act_words(act: str) -> str:
    """A line of the timeline in a few words."""
    return str(ACTS.get(act, act))


def pack_of(specialty: str) -> Specialty | None:
    """The pack of a specialty; None where this node lacks it."""
    # The folder is not looked through for each line of a list: what was read once is kept.
    try:
        return load.load_specialty(specialty) if specialty.isidentifier() else None
    except PackError:
        return None


def specialty_words(code: str) -> str:
    """A specialty's name, its code where this node lacks the pack."""
    pack = pack_of(code)
    return pack.label.text(language()) if pack else code


def unit_words(unit: Unit | None) -> str:
    """A unit's name; words for one that is not known here."""
    return unit_name(unit) if unit is not None else gettext("Unit not known here")


def due_words(deadline: datetime | None) -> str:
    """How long until the promised time, or since."""
    if deadline is None:
        return ""
    minutes = int((deadline - clock.now()).total_seconds() // 60)
    if minutes >= 0:
        return gettext("due in %(time)s") % {"time": minutes_words(minutes)}
    return gettext("late by %(time)s") % {"time": minutes_words(-minutes)}


def delay_words(case: Case) -> str:
    """How long the case took from leaving the doctor's hands to arriving here: the link, not the hub."""
    if case.sent_at is None or case.received_at is None:
        return ""
    return minutes_words(max(0, int((case.received_at - case.sent_at).total_seconds() // 60)))


def outcome_words(case: Case) -> str:
    """How a case ended, in the pack's words; "" while it is open."""
    pack = pack_of(case.specialty) if case.outcome else None
    found = next((one.label.text(language()) for one in pack.outcome if one.code == case.outcome), "") if pack else ""
    return found or case.outcome


@dataclass(frozen=True)
class Line:
    """One case of a list with its words."""

    row: CaseRow
    name: str
    other: str
    age: str
    unit: str
    specialist: str
    specialty: str
    words: str
    waiting: str
    due: str
    delay: str
    last: str
    outcome: str
    """How the case ended, in the pack's words; "" before."""

    @property
    def case(self) -> Case:
        """The case."""
        return self.row.case

    @property
    def late(self) -> bool:
        """Past its promised time."""
        return self.row.late


class Shown(NamedTuple):
    """All that a case's place in a list shows."""

    case: UUID
    urgency: str
    name: str
    other: str
    age: str
    words: str
    question: str
    specialty: str
    unit: str
    sent_at: datetime | None
    delay: str
    due: str
    late: bool
    reconfirm: bool
    came_after: bool
    owned: bool
    """It says who has it, too."""
    specialist: str
    last: str


def shown(line: Line, *, owner: bool = False, specialty: bool = False) -> Shown:
    """A line as it stands in a list; `owner`: with who has it, `specialty`: with the specialty."""
    case = line.case
    return Shown(
        case.pk, case.urgency, line.name, line.other, line.age, line.words, case.question,
        line.specialty if specialty else "", line.unit, case.sent_at, line.delay,
        "" if case.answered_at else line.due, line.late, case.reconfirm, case.came_after, owner,
        line.specialist if owner else "", line.last,
    )  # fmt: skip


class InPool(NamedTuple):
    """All that is shown of a case that nobody has, to those who may take it: nothing of whom it is about."""

    case: UUID
    specialty: str
    urgency: str
    words: str
    unit: str
    waiting: str
    due: str
    late: bool


def in_pool(line: Line) -> InPool:
    """A line as it stands among those that nobody has."""
    case = line.case
    return InPool(case.pk, line.specialty, case.urgency, line.words, line.unit, line.waiting, line.due, line.late)


def lines(rows: list[CaseRow]) -> list[Line]:
    """Rows of a list with their words."""
    return [_line(row) for row in rows]


def _line(row: CaseRow) -> Line:
    name, other = name_words(row.person, row.names)
    return Line(
        row=row,
        name=name,
        other=other,
        age=age_words(row.age) if row.person else "",
        unit=unit_words(row.unit),
        specialist=staff_name(row.specialist),
        specialty=specialty_words(row.case.specialty),
        words=status_words(row.case.status),
        waiting=minutes_words(row.waiting_minutes),
        due=due_words(row.case.deadline),
        delay=delay_words(row.case),
        last=act_words(row.last.act) if row.last else "",
        outcome=outcome_words(row.case),
    )
