"""The journal's Django app: puts the SQL guard on each connection."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.apps import AppConfig, apps
from django.db.backends.signals import connection_created

from qafila.journal.guard import SqlGuard


@lru_cache(maxsize=1)
def recorded_tables() -> frozenset[str]:
    """The tables of all recorded models, lower case."""
    from qafila.journal.models import Recorded

    return frozenset(m._meta.db_table.lower() for m in apps.get_models() if issubclass(m, Recorded))


def watch(sender: Any, connection: Any, **kwargs: Any) -> None:
    """Guard a new connection."""
    if not any(isinstance(w, SqlGuard) for w in connection.execute_wrappers):
        connection.execute_wrappers.append(SqlGuard(recorded_tables))


class JournalConfig(AppConfig):
    """Journal."""

    name = "qafila.journal"
    label = "journal"

    def ready(self) -> None:
        """Guard every connection from now on."""
        connection_created.connect(watch, dispatch_uid="journal-guard")
