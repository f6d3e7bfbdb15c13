"""What was deleted stands in no file of PostgreSQL's tables, or is not said to be gone."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from django.db import connections

from qafila.journal import purge
from qafila.journal.here import Here, at
from qafila.kernel import clock, ids
from qafila.registry.people.models import NameKey
from tests.conftest import wipe
from tests.sync.erased import database_bytes

WORD = "Zoubidatapurged"


def test_what_an_older_transaction_may_look_at_is_waited_for(
    hub: Here, postgres: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purge, "PATIENCE_S", 0.0)
    hub.database = "pg0"
    wipe("pg0")
    with at(hub):
        NameKey.objects.create(person_id=ids.new(), key=WORD)
        told = connections["pg0"].settings_dict
        with psycopg.connect(dbname=told["NAME"], user=told["USER"], host=told["HOST"]) as report:
            report.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            report.execute("SELECT count(*) FROM pg_class")
            NameKey.objects.all().delete()
            assert not purge.purge([NameKey])
            assert WORD.encode() in database_bytes(hub)
        end = clock.monotonic() + 60
        while not purge.purge([NameKey]):
            assert clock.monotonic() < end, "PostgreSQL's own analysis of a table does not take so long"
        assert WORD.encode() not in database_bytes(hub)


@pytest.fixture
def policy(postgres: None) -> Iterator[None]:
    """The table stands behind a wall that asks for whom a row is: the type of that column cannot be said again."""
    table = NameKey._meta.db_table
    with connections["pg0"].cursor() as cursor:
        cursor.execute(f"CREATE POLICY known ON {table} USING (person_id IS NOT NULL)")
        yield
        cursor.execute(f"DROP POLICY known ON {table}")


@pytest.mark.parametrize("others", [0, 30])
@pytest.mark.usefixtures("policy")
def test_what_was_known_of_a_table_goes_too(hub: Here, postgres: None, others: int) -> None:
    hub.database = "pg0"
    wipe("pg0")
    with at(hub):
        for n in range(others):
            NameKey.objects.create(person_id=ids.new(), key=f"another{n}")
        for _ in range(5):
            NameKey.objects.create(person_id=ids.new(), key=WORD)
        with connections["pg0"].cursor() as cursor:
            cursor.execute("ANALYZE")
            cursor.execute("SELECT count(*) FROM pg_stats WHERE most_common_vals::text LIKE %s", [f"%{WORD}%"])
            assert cursor.fetchone()[0]
        NameKey.objects.filter(key=WORD).delete()
        end = clock.monotonic() + 60
        while not purge.purge([NameKey]):
            assert clock.monotonic() < end, "PostgreSQL's own analysis of a table does not take so long"
        assert WORD.encode() not in database_bytes(hub)
        assert NameKey.objects.count() == others
