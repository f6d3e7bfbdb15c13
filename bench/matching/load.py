"""A register of very many people on one engine, made straight in the tables the look-up reads."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from bench.matching.people import Town, Truth

A_BATCH = 20_000


def databases(folder: Path) -> None:
    """Tell Django of an encrypted unit's database and a hub's, before it is set up."""
    (folder / "database.key").write_text("5a" * 32)
    cipher = {
        "ENGINE": "qafila.node.sqlcipher",
        "NAME": str(folder / "unit.db"),
        "OPTIONS": {"key_file": str(folder / "database.key")},
        "CONN_MAX_AGE": None,
    }
    server = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "hub",
        "USER": "qafila",
        "HOST": str(folder / "postgres" / "socket"),
        "CONN_MAX_AGE": None,
    }
    os.environ["QAFILA_TEST_DATABASES"] = json.dumps({"default": cipher, "hub": server})
    os.environ["DJANGO_SETTINGS_MODULE"] = "qafila.node.settings"
    import django

    django.setup()


@contextmanager
def node(alias: str) -> Iterator[None]:
    """Be the unit (`default`) or the hub."""
    from qafila.journal.here import Here, at

    with at(Here("U1" if alias == "default" else "H", "unit" if alias == "default" else "hub", database=alias)):
        yield


def fill(town: Town, people: list[Truth]) -> None:
    """Register everybody on the unit: people, names, and what is derived from both.

    Keys are put in when all are known, in their order: an index that grows at its end alone takes a tenth of the time.
    """
    from django.db import connections, transaction

    from qafila.registry.people.models import MatchKey, NameKey

    connection = connections["default"]
    # For the making alone: the connection is closed below.
    connection.cursor().execute("PRAGMA synchronous=OFF")
    connection.cursor().execute("PRAGMA cache_size=-3000000")
    _indexes(connection, [NameKey, MatchKey], make=False)
    names: list[tuple[str, Any]] = []
    blocks: list[tuple[int, Any]] = []
    for start in range(0, len(people), A_BATCH):
        with transaction.atomic():
            _register(town, people[start : start + A_BATCH], start, names, blocks)
    for model, keys in ((NameKey, names), (MatchKey, blocks)):
        keys.sort(key=itemgetter(0))
        for some in batched(keys):
            _insert(model, ["key", "person_id"], some, "default")
    _indexes(connection, [NameKey, MatchKey], make=True)
    connection.cursor().execute("ANALYZE")
    connection.close()


def copy(to: str) -> None:
    """Put what `fill` has made into another engine's empty tables too."""
    from django.db import connections

    from qafila.registry.people.models import MatchKey, NameKey, Person, PersonName

    for model, order in ((Person, "pk"), (PersonName, "pk"), (NameKey, "key"), (MatchKey, "key")):
        fields = [f.attname for f in model._meta.concrete_fields if f.attname != "id" or model in (Person, PersonName)]
        _indexes(connections[to], [model], make=False, constraints=True)
        held = model._base_manager.using("default").order_by(order).values_list(*fields)
        for some in batched(held.iterator(A_BATCH)):
            _insert(model, fields, some, to)
        _indexes(connections[to], [model], make=True, constraints=True)
    connections[to].cursor().execute("ANALYZE")
    for alias in ("default", to):
        connections[alias].close()


def batched(rows: Iterable[Any]) -> Iterator[list[Any]]:
    """Lists of at most `A_BATCH`."""
    some = iter(rows)
    while found := list(islice(some, A_BATCH)):
        yield found


def _insert(model: Any, fields: list[str], rows: list[Any], alias: str) -> None:
    """Rows that may be written without a journal here."""
    from qafila.journal import tables
    from qafila.journal.guard import writer_token

    with writer_token():
        tables.insert(model, fields, rows, alias)


def _indexes(connection: Any, models: list[Any], *, make: bool, constraints: bool = False) -> None:
    with connection.schema_editor() as editor:
        for model in models:
            for one in model._meta.constraints if constraints else ():
                (editor.add_constraint if make else editor.remove_constraint)(model, one)
            for index in model._meta.indexes:
                (editor.add_index if make else editor.remove_index)(model, index)


def _register(town: Town, people: list[Truth], start: int, keys: list[Any], stood: list[Any]) -> None:
    from bench.matching.estimate import known
    from qafila.registry.people.births import to_fields
    from qafila.registry.people.blocking import blocks, hashed
    from qafila.registry.people.models import Person, PersonName

    rows: list[Person] = []
    names: list[PersonName] = []
    for n, truth in enumerate(people):
        said = town.register(start + n, truth)
        birth: Any = to_fields(said.birth)
        person = Person(sex=said.sex or "unknown", place=said.place, phone=said.phone, mother_name=said.mother, **birth)
        rows.append(person)
        for given, middle, family in said.names:
            script = "Arab" if "\u0600" <= given[0] <= "\u06ff" else "Latn"
            names.append(PersonName(person=person, script=script, given=given, middle=middle, family=family))
        compared = known(said)
        keys += [(key[:40], person.pk) for key in {k for name in compared.names for k in name.keys}]
        stood += [(hashed(block), person.pk) for block in blocks(compared)]
    for model, made in ((Person, rows), (PersonName, names)):
        fields = [f.attname for f in model._meta.concrete_fields]
        _insert(model, fields, [[getattr(row, f) for f in fields] for row in made], "default")
