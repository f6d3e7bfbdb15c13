"""Catching up after an update: rows of records that an earlier program could only keep, and rows of kinds whose
layout is another now.

Runs after each `migrate`, before anything else of the node does. What it finds is folded, and what follows from the
arrival of records (mailboxes, search keys, routing) happens for those that took no effect until now. A record that
still cannot be folded goes to quarantine and keeps nobody from starting.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import transaction

from qafila.journal import fold, tables
from qafila.journal.apply import POISON, apply_one, model_for, raise_if_ours
from qafila.journal.changed import mark
from qafila.journal.entries import Entry, Parcel, Taken, entry
from qafila.journal.guard import writer_token
from qafila.journal.header import CREATE, decode
from qafila.journal.here import Here
from qafila.journal.layouts import layout
from qafila.journal.models import Folded, Record, Recorded
from qafila.journal.signals import ingested
from qafila.journal.stamps import DEFAULT, Heads

BATCH = 500
"""Rows in one transaction."""
log = logging.getLogger("qafila.journal")


def catch_up(node: Here) -> int:
    """Fold what this program understands and an earlier one did not; how many records took effect by it.

    May be cut off at any point: it goes on where it is run again.
    """
    database = node.database
    marks = dict(Folded._base_manager.using(database).values_list("kind", "schema"))
    done = 0
    kinds = sorted((m for m in apps.get_models() if issubclass(m, Recorded)), key=lambda m: m.kind())
    behind = [m for m in kinds if marks.get(m.kind(), 0) < m.schema]
    if behind and not Record._base_manager.using(database).exists():
        # A new node: nothing is to be folded.
        _mark(behind, database)
        return 0
    for model in behind:
        done += _refold_kind(node, model)
        _mark([model], database)
    done += _waiting(node)
    if done:
        log.info("%d records took effect that an earlier program could only keep", done)
    return done


def _mark(models: Sequence[type[Recorded]], database: str) -> None:
    marks = [Folded(kind=m.kind(), schema=m.schema) for m in models]
    Folded._base_manager.using(database).bulk_create(
        marks, update_conflicts=True, unique_fields=["kind"], update_fields=["schema"]
    )


def _refold_kind(node: Here, model: type[Recorded]) -> int:
    done = 0
    for subjects in _subjects(model, node.database):
        done += _halving(node, subjects, lambda some: _refold(node, model, some))
    return done


def _subjects(model: type[Recorded], database: str) -> Iterator[list[UUID]]:
    """The rows that records of the kind speak of, in the order of their ids."""
    rows = Record._base_manager.using(database).filter(kind=model.kind(), fields__isnull=False)
    after = UUID(int=0)
    while True:
        found = list(
            rows.filter(subject__gt=after).order_by("subject").values_list("subject", flat=True).distinct()[:BATCH]
        )
        if not found:
            return
        yield found
        after = found[-1]


def _halving(node: Here, some: Sequence[Any], work: Callable[[Sequence[Any]], int]) -> int:
    """Do the work in a transaction; where it fails, do it in halves, so that one row keeps only itself from it."""
    try:
        with transaction.atomic(using=node.database):
            return work(some)
    except Exception as error:  # noqa: BLE001 - a side effect failed: the others must not wait for it
        raise_if_ours(error)
        if len(some) == 1:
            log.error("a row could not be caught up: %s", type(error).__name__)
            return 0
    half = len(some) // 2
    return _halving(node, some[:half], work) + _halving(node, some[half:], work)


def _refold(node: Here, model: type[Recorded], subjects: Sequence[UUID]) -> int:
    """Make these rows again from their records."""
    database = node.database
    taken = Taken()
    plain: list[list[Any]] = []
    present = set(
        model._base_manager.using(database)
        .select_for_update()
        .filter(pk__in=subjects)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    folded: list[int] = []
    understood = fold.foldable_of(model, subjects, database)
    for subject, known in sorted(understood.items()):
        try:
            row = _created(model, known)
            if row is not None:
                plain.append(row)
            else:
                with transaction.atomic(using=database):
                    if fold.fold_row(model, subject, database) is None:
                        continue
        except POISON as error:
            raise_if_ours(error)
            _set_aside(node, subject, error, taken)
            continue
        folded += [no for no, _, _ in known]
    names = layout(model).names
    with writer_token():
        tables.insert(model, names, [row for row in plain if row[0] not in present], database)
        tables.update(model, names, [row for row in plain if row[0] in present], database)
    taken.write(database)
    return _took_effect(node, folded)


def _created(model: type[Recorded], known: Sequence[fold.Understood]) -> list[Any] | None:
    """The values of a row that was created and never changed: the ordinary case, which costs no query of its own."""
    if len(known) != 1 or known[0][1].op != CREATE:
        return None
    _, header, fields = known[0]
    row = layout(model).row(header.subject_id, fields, header.custodian, header.programme)
    row[1] = Heads({DEFAULT: (header.stamp,)}).dump()
    return row


def _set_aside(node: Here, subject: UUID, error: Exception, taken: Taken) -> None:
    rows = Record._base_manager.using(node.database).filter(subject=subject, applied=False)
    for one in _entries(rows):
        taken.set_aside(one.parcel, one.said, f"{type(error).__name__}: {error}")


def _took_effect(node: Here, folded: Sequence[int]) -> int:
    """Say of these records that they are applied, and let follow what follows from those that were not."""
    rows = Record._base_manager.using(node.database).filter(pk__in=folded, applied=False)
    fresh = _entries(rows)
    if not fresh:
        return 0
    rows.update(applied=True)
    for one in fresh:
        one.applied = True
    _tell(node, fresh)
    return len(fresh)


def _tell(node: Here, fresh: list[Entry]) -> None:
    mark(node)
    ingested.send(sender=Record, headers=[e.said for e in fresh], records=fresh, node=node, sender_node="")


def _waiting(node: Here) -> int:
    """Records of kinds that were known already and that did not fit an earlier program, or whose row has come since."""
    rows = Record._base_manager.using(node.database).filter(applied=False, fields__isnull=False)
    numbers = list(rows.order_by("hlc", "node", "run", "seq").values_list("no", flat=True))
    done = 0
    for start in range(0, len(numbers), BATCH):
        done += _halving(node, numbers[start : start + BATCH], lambda some: _apply(node, some))
    return done


def _apply(node: Here, numbers: Sequence[int]) -> int:
    taken = Taken()
    rows = Record._base_manager.using(node.database).filter(pk__in=numbers, applied=False)
    entries = [e for e in _entries(rows) if model_for(e) is not None]
    for one in sorted(entries, key=lambda e: (e.hlc, e.key)):
        apply_one(node, one, taken)
    taken.write(node.database)
    fresh = [one for one in entries if one.applied]
    if fresh:
        _tell(node, fresh)
    return len(fresh)


def _entries(rows: Any) -> list[Entry]:
    found = []
    for place, r in enumerate(rows.order_by("no")):
        fields = None if r.fields is None else bytes(r.fields)
        parcel = Parcel(bytes(r.header), fields, bytes(r.salt or b""), r.lane, bytes(r.prev))
        one = entry(decode(parcel.header), parcel, place)
        one.no, one.applied = r.no, False
        found.append(one)
    return found
