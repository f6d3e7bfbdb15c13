"""What tells a PostgreSQL from the one that is made of its backup."""

from __future__ import annotations

from django.db import DatabaseError, connections, transaction

_HOME = """SELECT (pg_control_system()).system_identifier || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)
 || '/' || oid FROM pg_database WHERE datname = current_database()"""


def fingerprint(database: str) -> str:
    """Cluster, timeline and database of a PostgreSQL, at most 80 characters; empty where it may not be asked."""
    connection = connections[database]
    if connection.vendor != "postgresql":
        return ""
    try:
        with transaction.atomic(using=database), connection.cursor() as cursor:
            cursor.execute(_HOME)
            return str(cursor.fetchone()[0])[:80]
    except DatabaseError:
        # Not allowed to ask, or a standby: a person has to say that it was restored.
        return ""
