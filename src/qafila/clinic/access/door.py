"""The one way to a patient's record: every page that shows one comes through `read`.

`read` decides, keeps the look, and says what of the record may be shown. Acts that write ask `registry.staff.rights`,
which asks here what joins the two (`connect`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from qafila.clinic.access import queries, rules
from qafila.clinic.access.models import AccessGrant
from qafila.clinic.access.rules import Basis, Sight, Ties
from qafila.clinic.cases.models import Case
from qafila.clinic.visits.models import Visit
from qafila.journal import history
from qafila.journal.models import Label
from qafila.kernel.rights import Closed, NotAllowed
from qafila.packs import load
from qafila.registry.claims import restricting
from qafila.registry.staff import rights
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import grants

Row = TypeVar("Row")


@dataclass(frozen=True)
class Opened:
    """A patient's record that somebody has opened: why they read it, and what of it they see."""

    by: UUID
    person: UUID
    basis: Basis
    sights: dict[int, Sight] = field(hash=False, default_factory=dict)
    broken: AccessGrant | None = None
    """The emergency access that lasts, to say so on the page."""

    def sight(self, level: int) -> Sight:
        """What the reader gets to know of rows with a label."""
        return self.sights.get(level, Sight.NOTHING)

    def sees(self, row: Any) -> bool:
        """Whether a row may be shown: by its label, or because the reader wrote it."""
        if self.sight(row.label) == Sight.SEES:
            return True
        return self.by in (getattr(row, "author_id", None), getattr(row, "recorder_id", None))

    def require(self, row: Any) -> None:
        """Raises `NotAllowed` where a row may not be shown."""
        if not self.sees(row):
            raise NotAllowed(load.access().labelled(row.label).sees)

    def shown(self, rows: Iterable[Row]) -> list[Row]:
        """Of rows those that may be shown."""
        return [row for row in rows if self.sees(row)]

    def kept_back(self, rows: Iterable[Any]) -> int:
        """How many of the rows are not shown, as far as the reader may know that there are any."""
        return sum(not self.sees(row) and self.sight(row.label) == Sight.KNOWS for row in rows)


def read(by: Staff, person: UUID, page: str, right: str = "person.read", row: Case | Visit | None = None) -> Opened:
    """Open a patient's record for a page, and keep that somebody looked. Raises `NotAllowed`, `Closed`.

    `right`: the one that the page needs; its scope has to reach the patient. `row`: a visit or a case of the
    patient's that the page has read already: where it is the tie, nothing more is asked.
    """
    opened = may_open(by, person, right, row, page)
    if opened.broken is not None and opened.basis == Basis.BROKEN:
        history.log_read(by.pk, person, page, opened.broken.reason, opened.basis)
    else:
        history.log_read(by.pk, person, page, "", opened.basis)
    return opened


def may_open(
    by: Staff, person: UUID, right: str = "person.read", row: Case | Visit | None = None, page: str = ""
) -> Opened:
    """As `read`, for a part of a page that is open already: no look is kept. Raises `NotAllowed`, `Closed`."""
    held = grants(by)
    scope = held.require(right)
    labels = {level: load.access().labelled(level) for level in Label.values}
    scopes = {one: held.scope(one) for label in labels.values() for one in (label.sees, label.knows) if one}
    asked = {scope, *scopes.values()} - {None, "all"}
    ties = _through(by, row, asked) if row is not None and row.person_id == person else None
    ties = ties or queries.ties(by, person, asked)
    why = rules.basis(scope, ties)
    if why is None:
        raise Closed(right, person)
    put_aside = restricting.of(person) is not None
    broken = queries.broken_by(by, person) if ties.broken or put_aside else None
    if rules.shut(page, restricted=put_aside, reads=held.has("restriction.read"), broken=broken is not None):
        raise Closed(right, person, aside=True)
    sights = {
        level: Sight.SEES
        if level == Label.NORMAL
        else rules.sight(scopes.get(label.sees), scopes.get(label.knows), ties)
        for level, label in labels.items()
    }
    return Opened(by.pk, person, why, sights, broken)


def _through(by: Staff, row: Case | Visit, asked: set[str | None]) -> Ties | None:
    """The tie that a row at hand makes, where the rights ask for no other kind."""
    if asked == {"case"} and isinstance(row, Case) and row.specialist_id == by.pk:
        return Ties(case=True) if queries.of_case(row) == Basis.CASE else None
    if asked == {"own_unit"} and row.status != Visit.Status.ERROR and row.unit_id in queries.my_units(by.pk):
        return Ties(unit=True)
    return None


def listed(by: Staff, people: Iterable[UUID], page: str) -> None:
    """Keep that somebody saw these patients in a list that was chosen by their own unit, or by a right over all."""
    for person in people:
        history.log_read(by.pk, person, page)


class _Ties:
    """Answers the question of `registry.staff.rights`: what joins somebody to the patient of a row."""

    def reaches(self, by: Staff, person: UUID, scope: str) -> bool:
        return rules.basis(scope, queries.ties(by, person, (scope,))) is not None

    def in_hand(self, by: Staff, case: Case) -> bool:
        return case.specialist_id == by.pk and queries.of_case(case) is not None

    def cases(self, by: Staff) -> dict[UUID, UUID]:
        return {case.pk: case.person_id for case in queries.cases_of(by.pk)}

    def asked_about(self, by: Staff) -> dict[UUID, UUID]:
        return {case.pk: case.person_id for case in queries.asked_about(by.pk)}


def connect() -> None:
    """Let rights be asked of a given patient."""
    rights.joined_by(_Ties())
