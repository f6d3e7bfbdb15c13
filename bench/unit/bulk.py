"""A writer for very many rows: the rows and records that `journal.writing` would make, stored a table at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import models, transaction

from qafila.journal import canon
from qafila.journal.guard import writer_token
from qafila.journal.header import CREATE
from qafila.journal.here import here
from qafila.journal.models import Recorded
from qafila.journal.stamps import DEFAULT, Heads
from qafila.journal.write import Writer


class Bulk(Writer):
    """Collects new rows beside their records."""

    rows: dict[type[Recorded], list[Recorded]]

    def _create(self, obj: Recorded, refs: tuple[UUID, ...], lane: int | None) -> None:
        obj.custodian, obj.programme = self.node.custodian, self.node.programme
        fields: dict[str, Any] = {}
        for field in canon.payload_fields(type(obj)):
            value = canon.plain(field, getattr(obj, field.attname))
            if value != canon.unsaid(field):
                fields[field.name] = value
        stamp = self._record(obj, CREATE, fields, {}, refs, lane)
        obj.heads = Heads({DEFAULT: (stamp,)}).dump()
        self.rows[type(obj)].append(obj)

    def store(self) -> None:
        """Write rows and records."""
        with writer_token():
            for model, rows in self.rows.items():
                models.QuerySet(model, using=self.node.database).bulk_create(rows)
        self.flush()


@contextmanager
def bulk(actor: Any, act: str) -> Iterator[Bulk]:
    """One transaction of very many new rows."""
    node = here()
    writer = Bulk(node, getattr(actor, "id", actor), act, None)
    writer.rows = defaultdict(list)
    with transaction.atomic(using=node.database):
        yield writer
        writer.store()
