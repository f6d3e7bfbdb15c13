"""Which node holds what. The whole of it is these tables: kinds are named here, never imported.

A record about a person goes to the nodes in that person's scope. One about nobody goes to every node when its kind
is reference data, to those that a rule names, or nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Q, QuerySet

from qafila.journal.ingest import recorded_model
from qafila.journal.models import Recorded
from qafila.kernel import clock

REFERENCE = {
    "registry.staff",
    "registry.duty",
    "registry.unit",
    "registry.vehicle",
    "registry.room",
    "registry.assignment",
    "registry.round",
    "registry.stop",
}
"""Kinds that every node needs."""

GROWS = {"clinic.case": "unit", "clinic.visit": "unit", "registry.person": "home_unit"}
"""Kind → field that names a unit: the unit's nodes hold the person from then on."""

ALSO = {"registry.personlink": "other"}
"""Kind → field that names a second person whose nodes need the record."""

SOON = {"clinic.case", "clinic.caseevent", "clinic.message", "clinic.answer"}
"""Kinds that go down with the answers, before all bulk: an answer without its case's new state would puzzle."""

ASSIGNMENT = "registry.assignment"
CREDENTIAL = "registry.credential"

FILES = {"clinic.attachment": (("sha256", "size", "media"), ("preview", "", ""))}
"""Kind → its files: fields with name, size and media type (empty: not stated)."""

Rule = Callable[[UUID], set[str]]
_rules: dict[str, Rule] = {}


def rule(kind: str, nodes_for: Rule) -> None:
    """Records of `kind` about nobody go to the nodes that `nodes_for(subject)` names."""
    _rules[kind] = nodes_for


def reference(kind: str) -> None:
    """Records of `kind` go to every node."""
    REFERENCE.add(kind)


def nodes_for(kind: str, subject: UUID, every: Iterable[str]) -> set[str]:
    """The nodes that get a record about nobody."""
    if kind in REFERENCE:
        return set(every)
    if kind == CREDENTIAL:
        row = row_of(kind, subject)
        return nodes_of_staff(getattr(row, "staff_id", None)) if row else set()
    return _rules[kind](subject) if kind in _rules else set()


def row_of(kind: str, subject: UUID) -> Recorded | None:
    """The row of a record, where this version knows its kind and it is visible."""
    model = recorded_model(kind)
    return model._base_manager.filter(pk=subject).first() if model else None


def rows_of(kind: str) -> QuerySet[Any]:
    """The rows of a kind that this version knows."""
    rows: QuerySet[Any] = apps.get_model(kind)._base_manager.all()
    return rows


def current_assignments() -> QuerySet[Any]:
    """Assignments that hold today or will."""
    # A day either way: the vehicle's day may differ from the hub's.
    yesterday = clock.now().date() - timedelta(days=1)
    return rows_of(ASSIGNMENT).filter(Q(ends__isnull=True) | Q(ends__gte=yesterday))


def nodes_of_unit(unit: UUID | None) -> set[str]:
    """Codes of the boxes that serve a unit."""
    if unit is None:
        return set()
    return set(current_assignments().filter(unit_id=unit).exclude(node="").values_list("node", flat=True))


def nodes_of_staff(staff: UUID | None) -> set[str]:
    """Codes of the boxes of the units in whose crews a person is."""
    if staff is None:
        return set()
    units = current_assignments().filter(staff_id=staff).values_list("unit_id", flat=True)
    return set().union(*(nodes_of_unit(unit) for unit in set(units)))


def named_nodes(kind: str, subject: UUID) -> set[str]:
    """Nodes of the unit that a record names, for the kinds of `GROWS`."""
    if kind not in GROWS:
        return set()
    row = row_of(kind, subject)
    return nodes_of_unit(getattr(row, f"{GROWS[kind]}_id", None)) if row else set()


def people_of_unit(unit: UUID) -> set[UUID]:
    """People whose record the boxes of a unit hold."""
    people: set[UUID] = set()
    for kind, field in GROWS.items():
        person = "pk" if kind == "registry.person" else "person_id"
        people |= set(rows_of(kind).filter(**{f"{field}_id": unit}).values_list(person, flat=True))
    return people


def crew_credentials(unit: UUID) -> set[UUID]:
    """Credentials of a unit's crew."""
    staff = current_assignments().filter(unit_id=unit, staff__isnull=False).values_list("staff_id", flat=True)
    return set(rows_of(CREDENTIAL).filter(staff_id__in=list(staff)).values_list("pk", flat=True))
