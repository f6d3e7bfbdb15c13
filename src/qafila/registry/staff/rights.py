"""Who may do what here: roles are data (`packs/roles.toml`), scope is read from the record at hand."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Protocol
from uuid import UUID

from qafila.journal import wall
from qafila.kernel.looks import looked
from qafila.kernel.rights import Closed, Grants, NotAllowed
from qafila.packs import load
from qafila.registry.people.queries import one_with
from qafila.registry.staff.models import Staff
from qafila.registry.units.models import Unit
from qafila.registry.units.queries import holding


@lru_cache(maxsize=256)
def _grants(held: tuple[str, ...]) -> Grants:
    return Grants.of_roles({code: role.rights for code, role in load.roles().items()}, list(held))


def grants(staff: Staff | None) -> Grants:
    """What the person may do at all; nothing for one who left."""
    if staff is None or not staff.active:
        return Grants()
    return _grants(tuple(sorted(staff.roles)))


class Ties(Protocol):
    """What joins the staff to patients: known to the wing that keeps visits and cases (`clinic.access.door`)."""

    def reaches(self, by: Staff, person: UUID, scope: str) -> bool:
        """Whether a right of that scope reaches the patient's record."""

    def in_hand(self, by: Staff, case: Any) -> bool:
        """Whether somebody is the case's specialist, as long as it needs one."""

    def cases(self, by: Staff) -> dict[UUID, UUID]:
        """The cases that somebody has in hand, each with its patient."""

    def asked_about(self, by: Staff) -> dict[UUID, UUID]:
        """The cases about which somebody is asked for an opinion, each with its patient."""


_ties: list[Ties] = []


def joined_by(ties: Ties) -> None:
    """Ask these from now on what joins somebody to a patient."""
    _ties[:] = [ties]


READING = frozenset({"case.read", "person.read", "visit.read", "journal.read", "print"})
"""Rights to read: they reach a row through its patient, too, whoever's unit wrote it."""
SHARED = frozenset({"case.read", "person.read", "visit.read", "journal.read"})
"""What somebody asked for an opinion may do about the case and its patient: read."""


def may(by: Staff | None, right: str, about: Any = None) -> bool:
    """Whether `by` holds `right`, on `about` where one is given.

    Scope `all` reaches every record; `own_unit` what belongs to a unit of the person's crews, and what is part of the
    record of a patient of these units; `case` the cases in the person's hand, and the patients of these.
    """
    scope = grants(by).scope(right)
    if scope is None or by is None:
        return False
    if about is None or scope == "all":
        return True
    if scope == "case":
        return _in_case(by, about, right)
    unit = about.pk if isinstance(about, Unit) else getattr(about, "unit_id", None)
    if unit is not None and unit in units_of(by):
        return True
    person = _patient(about)
    if person is None:
        return unit is None
    return (unit is None or right in READING) and _ties[0].reaches(by, person, scope)


def _patient(about: Any) -> UUID | None:
    found = getattr(about, "subject_of_care", None)
    return found() if found is not None else None


def require(by: Staff | None, right: str, about: Any = None) -> None:
    """Raises `NotAllowed` unless `may`; `Closed` where the patient's presence, or emergency access, would help."""
    if may(by, right, about):
        return
    person = _patient(about)
    if person is not None and grants(by).has(right) and (right in READING or getattr(about, "unit_id", None) is None):
        raise Closed(right, person)
    raise NotAllowed(right)


def require_or_node(by: Staff | None, right: str, about: Any = None) -> None:
    """As `require`, but None is the node itself: what it does while it is set up needs nobody's right."""
    if by is not None:
        require(by, right, about)


READS = frozenset({
    "person.read", "visit.read", "case.read", "journal.read", "queue.read", "person.merge", "case.assign",
    "clash.resolve", "image.match", "lab.match", "alarm.act", "print", "stock.dispense",
})  # fmt: skip
"""Rights whose pages show patients."""


def reach(by: Staff | None) -> frozenset[str]:
    """How far somebody's roles let them see at most, as `journal.wall` has it: the widest of what they may read."""
    held = grants(by)
    scopes = {held.scope(right) for right in READS}
    if "all" in scopes:
        return frozenset({wall.ALL})
    named = {"own_unit": wall.UNIT, "case": wall.CASE}
    pool = {wall.POOL} if held.has("case.claim") else set()
    return frozenset({named[scope] for scope in scopes if scope in named} | pool)


@looked
def units_of(staff: Staff) -> frozenset[UUID]:
    """The units in whose crews the person is today."""
    return frozenset(holding().filter(staff=staff).values_list("unit_id", flat=True))


def _in_case(by: Staff, about: Any, right: str) -> bool:
    if hasattr(about, "specialist_id"):
        if _ties[0].in_hand(by, about) or (right in SHARED and about.pk in asked_about(by)):
            return True
        return right in READING and _ties[0].reaches(by, about.person_id, "case")
    case = getattr(about, "case", None)
    if case is not None:
        return _in_case(by, case, right)
    person = _patient(about)
    if person is None:
        return False
    if right in READING:
        return _ties[0].reaches(by, person, "case")
    return not patients_of(by).isdisjoint(one_with(person))


def asked_about(by: Staff) -> dict[UUID, UUID]:
    """The cases about which the person is asked for an opinion, each with its patient, as long as they need it."""
    return _ties[0].asked_about(by)


def patients_of(by: Staff) -> set[UUID]:
    """The patients of the cases that the person has in hand."""
    return set(_ties[0].cases(by).values())
