"""Rows of a whole frame at once: one statement for the new rows of a kind, one locked read and one update for the
changed ones.

Ordinary is a row that is created and, perhaps, changed by those who saw its current values; the frame's records of it
are folded here. Whatever else there is (a clash, a change before its creation, a value that does not fit) goes to
`apply.apply_one`, record by record, so that the outcome is the same. Everything is done in the order of ids, so that
two processes never wait for each other in a circle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import msgspec
import orjson
from django.db import DatabaseError, transaction

from qafila.journal import tables, topics, upcast
from qafila.journal.apply import apply_one, model_for, raise_if_ours
from qafila.journal.entries import Entry, Taken
from qafila.journal.guard import writer_token
from qafila.journal.header import CHANGE, CREATE
from qafila.journal.here import Here
from qafila.journal.layouts import Layout, layout
from qafila.journal.models import Record, Recorded
from qafila.journal.stamps import DEFAULT, Heads, unpack_base

FEW = 200
"""Rows that may wait for their creation before each frame asks for its own."""


class _Odd(Exception):
    """Not the ordinary case."""


class _Subject(msgspec.Struct):
    """What a frame says of one row."""

    entries: list[Entry]
    row: list[Any] = []
    """The new row's values, or those of the one that is here, in the order of its layout."""
    heads: Heads | None = None
    """None: as the creation left them."""
    names: set[str] = set()
    """Fields that have changed."""


@dataclass
class Plan:
    """How a frame's records become rows."""

    fresh: dict[type[Recorded], list[_Subject]] = field(default_factory=dict)
    changed: dict[type[Recorded], list[_Subject]] = field(default_factory=dict)
    odd: list[Entry] = field(default_factory=list)


def plan(node: Here, entries: Sequence[Entry]) -> Plan:
    """Fold what is ordinary and mark its records as applied; locks the rows that will change. Nothing is written."""
    made = Plan()
    here_already: dict[type[Recorded], list[_Subject]] = {}
    for model, subject in _subjects(entries, made):
        if subject.entries[0].said.op == CREATE:
            _or_odd(made, made.fresh, model, subject, _folded_new)
        else:
            here_already.setdefault(model, []).append(subject)
    _leave_to_waiting(node, made)
    for model in sorted(here_already, key=lambda m: m.kind()):
        _read(node, model, here_already[model], made)
    for group in (made.fresh, made.changed):
        for subjects in group.values():
            subjects.sort(key=lambda s: s.entries[0].subject)
            for subject in subjects:
                for entry in subject.entries:
                    entry.applied = True
    return made


def _subjects(entries: Sequence[Entry], made: Plan) -> Iterable[tuple[type[Recorded], _Subject]]:
    found: dict[int, tuple[type[Recorded], _Subject]] = {}
    mixed: set[int] = set()
    for entry in entries:
        model = model_for(entry)
        if model is None:
            continue
        name = entry.subject.int
        known = found.get(name)
        if known is None:
            found[name] = model, _Subject([entry])
        else:
            known[1].entries.append(entry)
            if known[0] is not model:
                mixed.add(name)
    for subject in mixed:
        made.odd += found.pop(subject)[1].entries
    return found.values()


def _or_odd(
    made: Plan,
    group: dict[type[Recorded], list[_Subject]],
    model: type[Recorded],
    subject: _Subject,
    fold: Callable[[Layout, _Subject], None],
) -> None:
    try:
        fold(layout(model), subject)
    except (_Odd, ValueError, TypeError, KeyError):
        made.odd += subject.entries
        return
    group.setdefault(model, []).append(subject)


def _folded_new(shape: Layout, subject: _Subject) -> None:
    first = subject.entries[0]
    said = first.said
    fields, _ = upcast.read(shape.model, said, first.fields or b"")
    subject.row = shape.row(first.subject, fields, said.custodian, said.programme)
    if len(subject.entries) == 1:
        subject.row[1] = orjson.dumps({DEFAULT: [str(said.stamp)]}).decode()
        return
    heads = Heads({DEFAULT: (said.stamp,)})
    _change(shape, subject, heads, subject.entries[1:])
    subject.row[1] = heads.dump()


def _folded_change(shape: Layout, subject: _Subject) -> None:
    heads = Heads.load(subject.row[1])
    _change(shape, subject, heads, subject.entries)
    subject.row[1] = heads.dump()


def _change(shape: Layout, subject: _Subject, heads: Heads, entries: Iterable[Entry]) -> None:
    for entry in entries:
        if entry.said.op != CHANGE:
            continue
        fields, base = upcast.read(shape.model, entry.said, entry.fields or b"")
        for name in fields.keys() & shape.places.keys():
            seen = unpack_base(base, name)
            # Two heads are a clash that somebody has settled: it has to be closed.
            if seen != heads.of(name) or len(seen) > 1:
                raise _Odd
            heads.fields[name] = (entry.said.stamp,)
            subject.names.add(name)
        shape.put(subject.row, fields)


