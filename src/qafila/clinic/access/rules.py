"""Who reads what: the tie between a person of the staff and a patient, the scope of their right, the row's label.

Pure. A role says which rights somebody holds and how far each reaches (`packs/roles.toml`); a tie says what the two
have to do with each other now. Emergency access replaces the tie, never the right: who may not see something of the
own patients sees it of nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Basis(StrEnum):
    """Why somebody reads a record; kept with every look."""

    ALL = "all"
    """The right reaches every record of the node."""
    UNIT = "unit"
    """The patient is one of the reader's unit: at home there, seen there, or with a case of it."""
    NOBODYS = "nobodys"
    """The patient is of no unit yet, and has no visit and no case anywhere."""
    CASE = "case"
    """The reader has a case of theirs in hand, or was asked about one."""
    PRESENT = "present"
    """The patient stands at the reader's unit: card, or two identifiers."""
    GRACE = "grace"
    """The reader's case is over, and not for long."""
    BROKEN = "broken"
    """Emergency access, with a reason."""


class Sight(StrEnum):
    """What somebody gets to know of a row."""

    SEES = "sees"
    KNOWS = "knows"
    """That there is one, and nothing of it."""
    NOTHING = "nothing"


@dataclass(frozen=True)
class Ties:
    """What joins a person of the staff to a patient at an instant."""

    unit: bool = False
    nobodys: bool = False
    case: bool = False
    present: bool = False
    grace: bool = False
    broken: bool = False


_OF_SCOPE: Mapping[str, tuple[tuple[str, Basis], ...]] = {
    "own_unit": (
        ("unit", Basis.UNIT), ("nobodys", Basis.NOBODYS), ("case", Basis.CASE), ("present", Basis.PRESENT),
        ("grace", Basis.GRACE), ("broken", Basis.BROKEN),
    ),
    "case": (("case", Basis.CASE), ("grace", Basis.GRACE), ("broken", Basis.BROKEN)),
}  # fmt: skip
"""Scope → the ties through which it reaches a record, the strongest first. Of somebody who is both of a crew and a
specialist the wider scope holds, and includes the narrower."""


def basis(scope: str | None, ties: Ties) -> Basis | None:
    """Why a right of that scope reaches the patient's record; None: it does not."""
    if scope is None:
        return None
    if scope == "all":
        return Basis.ALL
    return next((why for name, why in _OF_SCOPE[scope] if getattr(ties, name)), None)


def sight(sees: str | None, knows: str | None, ties: Ties) -> Sight:
    """What somebody gets to know of a row whose label needs these rights; each given by the scope it is held with."""
    if basis(sees, ties) is not None:
        return Sight.SEES
    return Sight.KNOWS if basis(knows, ties) is not None else Sight.NOTHING


def needs_reading(status: str, over: Collection[str], again: bool, ended: datetime | None, now: datetime,
                  grace: timedelta) -> Basis | None:  # fmt: skip
    """Whether a case needs its specialist to read the record: while it is open or has come up again, and some time
    after. `over`: the states in which a case has ended."""
    if status not in over or again:
        return Basis.CASE
    return Basis.GRACE if ended is not None and now - ended < grace else None


WHO_ALONE = frozenset({"reception.person", "reception.edit", "reception.card", "records.looks", "loop.round",
                       "claims.person", "claims.list"})  # fmt: skip
"""Pages that say who somebody is and what they asked, and show nothing of the record itself."""


def shut(page: str, *, restricted: bool, reads: bool, broken: bool) -> bool:
    """Whether a record that was put aside stays shut to somebody: who may not read it (`restriction.read`) opens it in
    an emergency alone."""
    return restricted and page not in WHO_ALONE and not (reads or broken)


def holds(starts: datetime, until: datetime, ended: datetime | None, now: datetime) -> bool:
    """Whether a grant of access is in force."""
    return starts <= now < min(until, ended or until)
