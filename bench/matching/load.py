"""A register of very many people on one engine, made straight in the tables the look-up reads."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
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


def fill(alias: str, town: Town, people: list[Truth]) -> None:
    """Register everybody: people, names, and what is derived from both; indexes are made at the end."""
    from django.db import connections, transaction

    from qafila.registry.people.models import MatchKey, NameKey

    connection = connections[alias]
    server = connection.vendor == "postgresql"
    if server:
        _indexes(connection, [NameKey, MatchKey], make=False)
    else:
        # For the making alone: the connection is closed below.
        connection.cursor().execute("PRAGMA synchronous=OFF")
        connection.cursor().execute("PRAGMA cache_size=-3000000")
    for start in range(0, len(people), A_BATCH):
        with transaction.atomic(using=alias):
            _register(alias, town, people[start : start + A_BATCH], start)
    if server:
        _indexes(connection, [NameKey, MatchKey], make=True)
    connection.cursor().execute("ANALYZE")
    connection.close()


def _indexes(connection: Any, models: list[Any], *, make: bool) -> None:
    with connection.schema_editor() as editor:
        for model in models:
            for one in model._meta.constraints:
                (editor.add_constraint if make else editor.remove_constraint)(model, one)
            for index in model._meta.indexes:
                (editor.add_index if make else editor.remove_index)(model, index)


def _register(alias: str, town: Town, people: list[Truth], start: int) -> None:
    from bench.matching.estimate import known
    from qafila.journal import tables
    from qafila.journal.guard import writer_token
    from qafila.registry.people.births import to_fields
    from qafila.registry.people.keys import hashed
    from qafila.registry.people.matching import blocks
    from qafila.registry.people.models import MatchKey, NameKey, Person, PersonName

    rows: list[Person] = []
    names: list[PersonName] = []
    keys: list[tuple[str, Any]] = []
    stood: list[tuple[int, Any]] = []
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
    with writer_token():
        for model, made in ((Person, rows), (PersonName, names)):
            fields = [f.attname for f in model._meta.concrete_fields]
            tables.insert(model, fields, [[getattr(row, f) for f in fields] for row in made], alias)
    tables.insert(NameKey, ["key", "person_id"], keys, alias)
    tables.insert(MatchKey, ["key", "person_id"], stood, alias)
