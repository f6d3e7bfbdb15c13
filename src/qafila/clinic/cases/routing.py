"""Whom a case goes to: pure, from facts about the specialists of the moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from qafila.clinic.rules.words import N_, Message

KNOWS = N_("%(name)s answered an earlier case of this person.")
SPEAKS = N_("%(name)s is on duty, speaks the person's language (open cases: %(load)s).")
LEAST = N_("%(name)s is on duty and has the fewest open cases (%(load)s).")
ONLY = N_("%(name)s is the only specialist on duty.")
NOBODY = N_("Nobody of this specialty is on duty.")
ALL_DECLINED = N_("Everybody on duty has declined this case.")

CONTINUITY_LIMIT = 5
"""A specialist who knows the person is preferred unless they have this many more open cases than the least loaded."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A specialist as routing sees one."""

    staff: UUID
    name: str
    specialties: frozenset[str]
    on_duty: bool
    languages: frozenset[str] = frozenset()
    load: int = 0
    """Open cases in hand."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What routing looks at of a case."""

    specialty: str
    language: str = ""
    """Spoken by the person or, failing that, used by the unit; "" = not known."""
    known_by: frozenset[UUID] = frozenset()
    """Who answered this person before."""
    declined_by: frozenset[UUID] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Choice:
    """Who gets the case and why, in words."""

    staff: UUID
    reason: Message


@dataclass(frozen=True, slots=True)
class Nobody:
    """Nobody can have the case now, and why."""

    reason: Message


def choose(candidates: Iterable[Candidate], case: Facts) -> Choice | Nobody:
    """Of those on duty for the specialty who have not declined: continuity, then language, then load."""
    able = [c for c in candidates if c.on_duty and case.specialty in c.specialties]
    if not able:
        return Nobody(Message(NOBODY))
    willing = [c for c in able if c.staff not in case.declined_by]
    if not willing:
        return Nobody(Message(ALL_DECLINED))
    least = min(c.load for c in willing)
    known = [c for c in willing if c.staff in case.known_by and c.load < least + CONTINUITY_LIMIT]
    if known:
        best = min(known, key=_order)
        return Choice(best.staff, Message(KNOWS, name=best.name))
    speaking = [c for c in willing if case.language and case.language in c.languages]
    best = min(speaking or willing, key=_order)
    if len(willing) == 1:
        return Choice(best.staff, Message(ONLY, name=best.name))
    return Choice(best.staff, Message(SPEAKS if speaking else LEAST, name=best.name, load=best.load))


def _order(candidate: Candidate) -> tuple[int, str, str]:
    return candidate.load, candidate.name, candidate.staff.hex
