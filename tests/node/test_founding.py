"""A database that was made at once is the one that its migrations make."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connections

from qafila.node import founding
from tests.postgres import Cluster

POSTGRES = {
    "columns": "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default,"
    " is_identity FROM information_schema.columns WHERE table_schema = 'public'",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace",
    "parts": "SELECT inhparent::regclass::text, inhrelid::regclass::text FROM pg_inherits",
    "steps": "SELECT app, name FROM django_migrations",
    "rights": "SELECT codename FROM auth_permission",
}
CIPHER = {
    "indexes": "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'index'",
    "steps": "SELECT app, name FROM django_migrations",
    "rights": "SELECT codename FROM auth_permission",
}


def told(alias: str, asked: dict[str, str]) -> dict[str, list[tuple[object, ...]]]:
    cursor = connections[alias].cursor()
    found = {}
    for what, sql in asked.items():
        cursor.execute(sql)
        found[what] = sorted(cursor.fetchall(), key=repr)
    return found


def tables(alias: str) -> dict[str, list[str]]:
    """Each table's columns and constraints as SQLite keeps them, in no order."""
    cursor = connections[alias].cursor()
    cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
    return {
        name: sorted(re.split(r", (?=\"|CONSTRAINT)", sql.partition("(")[2].removesuffix(")")))
        for name, sql in cursor.fetchall()
    }


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Two empty databases on SQLCipher."""
    base = connections.databases["default"]
    names = ("founded", "migrated")
    for name in names:
        connections.databases[name] = {**base, "NAME": str(tmp_path / f"{name}.db")}
    yield names
    for name in names:
        connections[name].close()
        del connections.databases[name], connections[name]


def test_on_sqlcipher(template: Path, two: tuple[str, str]) -> None:
    founded, migrated = two
    assert founding.found(connections[founded])
    assert not founding.found(connections[founded])
    for alias in two:
        call_command("migrate", database=alias, verbosity=0)
    assert told(founded, CIPHER) == told(migrated, CIPHER)
    assert tables(founded) == tables(migrated)


def test_on_postgresql(tmp_path: Path) -> None:
    base = {**connections.databases["pg0"], "HOST": str(tmp_path / "pg" / "socket")}
    names = ("founded", "migrated")
    with Cluster(tmp_path / "pg") as cluster:
        try:
            for name in names:
                cluster.create_database(name)
                connections.databases[name] = {**base, "NAME": name}
            assert founding.found(connections["founded"])
            for name in names:
                call_command("migrate", database=name, verbosity=0)
            assert told("founded", POSTGRES) == told("migrated", POSTGRES)
        finally:
            for name in names:
                connections[name].close()
                del connections.databases[name], connections[name]
