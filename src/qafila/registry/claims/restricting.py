"""Putting a record aside while it is in dispute: it stays as it is, few see it, and no figure counts it.

Who may see it holds `restriction.read`, or opens it in an emergency (`clinic.access.door`).
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.kernel.looks import looked
from qafila.kernel.text import N_, tidy
from qafila.registry.claims.models import Restriction
from qafila.registry.people.models import Person
from qafila.registry.people.queries import one_with
from qafila.registry.refused import ActRefused
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require

WHY = N_("Write why.")
THERE = N_("This record is restricted already.")
NOT_THERE = N_("This record is not restricted.")


@looked
def of(person: UUID) -> Restriction | None:
    """The restriction under which a person's record is now, any of those that were merged."""
    found: Restriction | None = Restriction.objects.filter(person_id__in=one_with(person), lifted_at=None).first()
    return found


def restricted() -> set[UUID]:
    """All people whose record is put aside: a statistic leaves them out."""
    people = Restriction.objects.filter(lifted_at=None).values_list("person_id", flat=True)
    return {one for person in people for one in one_with(person)}


def restrict(person: Person, by: Staff, reason: str) -> Restriction:
    """Put a record aside. Raises `NotAllowed`, `ActRefused`."""
    require(by, "claim.decide", person)
    words = _words(reason)
    if not words:
        raise ActRefused(WHY)
    if of(person.pk) is not None:
        raise ActRefused(THERE)
    with writing(by, act="record.restrict") as write:
        return write.save(Restriction(person=person, reason=words, by=by, at=clock.now()))


def lift(person: Person, by: Staff, why: str) -> Restriction:
    """The record is used again as any other. Raises `NotAllowed`, `ActRefused`."""
    require(by, "claim.decide", person)
    words, row = _words(why), of(person.pk)
    if row is None:
        raise ActRefused(NOT_THERE)
    if not words:
        raise ActRefused(WHY)
    with writing(by, act="record.unrestrict") as write:
        row.lifted_by, row.lifted_at, row.words = by, clock.now(), words
        return write.save(row)


def without_restricted(people: Iterable[UUID]) -> set[UUID]:
    """Those whose record may be counted."""
    return set(people) - restricted()


def _words(text: str) -> str:
    return tidy(text, 300, lambda bad: ActRefused(bad.message, **bad.values))
