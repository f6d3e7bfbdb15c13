"""Folding one record into its row, with a look at everything that is known of the row: right in every case, and slow.

`bulk` takes the ordinary cases a frame at a time and leaves to this what is not ordinary.
"""

from __future__ import annotations

from functools import lru_cache

from django.apps import apps
from django.db import DatabaseError, InterfaceError, OperationalError, transaction

from qafila.journal import fold, upcast
from qafila.journal.entries import Entry, Taken
from qafila.journal.guard import writer_token
from qafila.journal.header import CHANGE, CREATE, NOTE, Header
from qafila.journal.here import Here
from qafila.journal.models import Record, Recorded
from qafila.journal.stamps import DEFAULT, Heads, unpack_base

POISON = (ValueError, TypeError, KeyError, DatabaseError)
"""What a record that cannot be understood raises."""
_TOO_COMPLEX = "54"
"""SQLSTATE class of a value beyond PostgreSQL's limits: the record's fault, though reported as an operational error."""


@lru_cache(maxsize=500)
def recorded_model(kind: str) -> type[Recorded] | None:
    """The model of a record's kind, None where this version does not know it."""
    try:
        model = apps.get_model(kind)
    except (LookupError, ValueError):
        return None
    return model if issubclass(model, Recorded) else None


def model_for(entry: Entry) -> type[Recorded] | None:
    """The model whose row a record changes; None where there is nothing to apply here."""
    model = recorded_model(entry.kind)
    if entry.said.op == NOTE or model is None or entry.fields is None or upcast.too_new(model, entry.said):
        return None
    return model


def raise_if_ours(error: Exception) -> None:
    """Raise where the database is at fault, not the record: no room, no connection, a deadlock."""
    if isinstance(error, (OperationalError, InterfaceError)):
        state = getattr(error.__cause__, "sqlstate", None) or ""
        if not state.startswith(_TOO_COMPLEX):
            raise error


def apply_one(node: Here, entry: Entry, taken: Taken) -> None:
    """Fold a stored record into its row; what cannot be understood is set aside."""
    model = model_for(entry)
    if model is None:
        return
    try:
        with transaction.atomic(using=node.database):
            done = apply_fields(node, model, entry.said, entry.fields or b"")
    except POISON as error:
        raise_if_ours(error)
        taken.set_aside(entry.parcel, entry.said, f"{type(error).__name__}: {error}")
        return
    if done:
        Record._base_manager.using(node.database).filter(pk=entry.no).update(applied=True)
        entry.applied = True


def apply_fields(node: Here, model: type[Recorded], header: Header, data: bytes) -> bool:
    """Fold one record into its row; False while the row's creation has not come."""
    fields, base = upcast.read(model, header, data)
    fields = {n: v for n, v in fields.items() if fold.has_field(model, n)}
    rows = model._base_manager.using(node.database)
    row = rows.select_for_update().filter(pk=header.subject_id).first()
    if header.op == CREATE and row is None:
        _create(node, model, header, fields)
        return True
    if row is None:
        return False
    heads = Heads.load(row.heads)
    if header.op == CHANGE:
        known = {n: v for n, v in fields.items() if unpack_base(base, n) == heads.of(n)}
        fold.put(row, heads, known, header.stamp)
        for name in fields:
            if name not in known:
                fold.refold(row, heads, name)
        fold.store(row, heads, list(fields), node.database)
    return True


def _create(node: Here, model: type[Recorded], header: Header, fields: dict[str, object]) -> None:
    subject = header.subject_id
    every = Record._base_manager.using(node.database)
    waiting = every.filter(subject=subject, kind=model.kind(), applied=False)
    if waiting.exclude(node=header.node, run=header.run, seq=header.seq).exists():
        fold.fold_row(model, subject, node.database)
        folded = [no for no, _, _ in fold.foldable(model, subject, node.database)]
        waiting.filter(pk__in=folded).update(applied=True)
        return
    row = fold.build(model, subject, fields, header.custodian, header.programme)
    row.heads = Heads({DEFAULT: (header.stamp,)}).dump()
    with writer_token():
        row.save(force_insert=True, using=node.database)
