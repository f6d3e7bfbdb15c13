"""Which node holds what. The whole of it is these tables: kinds are named here, never imported.

A record about a person goes to the nodes in that person's scope. One about nobody goes to every node when its kind
is reference data, to those that a rule names, or nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Q, QuerySet

from qafila.journal import tables
from qafila.journal.apply import recorded_model
from qafila.journal.entries import Entry
from qafila.journal.here import here
from qafila.journal.models import Lane, Record, Recorded
from qafila.kernel import clock

REFERENCE = {
    "registry.staff",
    "registry.signingkey",
    "registry.duty",
    "registry.shift",
    "registry.unit",
    "registry.vehicle",
    "registry.room",
    "registry.assignment",
    "registry.release",
    "registry.round",
    "registry.stop",
    "clinic.packapproval",
    "clinic.nodekey",
    "clinic.paperpad",
    "sync.erasure",
}
"""Kinds that every node needs."""

GROWS = {"clinic.case": "unit", "clinic.visit": "unit", "registry.person": "home_unit"}
"""Kind → field that names a unit: the unit's nodes hold the person from then on."""

OF_UNITS = {
    "registry.lot": ("unit",),
    "registry.shipment": ("origin", "target"),
    "registry.stockmove": ("unit", "other"),
    "registry.instrument": ("unit",),
    "registry.instrumentevent": ("unit",),
}
"""Kind about nobody → fields that name units: the nodes of these units get it."""

ALSO = {"registry.personlink": "other"}
"""Kind → field that names a second person whose nodes need the record."""

ONE_PERSON: tuple[str, str, str, dict[str, Any]] = (
    "registry.personlink",
    "person_id",
    "other_id",
    {"relation": "same", "withdrawn": False},
)
"""Kind, its two people, and which of its rows say that these are one: whoever holds one record holds all of them."""

SOON = {"clinic.case", "clinic.caseevent", "clinic.message", "clinic.answer", "clinic.decline", "clinic.opinion"}
"""Kinds that go down with the answers, before all bulk: an answer without its case's new state would puzzle."""

PERSON, CASE, VISIT = "registry.person", "clinic.case", "clinic.visit"
HOLDING = "sync.holding"
ERASURE = "sync.erasure"
FIRST = -1
"""The lane of mail about holdings and erasures: before every record of the person."""

ASSIGNMENT = "registry.assignment"
CREDENTIAL = "registry.credential"

FILES = {
    "clinic.attachment": (("sha256", "size", "media"), ("preview", "", "")),
    "clinic.imaginginstance": (("sha256", "size", "media"),),
}
"""Kind → its files: fields with name, size and media type (empty: not stated)."""

ON_REQUEST = {"clinic.imaginginstance"}
"""Kinds whose files a node with a thin link fetches only when a person asks."""

Pair = tuple[str, UUID]
"""Kind and id of a row."""
Rule = Callable[[set[UUID]], dict[UUID, set[str]]]
_rules: dict[str, Rule] = {}


def rule(kind: str, nodes_for: Rule) -> None:
    """Records of `kind` about nobody go to the nodes that `nodes_for` names for each of several rows."""
    _rules[kind] = nodes_for


def lane(kind: str, own: int) -> int:
    """The lane in which a record goes down."""
    if kind in (HOLDING, ERASURE):
        return FIRST
    return min(own, Lane.ANSWER) if kind in SOON else own


def nodes_for(pairs: Iterable[Pair], every: Iterable[str]) -> dict[Pair, set[str]]:
    """The nodes that get the records about nobody of each of these rows."""
    found: dict[Pair, set[str]] = {}
    for kind, subjects in _by_kind(pairs).items():
        if kind in REFERENCE:
            all_of_them = set(every)
            found |= {(kind, subject): all_of_them for subject in subjects}
        elif kind == CREDENTIAL:
            found |= {(kind, pk): nodes for pk, nodes in _credentials(subjects).items()}
        elif kind in OF_UNITS:
            found |= {(kind, pk): nodes for pk, nodes in _of_units(kind, subjects).items()}
        elif kind in _rules:
            found |= {(kind, pk): nodes for pk, nodes in _rules[kind](subjects).items()}
    return found


def _by_kind(pairs: Iterable[Pair]) -> dict[str, set[UUID]]:
    found: dict[str, set[UUID]] = {}
    for kind, subject in pairs:
        found.setdefault(kind, set()).add(subject)
    return found


def _credentials(subjects: set[UUID]) -> dict[UUID, set[str]]:
    return where_they_work(dict(rows_of(CREDENTIAL).filter(pk__in=subjects).values_list("pk", "staff_id")))


def where_they_work(owners: dict[UUID, UUID]) -> dict[UUID, set[str]]:
    """Row → the member of staff whose it is; row → the nodes of the units where that person works."""
    crew = list(current_assignments().filter(staff_id__in=set(owners.values())).values_list("staff_id", "unit_id"))
    boxes = nodes_of_units({unit for _, unit in crew})
    places: dict[UUID, set[str]] = {}
    for staff, unit in crew:
        places.setdefault(staff, set()).update(boxes.get(unit, ()))
    return {pk: places.get(staff, set()) for pk, staff in owners.items()}


