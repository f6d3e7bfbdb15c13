"""What the second wall costs: the queries of a record's page, of lists and of a search, with policies and without.

    python -m bench.walls.run [--people 100000]

The same queries on the same rows, on connections of the tables' owner (no policy) and of the pages' role as a doctor of
a unit, a specialist and a coordinator. Prints milliseconds as JSON. The peer is the node without the wall.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from uuid import UUID

TURNS = 60
UNITS = 20
KEY = bytes(range(32))


def main() -> None:
    """Make the database, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=100_000)
    arguments = parser.parse_args()
    from tests.postgres import Cluster

    with tempfile.TemporaryDirectory(prefix="qafila-walls-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        with Cluster(folder / "postgres") as cluster:
            cluster.create_database("bench")
            owner = {"ENGINE": "django.db.backends.postgresql", "NAME": "bench", "USER": "qafila",
                     "HOST": str(cluster.socket), "CONN_MAX_AGE": None}  # fmt: skip
            os.environ["QAFILA_TEST_DATABASES"] = json.dumps({"default": owner, "pages": owner | {"USER": "pages"}})
            os.environ["DJANGO_SETTINGS_MODULE"] = "qafila.node.settings"
            import django

            django.setup()
            print(json.dumps(measured(arguments.people), indent=1))


def measured(people: int) -> dict[str, Any]:
    """Reader → query → median ms."""
    from django.db import connections

    from qafila.journal import wall
    from qafila.journal.here import Here, at
    from qafila.node import founding, walls
    from qafila.registry.staff.rights import reach

    founding.bring_up()
    with connections["default"].cursor() as cursor:
        cursor.execute("CREATE ROLE pages LOGIN")
    with at(Here("H", "hub")):
        world = fill(people)
    began = time.perf_counter()
    walls.raise_walls(connections["default"], "pages", KEY)
    found: dict[str, Any] = {"people": people, "raising ms": round(1000 * (time.perf_counter() - began))}
    with connections["default"].cursor() as cursor:
        cursor.execute("ANALYZE")
    wall.stand_behind(KEY)
    for name in ("owner, no policy", "doctor", "specialist", "coordinator"):
        staff = world.get(name)
        with at(Here("H", "hub", database="pages" if staff else "default")):
            asks: Any = wall.asking(staff.pk, reach(staff)) if staff else nullcontext()
            with asks:
                found[name] = {what: timed(ask) for what, ask in questions(world)}
    began = time.perf_counter()
    with at(Here("H", "hub", database="pages")):
        for _ in range(200):
            with wall.asking(world["doctor"].pk, frozenset({"unit"})):
                pass
    found["who asks, said and taken back, ms"] = round(1000 * (time.perf_counter() - began) / 200, 3)
    return found


def fill(people: int) -> dict[str, Any]:
    """People with names and keys, a visit each with two readings, spread over the units; a case for 1 in 100."""
    from qafila.clinic.cases.models import Case
    from qafila.clinic.visits.models import Observation, Visit
    from qafila.journal.write import writing
    from qafila.registry.people.models import NameKey, Person, PersonName
    from qafila.registry.places.here import local_day
    from qafila.registry.staff.models import Staff
    from qafila.registry.units.models import Assignment, Unit

    today, world = local_day(), {}
    with writing(None, "bench") as write:
        unit = write.save(Unit(code="U0", name="Unit"))
        for role in ("doctor", "specialist", "coordinator"):
            world[role] = write.save(Staff(username=role, name=role, roles=[role], specialties=["cardiology"]))
        write.save(Assignment(unit=unit, staff=world["doctor"], starts=today))
        person = write.save(Person(code="x", sex="female", birth_date=today.replace(year=1980, day=1)))
        name = write.save(PersonName(person=person, script="Latn", given="Name", family="Of"))
        visit = write.save(Visit(person=person, unit=unit, day=today, ticket=1, status="closed"))
        reading = write.save(Observation(person=person, visit=visit, code="pulse", number=70, unit="/min"))
        case = write.save(
            Case(person=person, visit=visit, unit=unit, doctor=world["doctor"], specialty="cardiology",
                 status="accepted", specialist=world["coordinator"])
        )  # fmt: skip
    of = {"person_id": number(1), "visit_id": number(2)}
    units = f"CASE n % {UNITS} WHEN 0 THEN t.unit_id ELSE {number(9, f'n % {UNITS}')} END"
    mine = f"CASE n % 1000 WHEN 0 THEN '{world['specialist'].pk}'::uuid ELSE t.specialist_id END"
    many(person, people, id=number(1), code="lpad(n::text, 11, '0')")
    many(name, people, id=number(3), person_id=number(1), given="'Name' || n % 997", family="'Of' || n % 9973")
    many(
        visit,
        people,
        id=number(2),
        person_id=number(1),
        unit_id=units,
        status="CASE WHEN n < 400 THEN 'waiting' ELSE 'closed' END",
    )
    many(reading, people, id=number(4), **of)
    many(reading, people, id=number(5), code="'spo2'", **of)
    many(case, people // 100, "n * 100", id=number(6), unit_id=units, specialist_id=mine, **of)
    key = NameKey(key="x", person=person)
    key.save()
    many(key, people, id="n + 10", key="'nm' || n % 997", person_id=number(1))
    world["person"], world["visit"] = Person.objects.get(code="00000000000"), Visit.objects.get(pk=UUID(int=2 << 64))
    return world


def number(kind: int, of: str = "n") -> str:
    """SQL of an id."""
    return f"('00000000-0000-{kind:04}-0000-' || lpad(to_hex({of}), 12, '0'))::uuid"


def many(like: Any, count: int, step: str = "n", **said: str) -> None:
    """Rows like one that is there, but for what is said in SQL; past the journal, as a page never could."""
    from django.db import connections

    from qafila.journal.guard import writer_token

    columns = [f.column for f in like._meta.concrete_fields]
    values = ", ".join(said.get(column, f't."{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    table = like._meta.db_table
    with writer_token(), connections["default"].cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {values.replace('%', '%%')} FROM {table} t, "
            f"(SELECT {step} AS n FROM generate_series(0, {count - 1}) AS g(n)) AS s WHERE t.id = %s",
            [like.pk],
        )


def questions(world: dict[str, Any]) -> Iterator[tuple[str, Callable[[], Any]]]:
    """What pages ask."""
    from qafila.clinic.cases.models import Case
    from qafila.clinic.visits import queries
    from qafila.clinic.visits.models import Visit
    from qafila.registry.people import queries as people
    from qafila.registry.people.models import Person
    from qafila.registry.people.search import search

    person, visit = world["person"], world["visit"]
    yield "a visit's page", lambda: queries.page(visit)
    yield "a person's summary", lambda: queries.summary(person.pk)
    yield "who they are", lambda: people.who_are([person.pk])
    yield "a specialist's cases", lambda: list(Case.objects.filter(specialist=world["specialist"])[:100])
    yield "people waiting in a unit", lambda: list(Visit.objects.filter(unit_id=visit.unit_id, status="waiting")[:50])
    yield "a name searched", lambda: search("Name5 Of5")
    yield "a card's code", lambda: list(Person.objects.filter(code="00000000000"))


def timed(ask: Callable[[], Any]) -> dict[str, float]:
    """Milliseconds: the median, and the least, which other work on the machine distorts less."""
    ask()
    took = []
    for _ in range(TURNS):
        began = time.perf_counter()
        ask()
        took.append(1000 * (time.perf_counter() - began))
    return {"median": round(statistics.median(took), 2), "least": round(min(took), 2)}


if __name__ == "__main__":
    main()
