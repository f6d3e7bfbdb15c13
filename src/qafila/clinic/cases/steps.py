"""What every act of a case does: lock the row, move its state by the table, write a line of the timeline."""

from __future__ import annotations

from typing import Any

from qafila.clinic import refusal
from qafila.clinic.cases.models import Case, CaseEvent
from qafila.clinic.cases.transitions import CASE
from qafila.clinic.refusal import Refusal
from qafila.clinic.rules import words
from qafila.clinic.rules.words import N_, Message
from qafila.journal.here import here
from qafila.journal.models import Lane
from qafila.journal.write import Writer
from qafila.kernel import clock
from qafila.registry.staff.models import Staff

EMERGENCY = "emergency"
EMPTY = N_("Write something first.")


def current(case: Case) -> Case:
    """The row as it is now, locked: nobody moves a case by what they saw a minute ago."""
    return Case._base_manager.select_for_update().get(pk=case.pk)


def right_of(act: str) -> str:
    """The right that the table asks for."""
    return next(row.right for row in CASE.rows if row.act == act)


def lane_of(case: Case, usual: int = Lane.RECORD) -> int:
    """Everything about an emergency goes first."""
    return Lane.URGENT if case.urgency == EMERGENCY else usual


def move(case: Case, act: str) -> None:
    """Set the state that `act` leads to. Raises `WrongState`."""
    case.status = CASE.move(act, case.status)


def tell(
    write: Writer,
    case: Case,
    act: str,
    by: Staff | None,
    text: str | Message = "",
    *,
    lane: int | None = None,
) -> CaseEvent:
    """Write a line of the timeline: a person's own words, or a `Message` of the program."""
    return write.save(event(case, act, by, text), lane=lane if lane is not None else lane_of(case))


def event(case: Case, act: str, by: Staff | None, text: str | Message = "") -> CaseEvent:
    """A line of the timeline, not yet written."""
    program = isinstance(text, words.Message)
    values: dict[str, Any] | None = dict(text.params) if isinstance(text, words.Message) else None
    return CaseEvent(
        person_id=case.person_id,
        case_id=case.pk,
        act=act,
        at=clock.now(),
        by=by,
        node=here().node,
        words=text.text if isinstance(text, words.Message) else text,
        values=values if program else None,
    )


def tidy(text: str, most: int, *, needed: bool = True) -> str:
    """What a person wrote, tidied. Raises `Refusal` when it is too long, or empty though `needed`."""
    found = refusal.tidy(text, most, lines=True)
    if needed and not found:
        raise Refusal(Message(EMPTY))
    return found
