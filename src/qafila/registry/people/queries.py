"""People by their keys; SQL by hand where an index has to serve a whole search or a count."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from uuid import UUID

from django.db import connections, router, transaction
from django.db.models import Q

from qafila.journal import tables
from qafila.journal.here import here
from qafila.journal.models import Clash
from qafila.kernel.looks import looked
from qafila.registry.people.births import partial
from qafila.registry.people.blocking import MOST_COMPARED, USUAL
from qafila.registry.people.matching import RARE, Known, called, word
from qafila.registry.people.models import MatchKey, NameKey, NameShare, Person, PersonLink, PersonName, Sex
from qafila.registry.people.sameness import Edge, groups

MOST_CANDIDATES = 120
LEAST_COUNTED = 2000
"""Among fewer people the share of a name says nothing."""


@looked
def get(person_id: UUID) -> Person | None:
    """The person, by the record that survives where they were merged; None where no record of them is here."""
    return people_of([person_id], dict(_group(person_id))).get(person_id)


def row(person_id: UUID) -> Person | None:
    """The record itself, merged or not."""
    found: Person | None = Person.objects.filter(pk=person_id).first()
    return found


def groups_of(people: Iterable[UUID]) -> dict[UUID, tuple[UUID, ...]]:
    """Those of these people who were merged → all records of that person, the surviving one first.

    One query where nobody was merged, one more for each further link of a chain.
    """
    near, edges = set(people), set[Edge]()
    asked: set[UUID] = set()
    while fresh := near - asked:
        asked |= fresh
        found = _same(fresh)
        edges |= found
        near |= {member for edge in found for member in edge}
    return dict(groups(edges))


def _same(people: Collection[UUID]) -> set[Edge]:
    """Pairs of records of one person, of which at least one is among these. Asked for with each reading of a person:
    by hand, as Django takes longer to write the question than the database to answer it.
    """
    connection = connections[router.db_for_read(PersonLink)]
    places = ", ".join(["%s"] * len(people))
    half = (
        f"SELECT person_id, other_id FROM {PersonLink._meta.db_table} "  # noqa: S608
        f"WHERE relation = %s AND NOT withdrawn AND {{}} IN ({places})"
    )
    values = [
        PersonLink.Relation.SAME.value,
        *(PersonLink._meta.pk.get_db_prep_value(one, connection) for one in people),
    ]
    with connection.cursor() as cursor:
        # Two index look-ups; an OR would read the whole table on SQLite.
        cursor.execute(f"{half.format('person_id')} UNION {half.format('other_id')}", [*values, *values])
        return {(_uuid(one), _uuid(other)) for one, other in cursor.fetchall()}


def _uuid(value: UUID | str) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


@looked
def _group(person_id: UUID) -> tuple[tuple[UUID, tuple[UUID, ...]], ...]:
    """The person's `groups_of`, in a form that can be remembered."""
    return tuple(groups_of([person_id]).items())


def one_with(person_id: UUID) -> list[UUID]:
    """The ids of all records of one person, the surviving one first."""
    return list(dict(_group(person_id)).get(person_id, (person_id,)))


def who_are(ids: Iterable[UUID]) -> tuple[dict[UUID, Person], dict[UUID, list[PersonName]]]:
    """`people_of` and `names_of` in three queries."""
    wanted = list(dict.fromkeys(ids))
    held = groups_of(wanted)
    return people_of(wanted, held), names_of(wanted, held)


def people_of(ids: Iterable[UUID], held: Mapping[UUID, tuple[UUID, ...]] | None = None) -> dict[UUID, Person]:
    """Each id → the person's surviving record; their own while that one has not come here. Two queries.

    `held`: their `groups_of`, where they are known already.
    """
    wanted = list(dict.fromkeys(ids))
    held = groups_of(wanted) if held is None else held
    rows = Person.objects.in_bulk({*wanted, *(held[w][0] for w in wanted if w in held)})
    found = {}
    for one in wanted:
        first = held[one][0] if one in held else one
        if (person := rows.get(first) or rows.get(one)) is not None:
            found[one] = person
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
        return [_uuid(row[0]) for row in cursor.fetchall()]


def in_blocks(keys: Collection[int], limit: int = MOST_COMPARED) -> list[UUID]:
    """People who stand in any of these blocks (`blocking.hashed`), those in more and rarer ones first
    (`blocking.nearest`).
    """
    if not keys:
        return []
    table = MatchKey._meta.db_table
    places = ", ".join(["%s"] * len(keys))
    sql = (
        f"SELECT person_id FROM (SELECT person_id, 1.0 / ({USUAL} + COUNT(*) OVER (PARTITION BY key)) AS weight "  # noqa: S608
        f"FROM {table} WHERE key IN ({places})) AS found "
        "GROUP BY person_id ORDER BY SUM(weight) DESC, person_id LIMIT %s"
    )
    with connections[here().database].cursor() as cursor:
        cursor.execute(sql, [*sorted(keys), limit])
        return [_uuid(row[0]) for row in cursor.fetchall()]


