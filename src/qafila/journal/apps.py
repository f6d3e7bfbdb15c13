"""The journal's Django app: puts the SQL guard on each connection, catches up after each migration."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.apps import AppConfig, apps
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate

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


def catch_up(sender: Any, using: str, plan: list[tuple[Any, bool]], **kwargs: Any) -> None:
    """The database has just come to this version: fold what an earlier program could not read."""
    from qafila.journal import refold
    from qafila.journal.here import nobody_or_here

    node = nobody_or_here()
    if node is not None and node.database == using and not any(backwards for _, backwards in plan):
        refold.catch_up(node)


class JournalConfig(AppConfig):
    """Journal."""

    name = "qafila.journal"
    label = "journal"

    def ready(self) -> None:
        """Guard every connection, and catch up after every migration, from now on."""
        connection_created.connect(watch, dispatch_uid="journal-guard")
        post_migrate.connect(catch_up, sender=self, dispatch_uid="journal-catch-up")
