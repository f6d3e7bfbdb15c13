"""Whose record is erased: what comes of it, by whatever way and however late, stays without its fields.

The list holds ids alone. A record keeps its header, digest, prev and hash, so that the chain stays whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from qafila.journal import tables
from qafila.journal.entries import Parcel
from qafila.journal.here import here
from qafila.journal.models import Erased, Record

OVERLAP = 100_000
"""Numbers are given before they are committed: so many below the last one looked at are looked at again."""
_SOME = 500
_looked: dict[tuple[str, str], int] = {}
"""(Database, its file) → the number of the last record that was looked at."""


@dataclass(frozen=True)
class Gone:
    """What of some people is erased."""

    rows: dict[UUID, set[UUID]] = field(default_factory=dict)
    """Person → ids of rows; the person's own among them: everything."""

    def covers(self, patient: UUID | None, subject: UUID) -> bool:
        """Whether this row of that person is."""
        rows = self.rows.get(patient) if patient is not None else None
        return rows is not None and (patient in rows or subject in rows)


def among(patients: Iterable[UUID | None]) -> Gone:
    """What of these people is erased: one query."""
    wanted = {p for p in patients if p is not None}
    found = Gone()
    for patient, subject in tables.among(Erased, "patient", wanted, ["patient", "subject"], here().database):
        found.rows.setdefault(patient, set()).add(subject)
    return found


def add(patient: UUID, subjects: Iterable[UUID]) -> None:
    """These rows of a person are erased from now on; the person's own id: everything."""
    rows = [(patient, subject) for subject in sorted(set(subjects))]
    tables.insert(Erased, ["patient", "subject"], rows, here().database, once=["patient", "subject"])


def bare(parcel: Parcel) -> Parcel:
    """The record without its fields."""
    return Parcel(parcel.header, None, b"", parcel.lane, parcel.prev)


def late() -> dict[UUID, set[UUID]]:
    """Person → rows that were written or taken in with fields although they are erased: by somebody whose page was
    open, or in the moment in which it was done. The first look of a process goes over all."""
    name = here().database, str(here().directory)
    records = Record._base_manager.using(here().database)
    top = records.order_by("-no").values_list("no", flat=True).first() or 0
    last = _looked.get(name, 0)
    fresh = records.filter(no__gt=last - OVERLAP if last <= top else 0).exclude(fields=None)
    found: dict[UUID, set[UUID]] = {}
    people = sorted(set(Erased._base_manager.using(here().database).values_list("patient", flat=True)))
    for start in range(0, len(people), _SOME):
        some = people[start : start + _SOME]
        gone = among(some)
        for patient, subject in fresh.filter(patient__in=some).values_list("patient", "subject"):
            if patient is not None and gone.covers(patient, subject):
                found.setdefault(patient, set()).add(subject)
    _looked[name] = top
    return found