def known_of(people: Iterable[UUID]) -> dict[UUID, Known]:
    """What is known of several people, as the matcher compares it. Three queries."""
    wanted, database = list(dict.fromkeys(people)), router.db_for_read(Person)
    mothers: dict[UUID, list[UUID]] = {}
    links = tables.among(PersonLink, "person_id", wanted, ["person_id", "other_id"], database,
                         relation=PersonLink.Relation.MOTHER.value, withdrawn=False)  # fmt: skip
    for child, mother in links:
        mothers.setdefault(child, []).append(mother)
    names: dict[UUID, list[tuple[str, str, str]]] = {}
    every = {*wanted, *chain(*mothers.values())}
    called_so = tables.among(PersonName, "person_id", every, ["person_id", "given", "middle", "family"], database,
                             withdrawn=False)  # fmt: skip
    for owner, *parts in called_so:
        names.setdefault(owner, []).append((parts[0], parts[1], parts[2]))
    made = {}
    compared = ["id", "birth_date", "birth_precision", "birth_margin", "sex", "place", "phone", "national_id",
                "mother_name"]  # fmt: skip
    rows = tables.among(Person, "id", wanted, compared, database)
    for pk, day, precision, margin, sex, place, phone, number, mother in rows:
        told = [mother, *(f"{g} {f}" for m in mothers.get(pk, ()) for g, _, f in names.get(m, ()))]
        made[pk] = Known(
            names=tuple(called(*n) for n in names.get(pk, ())),
            birth=partial(day, precision, margin),
            sex="" if sex == Sex.UNKNOWN else sex,
            place=place,
            phone=phone,
            mothers=tuple(w for t in told if t and (w := word(t)) is not None),
            national_id=number,
        )
    return made


def name_shares(keys: Iterable[str]) -> tuple[int, dict[str, float]]:
    """How many people there are, as last counted, and the share of them who bear each of these keys."""
    counts = dict(NameShare.objects.filter(key__in=["", *keys]).values_list("key", "people"))
    people = counts.pop("", 0)
    return people, {key: count / people for key, count in counts.items()} if people >= LEAST_COUNTED else {}


def count_names() -> int:
    """Count anew how common each name is; how many people there are."""
    people = Person.objects.count()
    least = max(2, round(people * RARE))
    table = NameKey._meta.db_table
    with transaction.atomic(using=here().database):
        NameShare.objects.all().delete()
        rows = [NameShare(key="", people=people)]
        if people >= LEAST_COUNTED:
            with connections[here().database].cursor() as cursor:
                cursor.execute(
                    f"SELECT key, COUNT(*) FROM {table} GROUP BY key HAVING COUNT(*) >= %s",  # noqa: S608
                    [least],
                )
                rows += [NameShare(key=key, people=count) for key, count in cursor.fetchall()]
        NameShare.objects.bulk_create(rows)
    return people


def holders_of(national_id: str, besides: UUID | None = None) -> list[Person]:
    """Who holds a national number on this node."""
    rows = Person.objects.filter(national_id=national_id).order_by("id") if national_id else Person.objects.none()
    return [p for p in rows if p.pk != besides]


def by_phone(number: str, limit: int = 20) -> list[Person]:
    """Who can be reached under a number."""
    return list(Person.objects.filter(phone=number).order_by("id")[:limit]) if number else []


def names_of(
    people: Iterable[UUID], held: Mapping[UUID, tuple[UUID, ...]] | None = None
) -> dict[UUID, list[PersonName]]:
    """The names of several people in two queries, withdrawn ones left out; of the surviving record after a merge.

    `held`: their `groups_of`, where they are known already.
    """
    wanted = list(dict.fromkeys(people))
    held = groups_of(wanted) if held is None else held
    own = own_names({*wanted, *(held[w][0] for w in wanted if w in held)})
    return {w: (own[held[w][0]] if w in held else []) or own[w] for w in wanted}


def names_of_one(person_id: UUID) -> list[PersonName]:
    """The names of one person."""
    return names_of([person_id], dict(_group(person_id)))[person_id]


def own_names(people: Iterable[UUID]) -> dict[UUID, list[PersonName]]:
    """The names of several records as they stand, merged or not."""
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
    """Whom the person is linked to, either way, whichever of their records it was said of; nobody to themselves."""
    mine = set(one_with(person.pk))
    decided = (PersonLink.Relation.SAME, PersonLink.Relation.DIFFERENT)
    rows = PersonLink.objects.filter(Q(person_id__in=mine) | Q(other_id__in=mine), withdrawn=False)
    found = []
    for row in rows.exclude(relation__in=decided).order_by("id"):
        reverse = row.person_id not in mine
        other = row.person_id if reverse else row.other_id
        if other not in mine:
            found.append((row, other, reverse))
    people = people_of(other for _, other, _ in found)
    return [Linked(row, row.relation, other, people.get(other), reverse) for row, other, reverse in found]


def decided_of(people: Iterable[UUID]) -> list[PersonLink]:
    """What was decided about these records being one person or not, and still holds."""
    wanted = set(people)
    decided = (PersonLink.Relation.SAME, PersonLink.Relation.DIFFERENT)
    rows = PersonLink.objects.filter(Q(person_id__in=wanted) | Q(other_id__in=wanted), withdrawn=False)
    return list(rows.filter(relation__in=decided).order_by("id"))


def open_clashes(person: UUID) -> list[Clash]:
    """What two nodes said differently about a person's own data (their row, names, links) and nobody has settled."""
    kinds = [m.kind() for m in (Person, PersonName, PersonLink)]
    rows = Clash._base_manager.using(here().database).filter(patient__in=one_with(person), open=True, kind__in=kinds)
    return list(rows.order_by("id"))