def _leave_to_waiting(node: Here, made: Plan) -> None:
    """Creations for which changes wait here already are not ordinary."""
    ids = [s.entries[0].subject for subjects in made.fresh.values() for s in subjects]
    if not ids:
        return
    rows = Record._base_manager.using(node.database).filter(applied=False)
    # Next to nothing waits as a rule: all of it is read more quickly than hundreds of ids are looked for.
    waiting = {subject for (subject,) in tables.some(Record, ["subject"], FEW, node.database, applied=False)}
    if len(waiting) == FEW or (waiting and not waiting.isdisjoint(ids)):
        waiting = set(rows.filter(subject__in=ids).values_list("subject", flat=True))
        for model, subjects in made.fresh.items():
            made.odd += [e for s in subjects if s.entries[0].subject in waiting for e in s.entries]
            made.fresh[model] = [s for s in subjects if s.entries[0].subject not in waiting]


def _read(node: Here, model: type[Recorded], subjects: list[_Subject], made: Plan) -> None:
    ids = [s.entries[0].subject for s in subjects]
    rows = model._base_manager.using(node.database).select_for_update().filter(pk__in=ids).order_by("pk")
    known = {values[0]: values for values in rows.values_list(*layout(model).names)}
    for subject in subjects:
        values = known.get(subject.entries[0].subject)
        if values is not None:
            subject.row = list(values)
            _or_odd(made, made.changed, model, subject, _folded_change)
        elif any(entry.said.op == CREATE for entry in subject.entries):
            made.odd += subject.entries


def carry_out(node: Here, made: Plan, taken: Taken) -> None:
    """Write what was planned; the records are in the journal already."""
    try:
        with transaction.atomic(using=node.database), writer_token():
            left = [
                subject for write, model, subjects in _steps(made) for subject in write(model, subjects, node.database)
            ]
    except DatabaseError as error:
        raise_if_ours(error)
        left = [s for write, model, subjects in _steps(made) for s in _halved(node, write, model, subjects)]
    if left:
        again = [entry for subject in left for entry in subject.entries]
        Record._base_manager.using(node.database).filter(pk__in=[e.no for e in again]).update(applied=False)
        for entry in again:
            entry.applied = False
        made.odd += again
    for entry in sorted(made.odd, key=lambda e: (e.hlc, e.key, e.place)):
        apply_one(node, entry, taken)


_Write = Callable[[type[Recorded], Sequence[_Subject], str], list[_Subject]]


def _steps(made: Plan) -> Iterable[tuple[_Write, type[Recorded], list[_Subject]]]:
    for model in sorted(made.fresh, key=lambda m: m.kind()):
        yield _insert, model, made.fresh[model]
    for model in sorted(made.changed, key=lambda m: m.kind()):
        yield _update, model, made.changed[model]


def _insert(model: type[Recorded], subjects: Sequence[_Subject], database: str) -> list[_Subject]:
    """Insert the rows; those that another process has made meanwhile are left."""
    ids = [s.entries[0].subject for s in subjects]
    with _named(model):
        done = tables.insert(model, layout(model).names, [s.row for s in subjects], database, once=["id"])
    if done == len(subjects):
        return []
    mine = dict(zip(ids, (s.row[1] for s in subjects), strict=True))
    stored = model._base_manager.using(database).filter(pk__in=ids).values_list("pk", "heads")
    others = {pk for pk, heads in stored if heads != mine[pk]}
    return [s for s in subjects if s.entries[0].subject in others]


def _update(model: type[Recorded], subjects: Sequence[_Subject], database: str) -> list[_Subject]:
    shape = layout(model)
    touched = sorted({shape.places[name] for s in subjects for name in s.names})
    places = [0, 1, *touched]
    with _named(model):
        tables.update(model, [shape.names[p] for p in places], [[s.row[p] for p in places] for s in subjects], database)
    return []


def _named(model: type[Recorded]) -> AbstractContextManager[None]:
    """Of rows that concern nobody but their patient's readers whoever takes them in names the patients."""
    return topics.named() if model.concerns is Recorded.concerns else nullcontext()


def _halved(node: Here, write: _Write, model: type[Recorded], subjects: Sequence[_Subject]) -> list[_Subject]:
    """Write what can be written, by halving what cannot; the rows that are left."""
    if not subjects:
        return []
    try:
        with transaction.atomic(using=node.database), writer_token():
            return write(model, subjects, node.database)
    except DatabaseError as error:
        raise_if_ours(error)
    if len(subjects) == 1:
        return list(subjects)
    half = len(subjects) // 2
    return [*_halved(node, write, model, subjects[:half]), *_halved(node, write, model, subjects[half:])]
