"""What joins somebody to a patient, read from the rows: home unit, visits, cases, opinions, grants of access.

Of one reader and one patient: two queries for a crew's own patient (one for the records that are the same person, one
for a restriction), at most six for a stranger. Inside `one_look` each is asked once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.db.models import Q

from qafila.clinic.access import rules
from qafila.clinic.access.models import AccessGrant
from qafila.clinic.access.rules import Basis, Ties
from qafila.clinic.cases.duty_models import Opinion
from qafila.clinic.cases.models import Case
from qafila.clinic.cases.transitions import OVER
from qafila.clinic.visits.models import Visit
from qafila.kernel import clock
from qafila.kernel.looks import looked
from qafila.packs import load
from qafila.registry.people.models import Person
from qafila.registry.people.queries import one_with
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import units_of

_OF_CASE = ("specialist_id", "status", "reconfirm", "came_after", "closed_at", "person_id")


def grace() -> timedelta:
    """How long after its end a case still opens the record."""
    return timedelta(days=load.access().case_grace_days)


def of_case(case: Case) -> Basis | None:
    """Whether the case needs its specialist, and whom they asked, to read the record."""
    again = case.reconfirm or case.came_after
    return rules.needs_reading(case.status, OVER, again, case.closed_at, clock.now(), grace())


def ties(by: Staff, person: UUID, scopes: Iterable[str | None]) -> Ties:
    """What joins them now, as far as these scopes make use of it: what they do not ask is not read."""
    asked = {one for one in scopes if one in ("own_unit", "case")}
    if not asked:
        return Ties()
    ids = frozenset(one_with(person))
    unit = "own_unit" in asked and _of_units(ids, my_units(by.pk))
    if unit and "case" not in asked:
        return Ties(unit=True)
    case = _case(by.pk, ids)
    if unit or case == Basis.CASE:
        return Ties(unit=unit, case=case == Basis.CASE, grace=case == Basis.GRACE)
    given = grants_for(by, person)
    present = any(one.way != AccessGrant.Way.BROKEN for one in given)
    return Ties(
        nobodys="own_unit" in asked and not present and _of_nobody(ids),
        present=present,
        grace=case == Basis.GRACE,
        broken=any(one.way == AccessGrant.Way.BROKEN for one in given),
    )


@looked
def my_units(staff: UUID) -> frozenset[UUID]:
    """The units in whose crews somebody is today."""
    return frozenset(units_of(Staff(pk=staff)))


@looked
def _of_units(ids: frozenset[UUID], units: frozenset[UUID]) -> bool:
    """Whether these records are of a unit's patient: at home there, or ever seen there, or with a case of it."""
    if not units:
        return False
    home = Person.objects.filter(pk__in=ids, home_unit_id__in=units).order_by().values_list("pk")
    seen = Visit.objects.filter(person_id__in=ids, unit_id__in=units).exclude(status=Visit.Status.ERROR)
    sent = Case.objects.filter(person_id__in=ids, unit_id__in=units).order_by().values_list("pk")
    # One query: each part is an index look-up of its own.
    return bool(home.union(seen.order_by().values_list("pk"), sent, all=True)[:1])


@looked
def _of_nobody(ids: frozenset[UUID]) -> bool:
    """Whether no unit has anything to do with these records: they hold who the person is, and no care."""
    home = Person.objects.filter(pk__in=ids, home_unit__isnull=False).order_by().values_list("pk")
    seen = Visit.objects.filter(person_id__in=ids).order_by().values_list("pk")
    sent = Case.objects.filter(person_id__in=ids).order_by().values_list("pk")
    return not home.union(seen, sent, all=True)[:1]


@looked
def _case(staff: UUID, ids: frozenset[UUID]) -> Basis | None:
    """The best that the patient's cases give somebody: one in hand, one that is over, none."""
    opinions = Opinion.objects.filter(staff_id=staff, withdrawn=False, person_id__in=ids).values("case_id")
    mine = Case.objects.filter(Q(specialist_id=staff) | Q(pk__in=opinions), person_id__in=ids)
    found = {of_case(case) for case in mine.only(*_OF_CASE)}
    return Basis.CASE if Basis.CASE in found else Basis.GRACE if Basis.GRACE in found else None


def cases_of(staff: UUID) -> list[Case]:
    """The cases of which somebody is the specialist, as far as they still open the record."""
    rows = Case.objects.filter(specialist_id=staff).filter(_needed()).only(*_OF_CASE)
    return [case for case in rows if of_case(case) is not None]


def asked_about(staff: UUID) -> list[Case]:
    """The cases about which somebody was asked, as far as they still open the record."""
    opinions = Opinion.objects.filter(staff_id=staff, withdrawn=False).values("case_id")
    rows = Case.objects.filter(pk__in=opinions).filter(_needed()).only(*_OF_CASE)
    return [case for case in rows if of_case(case) is not None]


def _needed() -> Q:
    since = clock.now() - grace()
    return ~Q(status__in=OVER) | Q(reconfirm=True) | Q(came_after=True) | Q(closed_at__gt=since)


@looked
def _grants(ids: frozenset[UUID]) -> list[AccessGrant]:
    """The grants of these records that have not run out, newest first."""
    rows = AccessGrant.objects.filter(person_id__in=ids, until__gt=clock.now())
    return list(rows.order_by("-at", "-id")[:50])


def grants_for(by: Staff, person: UUID) -> list[AccessGrant]:
    """What opens the patient's record to somebody now, newest first."""
    now = clock.now()
    held = [one for one in _grants(frozenset(one_with(person))) if rules.holds(one.at, one.until, one.ended_at, now)]
    if not held:
        return []
    units = my_units(by.pk)
    broken = AccessGrant.Way.BROKEN
    return [one for one in held if one.staff_id == by.pk or (one.way != broken and one.unit_id in units)]


def broken_by(by: Staff, person: UUID) -> AccessGrant | None:
    """The emergency access that somebody has taken to the patient's record, while it lasts."""
    return next((one for one in grants_for(by, person) if one.way == AccessGrant.Way.BROKEN), None)


def is_own(by: Staff, rule: str, about: str) -> bool:
    """Whether a listed access is the reviewer's own: nobody looks at their own. `about`: see `AccessReview`."""
    if rule != "break_glass":
        return by.pk.hex in about
    try:
        row = AccessGrant.objects.filter(pk=UUID(about)).first()
    except ValueError:
        return False
    return row is not None and row.staff_id == by.pk
