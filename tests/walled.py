"""A hub's PostgreSQL whose pages stand behind row-level security, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections

from qafila.journal import wall
from qafila.node import walls
from tests.conftest import wipe

KEY = bytes(range(32))
OWNER, PAGES = "pg0", "pages"
"""Aliases: the tables' owner, and the role that the pages connect as."""


@contextmanager
def behind_a_wall() -> Iterator[None]:
    """Empty the first database of the fixture `postgres`; inside, connections of `PAGES` are a page's."""
    wipe(OWNER)
    connections.databases[PAGES] = connections.databases[OWNER] | {"USER": "pages"}
    with connections[OWNER].cursor() as cursor:
        cursor.execute("DO $$ BEGIN CREATE ROLE pages LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    walls.raise_walls(connections[OWNER], "pages", KEY)
    wall.stand_behind(KEY)
    try:
        yield
    finally:
        connections[PAGES].close()
        wall.step_out()
        del connections[PAGES], connections.databases[PAGES]
