"""Keeps every write of a recorded row inside `journal.writing`: managers, instances and raw SQL; and notes which table
each write was to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import models

from qafila.journal import topics

_writing: ContextVar[bool] = ContextVar("qafila_writing", default=False)


class OutsideWriter(TypeError):
    """A recorded row was to be written outside of `journal.writing`."""


@contextmanager
def writer_token() -> Iterator[None]:
    """Held by the writer and by ingest while they touch rows."""
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)


def require_writer(kind: str) -> None:
    """Raises `OutsideWriter` where no writer holds the token."""
    if not _writing.get():
        raise OutsideWriter(f"{kind} rows are written by journal.writing alone")


class GuardedQuerySet(models.QuerySet[Any]):
    """A query set that reads freely and refuses to write around the journal."""

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        require_writer(self.model._meta.label_lower)
        raise OutsideWriter("bulk writes leave no record: save each row with the writer")

    update = _refuse
    delete = _refuse
    bulk_create = _refuse
    bulk_update = _refuse
    update_or_create = _refuse
    get_or_create = _refuse
    create = _refuse


GuardedManager = models.Manager.from_queryset(GuardedQuerySet)

_WRITE = re.compile(
    r'^\s*(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE|DELETE\s+FROM|REPLACE\s+INTO|TRUNCATE)\s+"?(\w+)"?', re.I
)


class SqlGuard:
    """An execute wrapper that stops statements which write a recorded table without the writer's token, and tells of
    the others which table they wrote (`topics`)."""

    def __init__(self, tables: Callable[[], frozenset[str]]) -> None:
        self.tables = tables

    def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        """Run the statement, or raise `OutsideWriter`."""
        found = _WRITE.match(sql) if isinstance(sql, str) else None
        if found is None:
            topics.read(str(sql))
            return execute(sql, params, many, context)
        if not _writing.get() and found[1].lower() in self.tables():
            raise OutsideWriter(f"{found[1]} is written by journal.writing alone")
        done = execute(sql, params, many, context)
        topics.wrote_table(context["connection"], found[1].lower())
        return done
