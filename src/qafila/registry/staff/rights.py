"""Who may do what here: roles are data (`packs/roles.toml`), scope is read from the record at hand."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import Q

from qafila.kernel.rights import Grants, NotAllowed
from qafila.packs import load
from qafila.registry.people.queries import one_with
from qafila.registry.places.here import local_day
from qafila.registry.staff.models import Staff
from qafila.registry.units.models import Assignment, Unit


@lru_cache(maxsize=256)
def _grants(held: tuple[str, ...]) -> Grants:
    return Grants.of_roles({code: role.rights for code, role in load.roles().items()}, list(held))


def grants(staff: Staff | None) -> Grants:
    """What the person may do at all; nothing for one who left."""
    if staff is None or not staff.active:
        return Grants()
    return _grants(tuple(sorted(staff.roles)))


def may(by: Staff | None, right: str, about: Any = None) -> bool:
    """Whether `by` holds `right`, on `about` where one is given.

    Scope `all` reaches every record; `own_unit` what belongs to a unit of the person's crews (a person's record
    belongs to every unit that serves them); `case` the cases assigned to the person, and the patients of these.
    """
    scope = grants(by).scope(right)
    if scope is None or by is None:
        return False
    if about is None or scope == "all":
        return True
    if scope == "case":
        return _in_case(by, about, right)
    unit = about.pk if isinstance(about, Unit) else getattr(about, "unit_id", None)
    return unit is None or unit in units_of(by)


def require(by: Staff | None, right: str, about: Any = None) -> None:
    """Raises `NotAllowed` unless `may`."""
    if not may(by, right, about):
        raise NotAllowed(right)


def require_or_node(by: Staff | None, right: str, about: Any = None) -> None:
    """As `require`, but None is the node itself: what it does while it is set up needs nobody's right."""
    if by is not None:
        require(by, right, about)


def units_of(staff: Staff) -> set[UUID]:
    """The units in whose crews the person is today."""
    today = local_day()
    rows = Assignment._base_manager.filter(staff=staff, starts__lte=today)
    return set(rows.filter(Q(ends__isnull=True) | Q(ends__gte=today)).values_list("unit_id", flat=True))


SHARED = frozenset({"case.read", "person.read", "visit.read", "journal.read"})
"""What somebody asked for an opinion may do about the case and its patient: read."""


def _in_case(by: Staff, about: Any, right: str) -> bool:
    if hasattr(about, "specialist_id"):
        return bool(about.specialist_id == by.pk) or (right in SHARED and about.pk in asked_about(by))
    case = getattr(about, "case", None)
    if case is not None:
        return _in_case(by, case, right)
    person = about.subject_of_care()
    if person is None:
        return False
    known = patients_of(by)
    if right in SHARED:
        known |= set(asked_about(by).values())
    return not known.isdisjoint(one_with(person))


def asked_about(by: Staff) -> dict[UUID, UUID]:
    """The cases about which the person is asked for an opinion, each with its patient."""
    from django.apps import apps

    asked = apps.get_model("clinic.Opinion")._base_manager.filter(staff=by, withdrawn=False)
    return dict(asked.values_list("case_id", "person_id"))


def patients_of(by: Staff) -> set[UUID]:
    """The patients of the cases assigned to the person."""
    from django.apps import apps

    cases = apps.get_model("clinic.Case")._base_manager.filter(specialist=by)
    return set(cases.values_list("person_id", flat=True))
