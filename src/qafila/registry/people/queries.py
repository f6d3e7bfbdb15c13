"""People by their keys; SQL by hand where an index has to serve a whole search."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connections
from django.db.models import Q

from qafila.journal.here import here
from qafila.journal.models import Clash
from qafila.registry.people.models import NameKey, Person, PersonLink, PersonName

MOST_CANDIDATES = 120


def get(person_id: UUID) -> Person | None:
    """The person, where their record is on this node."""
    found: Person | None = Person.objects.filter(pk=person_id).first()
    return found


def candidates(keys: Sequence[str], need: int, limit: int = MOST_CANDIDATES) -> list[UUID]:
    """People with names whose keys begin like at least `need` of `keys`; more and exacter matches first.

    Each key is one range of the index (key, person); a key of one letter has to match as a whole.
    """
    # Only the table's name is put into the text; what was typed travels as parameters.
    table = NameKey._meta.db_table
    ranges, values = [], []
    for key in dict.fromkeys(k[:40] for k in keys if k):
        last = chr(ord(key[-1]) + 1)
        upto = key[:-1] + last if len(key) > 1 else key + "\x01"
        ranges.append(
            f"SELECT person_id, MAX(CASE WHEN key = %s THEN 1 ELSE 0 END) AS exact FROM {table} "  # noqa: S608
            "WHERE key >= %s AND key < %s GROUP BY person_id"
        )
        values += [key, key, upto]
    if not ranges:
        return []
    sql = (
        f"SELECT person_id FROM ({' UNION ALL '.join(ranges)}) AS found GROUP BY person_id "  # noqa: S608
        "HAVING COUNT(*) >= %s ORDER BY COUNT(*) DESC, SUM(exact) DESC, person_id DESC LIMIT %s"
    )
    with connections[here().database].cursor() as cursor:
        cursor.execute(sql, [*values, need, limit])
        return [row[0] if isinstance(row[0], UUID) else UUID(row[0]) for row in cursor.fetchall()]


def holders_of(national_id: str, besides: UUID | None = None) -> list[Person]:
    """Who holds a national number on this node."""
    rows = Person.objects.filter(national_id=national_id).order_by("id") if national_id else Person.objects.none()
    return [p for p in rows if p.pk != besides]


def by_phone(number: str, limit: int = 20) -> list[Person]:
    """Who can be reached under a number."""
    return list(Person.objects.filter(phone=number).order_by("id")[:limit]) if number else []


def names_of(people: Iterable[UUID]) -> dict[UUID, list[PersonName]]:
    """The names of several people in one query, withdrawn ones left out."""
    wanted = list(dict.fromkeys(people))
    found: dict[UUID, list[PersonName]] = {p: [] for p in wanted}
    for name in PersonName.objects.filter(person_id__in=wanted, withdrawn=False).order_by("id"):
        found[name.person_id].append(name)
    return found


@dataclass(frozen=True)
class Linked:
    """A link as one of the two sees it: `other` is `relation` of the person, or (`reverse`) the other way round.

    `other` is None while their record is not on this node.
    """

    link: PersonLink
    relation: str
    other_id: UUID
    other: Person | None
    reverse: bool


def links_of(person: Person) -> list[Linked]:
    """Whom the person is linked to, either way."""
    rows = list(PersonLink.objects.filter(Q(person=person) | Q(other=person), withdrawn=False).order_by("id"))
    others = {r.other_id if r.person_id == person.pk else r.person_id for r in rows}
    people = {p.pk: p for p in Person.objects.filter(pk__in=others)}
    found = []
    for row in rows:
        reverse = row.person_id != person.pk
        other = row.person_id if reverse else row.other_id
        found.append(Linked(row, row.relation, other, people.get(other), reverse))
    return found


def open_clashes(person: UUID) -> list[Clash]:
    """What two nodes said differently about a person's own data (their row, names, links) and nobody has settled."""
    kinds = [m.kind() for m in (Person, PersonName, PersonLink)]
    rows = Clash._base_manager.using(here().database).filter(patient=person, open=True, kind__in=kinds)
    return list(rows.order_by("id"))
