"""What a hub has gathered in years: copies of the consultations that it took in at first, with their rows, as of
other people, earlier days and two thousand other nodes.

python -m bench.hub.fill FROM TO     in a process of the hub: copies number FROM to TO of everything that units sent

A copy has ids of its own (the same ones, so many minutes earlier, so that they still grow with time), its rows refer
to each other as the first ones do, and each table keeps its indexes meanwhile. Only hashes and headers are not those
of a real chain: nothing here is asked to verify them.
"""

from __future__ import annotations

import sys

import django

MOVED = ("id", "subject", "patient", "person", "person_id", "visit_id")
"""Columns that name what is copied; others name a unit or a member of its crew."""
FUNCTION = """
CREATE OR REPLACE FUNCTION bench_moved(u uuid, c integer) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT (lpad(to_hex(('x' || left(replace(u::text, '-', ''), 12))::bit(48)::bigint - c::bigint * 60000), 12, '0')
            || right(replace(u::text, '-', ''), 20))::uuid $$
"""


def prepare() -> None:
    """Set aside what is copied. The hub has only what units just sent."""
    from django.apps import apps
    from django.db import connection

    from qafila.journal.models import Recorded

    cursor = connection.cursor()
    cursor.execute(FUNCTION)
    sent = "SELECT subject FROM journal_record WHERE node LIKE 'U%%'"
    tables = {m._meta.db_table: "id" for m in apps.get_models() if issubclass(m, Recorded)}
    for table, column in {**tables, "registry_namekey": "person_id", "sync_scope": "person"}.items():
        cursor.execute(f"CREATE TABLE bench_{table} AS SELECT * FROM {table} WHERE {column} IN ({sent})", [])
        cursor.execute(f"SELECT count(*) FROM bench_{table}")
        if not cursor.fetchone()[0]:
            cursor.execute(f"DROP TABLE bench_{table}")
    cursor.execute("CREATE TABLE bench_journal_record AS SELECT * FROM journal_record WHERE node LIKE 'U%%'", [])
    cursor.execute("SELECT count(*) FROM bench_journal_record")
    print(cursor.fetchone()[0])


def fill(first: int, last: int) -> None:
    """Make copies `first` to `last`."""
    from django.db import connection

    from qafila.journal.guard import writer_token

    cursor = connection.cursor()
    cursor.execute("SET synchronous_commit = off")  # for the making alone
    cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'bench\\_%%' ORDER BY 1", [])
    tables = [name.removeprefix("bench_") for (name,) in cursor.fetchall()]
    step = 10
    for start in range(first, last + 1, step):
        for table in tables:
            with writer_token():
                _copy(cursor, table, start, min(last, start + step - 1))


def _copy(cursor, table: str, first: int, last: int) -> None:  # type: ignore[no-untyped-def]
    cursor.execute(
        "SELECT a.attname, t.typname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid "
        "WHERE a.attrelid = %s::regclass AND a.attnum > 0",
        [f"bench_{table}"],
    )
    columns = {name: kind for name, kind in cursor.fetchall() if not (name in ("id", "no") and kind == "int8")}
    values = {
        name: f't."{name}"' if kind != "uuid" or name not in MOVED else f'bench_moved(t."{name}", c)'
        for name, kind in columns.items()
    }
    if table == "journal_record":
        values |= {"node": "'X' || c %% 2000", "run": "t.run + c", "hlc": "t.hlc - (c::bigint * 60000 << 16)",
                   "hash": "sha256(t.hash || c::text::bytea)", "prev": "sha256(t.prev || c::text::bytea)"}  # fmt: skip
    if table == "sync_scope":
        values |= {"node": "'X' || c %% 2000"}
    names = ", ".join(f'"{n}"' for n in columns)
    insert = f"INSERT INTO {table} ({names}) SELECT {', '.join(values[n] for n in columns)} FROM bench_{table} t, "
    back = " RETURNING no, node" if table == "journal_record" else " ON CONFLICT DO NOTHING"
    insert += f"generate_series(%s, %s) AS c{back}"
    if table != "journal_record":
        cursor.execute(insert, [first, last])
        return
    # Half of the records went to another node, which has them.
    cursor.execute(
        f'WITH made AS ({insert}) INSERT INTO sync_mail ("to", record_id, lane, acked) '
        "SELECT 'Y' || right(node, 3), no, 2, 1 FROM made WHERE no %% 2 = 0",
        [first, last],
    )


if __name__ == "__main__":
    django.setup()
    if sys.argv[1:]:
        fill(*map(int, sys.argv[1:]))
    else:
        prepare()