def _of_units(kind: str, subjects: set[UUID]) -> dict[UUID, set[str]]:
    """The nodes of the units that each of these rows names."""
    names = [f"{field}_id" for field in OF_UNITS[kind]]
    rows = list(rows_of(kind).filter(pk__in=subjects).values_list("pk", *names)) if recorded_model(kind) else []
    boxes = nodes_of_units({unit for _, *units in rows for unit in units if unit})
    return {pk: set[str]().union(*(boxes.get(unit, ()) for unit in units)) for pk, *units in rows}


def about_unit(unit: UUID) -> list[tuple[str, QuerySet[Any]]]:
    """Kind and ids of the rows of `OF_UNITS` that name a unit."""
    found = []
    for kind, fields in OF_UNITS.items():
        if recorded_model(kind) is not None:
            named = Q()
            for field in fields:
                named |= Q(**{f"{field}_id": unit})
            found.append((kind, rows_of(kind).filter(named).values("pk")))
    return found


def also(records: Iterable[Record | Entry]) -> dict[int, set[UUID]]:
    """Number of a record → further people whose nodes need it."""
    concerned = [r for r in records if r.kind in ALSO]
    found: dict[int, set[UUID]] = {}
    for kind, subjects in _by_kind((r.kind, r.subject) for r in concerned).items():
        if recorded_model(kind) is None:
            continue
        others = dict(rows_of(kind).filter(pk__in=subjects).values_list("pk", f"{ALSO[kind]}_id"))
        for record in concerned:
            if record.kind == kind and others.get(record.subject):
                found.setdefault(record.no, set()).add(others[record.subject])
    return found


MANY = 1000
"""People from which on all links are read at once."""


def one_person(people: set[UUID]) -> list[set[UUID]]:
    """The groups of records of one person that any of these belong to; none for those who were never merged."""
    kind, one, other, live = ONE_PERSON
    if not people or recorded_model(kind) is None:
        return []
    model, ends = apps.get_model(kind), [one, other]
    held: dict[UUID, set[UUID]] = {}
    asked: set[UUID] = set()
    fresh = set(people)
    while fresh:
        asked |= fresh
        if len(fresh) < MANY:
            near = [p for end in ends for p in tables.among(model, end, fresh, ends, here().database, **live)]
        else:
            near = list(rows_of(kind).filter(**live).values_list(*ends))
        for a, b in near:
            both = held.get(a, {a}) | held.get(b, {b})
            held |= dict.fromkeys(both, both)
        fresh = set(held) - asked if len(fresh) < MANY else set()
    return [g for g in {id(group): group for group in held.values()}.values() if not g.isdisjoint(people)]


def also_of(people: Iterable[UUID]) -> list[tuple[UUID, UUID, UUID]]:
    """Rows about somebody that are needed wherever one of `people` is held: (row, whom it is about, who needs it)."""
    wanted = list(people)
    found: list[tuple[UUID, UUID, UUID]] = []
    for kind, other in ALSO.items():
        if (model := recorded_model(kind)) is not None:
            rows = tables.among(model, f"{other}_id", wanted, ["id", "person_id", f"{other}_id"], here().database)
            found += [(pk, person, needs) for pk, person, needs in rows]
    return found


def others_of(person: UUID) -> list[tuple[UUID, UUID]]:
    """Rows about a person that others need, too: (row, who needs it)."""
    found: list[tuple[UUID, UUID]] = []
    for kind, other in ALSO.items():
        if recorded_model(kind) is not None:
            found += rows_of(kind).filter(person_id=person).values_list("pk", f"{other}_id")
    return found


def named_nodes(pairs: Iterable[Pair]) -> dict[Pair, set[str]]:
    """Nodes of the unit that each row names; all of the kinds of `GROWS`."""
    units: dict[Pair, UUID] = {}
    for kind, subjects in _by_kind(pairs).items():
        if (model := recorded_model(kind)) is not None:
            named = tables.among(model, "id", subjects, ["id", f"{GROWS[kind]}_id"], here().database)
            units |= {(kind, pk): unit for pk, unit in named if unit}
    boxes = nodes_of_units(set(units.values()))
    return {pair: boxes.get(unit, set()) for pair, unit in units.items()}


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
    return rows_of(ASSIGNMENT).filter(Q(ends__isnull=True) | Q(ends__gte=_yesterday()))


def _yesterday() -> date:
    """The first day of what is current. A day either way: the vehicle's day may differ from the hub's."""
    return clock.now().date() - timedelta(days=1)


def nodes_of_unit(unit: UUID | None) -> set[str]:
    """Codes of the boxes that serve a unit."""
    return nodes_of_units({unit}).get(unit, set()) if unit else set()


def nodes_of_units(units: set[UUID]) -> dict[UUID, set[str]]:
    """Codes of the boxes that serve each of these units."""
    found: dict[UUID, set[str]] = {}
    if units:
        first, model = _yesterday(), apps.get_model(ASSIGNMENT)
        for unit, node, ends in tables.among(model, "unit_id", units, ["unit_id", "node", "ends"], here().database):
            if node and (ends is None or ends >= first):
                found.setdefault(unit, set()).add(node)
    return found


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
