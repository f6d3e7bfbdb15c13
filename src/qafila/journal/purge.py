"""What was overwritten goes from the database's files as well.

SQLite overwrites at once (`PRAGMA secure_delete`); its log is written back and cut here. PostgreSQL keeps old versions
of rows until its tables are written anew (`VACUUM FULL`), which keeps everybody else out of a table meanwhile: small
tables at once, large ones when a person says so. What somebody's older transaction may still look at it keeps all the
same, and says nothing of it: such transactions are waited for. What its planner knows of a column are values of some
rows (`pg_statistic`): it looks at the table anew, and what it knew before is written anew too. Neither reaches
PostgreSQL's write-ahead log nor any backup.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

from django.db import DatabaseError, connections
from django.db.backends.utils import CursorWrapper
from django.db.models import Model

from qafila.journal.here import here
from qafila.journal.models import Clash, Quarantine, Read, Record
from qafila.kernel import clock

AT_ONCE = 64 * 1024 * 1024
"""Bytes of a table that is written anew without asking: a second or two."""
PATIENCE_S = 5.0
"""So long older transactions are waited for: one that lasts longer is a report or a backup, and a job comes again."""
LOOK_S = 0.05
_OLDER = """
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                 AND (age(backend_xmin) > age(%(cut)s::xid) OR age(backend_xid) > age(%(cut)s::xid)))
    OR EXISTS (SELECT FROM pg_prepared_xacts WHERE database = current_database())
    OR EXISTS (SELECT FROM pg_replication_slots WHERE age(xmin) > age(%(cut)s::xid))
"""

_KNOWN = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_stats s
  JOIN pg_attribute a ON a.attname = s.attname AND a.attrelid = format('%%I.%%I', s.schemaname, s.tablename)::regclass
 WHERE s.tablename = %s AND s.schemaname = ANY(current_schemas(false)) AND a.attinhcount = 0
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_policy'::regclass AND d.refobjid = a.attrelid
                     AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid = a.attnum)
"""
"""Columns of a table of which values are known, but for those that a wall asks for (ids), whose type cannot be said
again."""


def purge(models: Iterable[type[Model]], *, large: bool = False) -> bool:
    """Have nothing of what was deleted from these tables in the database's files; False where some are too large to be
    written anew without `large`, or somebody has a transaction open. Outside of a transaction."""
    connection = connections[here().database]
    if connection.in_atomic_block:
        return False
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            # Nothing comes back where there is no write-ahead log.
            busy = cursor.fetchone()
        return not busy or busy[0] == 0
    if not _alone():
        return False
    done = True
    kept: set[type[Model]] = {*models, Record, Clash, Quarantine, Read}
    names = {m._meta.db_table for m in kept}
    for table in _tables(names):
        done = _rewrite(table, large=large) and done
    return _learn_anew(names) and done


def _alone() -> bool:
    """Whether every transaction is over that began before now; waits a little. One that begins later sees nothing of
    what was deleted, and keeps nothing of it."""
    until = clock.monotonic() + PATIENCE_S
    with connections[here().database].cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::xid::text")
        cut = cursor.fetchone()[0]
        while True:
            cursor.execute(_OLDER, {"cut": cut})
            if not cursor.fetchone()[0]:
                return True
            if clock.monotonic() > until:
                return False
            threading.Event().wait(LOOK_S)


def _tables(names: set[str]) -> list[str]:
    """The tables, of a partitioned one its parts."""
    with connections[here().database].cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid"
            " LEFT JOIN pg_class p ON p.oid = i.inhparent"
            " WHERE c.relkind = 'r' AND (c.relname = ANY(%s) OR p.relname = ANY(%s)) ORDER BY 1",
            [[*names], [*names]],
        )
        return [row[0] for row in cursor.fetchall()]


def _rewrite(table: str, *, large: bool) -> bool:
    with connections[here().database].cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size(%s::regclass)", [f'"{table}"'])
        small = cursor.fetchone()[0] <= AT_ONCE
        try:
            cursor.execute(f'VACUUM ({"FULL, " if small or large else ""}ANALYZE) "{table}"')
            _unlearn_empty(cursor, table)
        except DatabaseError:
            return False
    return small or large


def _unlearn_empty(cursor: CursorWrapper, table: str) -> None:
    """Of a table without rows PostgreSQL keeps what it knew, until a column's type is said again."""
    cursor.execute(f'SELECT EXISTS (SELECT FROM "{table}")')  # noqa: S608 - a table of ours
    if cursor.fetchone()[0]:
        return
    cursor.execute(_KNOWN, [table])
    if columns := cursor.fetchall():
        said = ", ".join(f'ALTER COLUMN "{name}" TYPE {kind}' for name, kind in columns)
        cursor.execute(f'ALTER TABLE "{table}" {said}')


def _learn_anew(names: set[str]) -> bool:
    """What is known of the whole of a partitioned table, and then the file in which all that is known stands."""
    with connections[here().database].cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'p' AND relname = ANY(%s)", [[*names]])
        try:
            for (table,) in cursor.fetchall():
                cursor.execute(f'ANALYZE "{table}"')
            if not _alone():
                return False
            cursor.execute("VACUUM FULL pg_catalog.pg_statistic")
        except DatabaseError:
            return False
    return True
