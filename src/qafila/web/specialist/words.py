"""What the hub's pages say of cases, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext

from qafila.clinic.cases.models import Case
from qafila.clinic.cases.queries import CaseRow
from qafila.kernel import clock
from qafila.packs import load
from qafila.packs.shapes import PackError
from qafila.packs.specialty import Specialty
from qafila.registry.units.models import Unit
from qafila.web.reception.words import age_words, language, minutes_words, name_words, unit_name
from qafila.web.staff_names import staff_name


def status_words(status: str) -> str:
    """Where a case is, as the hub says it."""
    return {
        "draft": gettext("Being written"),
        "sent": gettext("On its way to the hub"),
        "received": gettext("Here, with nobody"),
        "assigned": gettext("Given, not yet accepted"),
        "accepted": gettext("Being worked on"),
        "more_asked": gettext("Waits for the unit"),
        "declined": gettext("Declined, with nobody"),
        "answered": gettext("Answered, on its way to the unit"),
        "on_unit": gettext("The unit has the answer"),
        "explained": gettext("Explained to the person"),
        "closed": gettext("Closed"),
        "cancelled": gettext("Cancelled by the unit"),
        "died": gettext("Closed: the person died"),
    }.get(status, status)


def act_words(act: str) -> str:
    """A line of the timeline in a few words."""
    return {
        "draft": gettext("Begun"),
        "send": gettext("Sent by the unit"),
        "receive": gettext("Received by the hub"),
        "assign": gettext("Assigned"),
        "nobody_on_duty": gettext("Nobody can have it now"),
        "reroute": gettext("Given to another specialist"),
        "accept": gettext("Accepted"),
        "decline": gettext("Declined"),
        "ask": gettext("Asked for more"),
        "supply": gettext("The unit gave what was asked for"),
        "answer": gettext("Answered"),
        "final": gettext("Answer"),
        "amended": gettext("Earlier answer, replaced"),
        "entered-in-error": gettext("Answer withdrawn"),
        "correct": gettext("Answer corrected"),
        "confirm": gettext("Answer confirmed again"),
        "corrected": gettext("Something in the record was corrected"),
        "deliver": gettext("The answer is on the unit"),
        "read": gettext("Read on the unit"),
        "explain": gettext("Explained to the person"),
        "close": gettext("Closed"),
        "contact": gettext("The unit tried to reach the person"),
        "unread": gettext("Not opened on the unit in time"),
        "reminder": gettext("Reminder: it stays open"),
        "came_after": gettext("A file came after the answer"),
        "died": gettext("The person died"),
        "person_died": gettext("The person was recorded as deceased"),
        "cancel": gettext("Cancelled by the unit"),
        "overdue": gettext("The promised time has passed"),
        "consent_back": gettext("The person takes the consent back: no specialist is given it"),
        "kept_home": gettext("Kept in the country: whoever is on duty works abroad"),
        "waiting": gettext("In line: everybody on duty has cases in hand"),
        "wish_unmet": gettext("The wish for a woman or a man could not be met"),
        "claim": gettext("Taken from the line"),
        "release": gettext("In line again"),
        "remind": gettext("Reminded"),
        "pass_on": gettext("Passed on, not accepted in time"),
        "escalate": gettext("Told to the coordinator: the time runs out"),
        "hand_over": gettext("Handed over"),
        "stand_in": gettext("Another unit stands in"),
        "tell": gettext("The hub told the person itself"),
        "opinion_asked": gettext("An opinion was asked"),
        "opinion": gettext("An opinion was given"),
        "alarm_call": gettext("The unit called"),
        "alarm_transfer": gettext("The unit arranged a transfer"),
        "alarm_not_received": gettext("Alarm: not received by the hub in time"),
        "alarm_nobody_on_duty": gettext("Alarm: nobody on duty"),
        "alarm_late": gettext("Alarm: no answer in time"),
        "message": gettext("Message"),
        "crossing": gettext("Both sides acted before they met"),
    }.get(act, act)


def pack_of(specialty: str) -> Specialty | None:
    """The pack of a specialty; None where this node lacks it."""
    try:
        return load.load_specialty(specialty) if specialty in load.specialties() else None
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
