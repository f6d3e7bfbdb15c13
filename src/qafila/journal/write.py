"""The only way to write a recorded row.

    with journal.writing(actor, act="visit.open") as write:
        visit = write.save(Visit(person=person, …))

stores the row and its record in one transaction. A change names, field by field, the values that its author
saw; where they are no longer the current ones both sides are kept and a `Clash` is shown to a person.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar
from uuid import UUID

from django.db import connections, transaction

from qafila.journal import canon, fold, lives, tables, topics, wall
from qafila.journal.changed import mark
from qafila.journal.guard import writer_token
from qafila.journal.header import CHANGE, CREATE, Header
from qafila.journal.here import Here, here
from qafila.journal.models import Record, Recorded
from qafila.journal.signals import written
from qafila.journal.stamps import DEFAULT, Heads, Stamp, pack_base
from qafila.kernel import looks

M = TypeVar("M", bound=Recorded)
_current: ContextVar[Writer | None] = ContextVar("qafila_writer", default=None)


class Gone(Exception):
    """The row to be changed is not on this node."""


class Writer:
    """Collects the records of one transaction. Made by `writing`."""

    def __init__(self, node: Here, actor: UUID | None, act: str, lane: int | None) -> None:
        self.node, self.actor, self.lane = node, actor, lane
        self.acts = [act]
        self.run: int | None = None
        self.salt = secrets.token_bytes(12)
        self.drafts: list[tuple[dict[str, Any], bytes, Recorded]] = []

    def save(self, obj: M, *, refs: tuple[UUID, ...] = (), lane: int | None = None) -> M:
        """Store a new row, or the fields of a read row that its author changed; nothing changed, nothing written.

        Raises `canon.Unfit` for a value that no database could hold, `Gone` where the row is not here.
        """
        if obj._state.adding:
            self._create(obj, refs, lane)
        else:
            self._change(obj, refs, lane)
        return obj

    def settle(self, obj: M, fields: frozenset[str]) -> M:
        """Store these fields of a read row as they stand, changed or not: whoever wrote them saw every value there is.

        Where two values of a field stood side by side the clash is over on every node, and the chosen value holds.
        Raises as `save`.
        """
        self._change(obj, (), None, forced=fields)
        return obj

    def save_many(self, objs: Sequence[Recorded], lanes: Sequence[int | None]) -> None:
        """As `save` of each, all of one model, with as many statements as there are sets of changed fields: for work
        that a node does in bulk. Raises as `save`."""
        if not objs:
            return
        model, database = type(objs[0]), self.node.database
        pairs = list(zip(objs, lanes, strict=True))
        fresh = [pair for pair in pairs if pair[0]._state.adding]
        known = [pair for pair in pairs if not pair[0]._state.adding]
        for obj, lane in fresh:
            self._created(obj, (), lane)
        names = [f.attname for f in model._meta.concrete_fields]
        with writer_token(), topics.named():
            tables.insert(model, names, [[getattr(obj, n) for n in names] for obj, _ in fresh], database)
        for obj, _ in fresh:
            obj._state.adding, obj._state.db = False, database
            _remember(obj)
        self._change_many(model, known)

    def _create(self, obj: Recorded, refs: tuple[UUID, ...], lane: int | None) -> None:
        self._created(obj, refs, lane)
        with writer_token(), topics.named():
            obj.save(force_insert=True, using=self.node.database)
        _remember(obj)

    def _created(self, obj: Recorded, refs: tuple[UUID, ...], lane: int | None) -> None:
        obj.custodian = obj.custodian or self.node.custodian
        obj.programme = obj.programme or self.node.programme
        fields: dict[str, Any] = {}
        for field in canon.payload_fields(type(obj)):
            value = canon.plain(field, getattr(obj, field.attname))
            setattr(obj, field.attname, canon.native(field, value) if value is not None else None)
            if value != canon.unsaid(field):
                fields[field.name] = value
        stamp = self._record(obj, CREATE, fields, {}, refs, lane)
        obj.heads = Heads({DEFAULT: (stamp,)}).dump()

    def _change_many(self, model: type[Recorded], objs: Sequence[tuple[Recorded, int | None]]) -> None:
        rows = model._base_manager.using(self.node.database).select_for_update()
        held = {row.pk: row for row in rows.filter(pk__in=[obj.pk for obj, _ in objs]).order_by("pk")} if objs else {}
        alike: dict[tuple[str, ...], list[list[Any]]] = defaultdict(list)
        for obj, lane in objs:
            current, changed = held.get(obj.pk), changes(obj)
            if not changed:
                continue
            if current is None:
                raise Gone(model.kind())
            heads, saw = Heads.load(current.heads), Heads.load(obj.heads)
            base = {name: saw.of(name) for name in changed}
            if any(base[name] != heads.of(name) for name in changed):
                self._change(obj, (), lane)
                continue
            stamp = self._record(obj, CHANGE, changed, pack_base(base), (), lane)
            fold.put(current, heads, changed, stamp)
            obj.heads = current.heads = heads.dump()
            columns = ("id", *(f.attname for f in canon.payload_fields(model) if f.name in changed), "heads")
            alike[columns].append([getattr(current, c) for c in columns])
            for field in canon.payload_fields(model):
                setattr(obj, field.attname, getattr(current, field.attname))
            _remember(obj)
        with writer_token(), topics.named():
            for columns, values in alike.items():
                tables.update(model, columns, values, self.node.database)

    def _change(
        self, obj: Recorded, refs: tuple[UUID, ...], lane: int | None, forced: frozenset[str] = frozenset()
    ) -> None:
        changed = changes(obj, forced)
        if not changed:
            return
        model = type(obj)
        current = model._base_manager.using(self.node.database).select_for_update().filter(pk=obj.pk).first()
        if current is None:
            raise Gone(model.kind())
        heads, saw = Heads.load(current.heads), Heads.load(obj.heads)
        base = {name: saw.of(name) for name in changed}
        stamp = self._record(obj, CHANGE, changed, pack_base(base), refs, lane)
        stale = [name for name in changed if saw.of(name) != heads.of(name)]
        direct = {name: value for name, value in changed.items() if name not in stale}
        fold.put(current, heads, direct, stamp)
        for name in stale:
            fold.refold(current, heads, name, extra=[(stamp, base[name], changed[name])])
        with topics.named():
            fold.store(current, heads, list(changed), self.node.database)
        for field in canon.payload_fields(model):
            setattr(obj, field.attname, getattr(current, field.attname))
        obj.heads = current.heads
        _remember(obj)

    def _record(
        self,
        obj: Recorded,
        op: str,
        fields: dict[str, Any],
        base: dict[str, list[str]],
        refs: tuple[UUID, ...],
        lane: int | None,
    ) -> Stamp:
        model = type(obj)
        if self.run is None:
            self.run = lives.open_run(self.node)
        hlc = self.node.clock.tick()
        data = canon.dumps(fields)
        patient = obj.subject_of_care()
        values = {
            "node": self.node.node,
            "run": self.run,
            "hlc": hlc,
            "actor": self.actor.hex if self.actor else "",
            "act": self.acts[-1],
            "kind": model.kind(),
            "schema": model.schema,
            "op": op,
            "subject": obj.pk.hex,
            "patient": patient.hex if patient else "",
            "base": base,
            "refs": [r.hex for r in refs],
            "custodian": self.node.custodian,
            "programme": self.node.programme,
            "digest": canon.digest(self.salt, data).hex(),
            "lane": next(x for x in (lane, self.lane, model.lane) if x is not None),
        }
        self.drafts.append((values, data, obj))
        return Stamp(hlc, self.node.node, self.run)

    def flush(self) -> list[Record]:
        """Chain and store the collected records; the run's head is locked here, last."""
        if not self.drafts or self.run is None:
            return []
        drafts, self.drafts = self.drafts, []
        topics.wrote(connections[self.node.database], {one for _, _, obj in drafts for one in obj.concerns()})
        with lives.extending(self.node, self.run) as end:
            records = []
            for values, data, _ in drafts:
                lane = values.pop("lane")
                header = Header(seq=end.last + 1, **values)
                records.append(end.append(header, data, self.salt, lane))
            _insert(records, self.node.database)
        return records


MANY = 50
"""Records from which on the ORM's way is the longer one."""


def _insert(records: list[Record], database: str) -> None:
    if len(records) < MANY:
        Record._base_manager.using(database).bulk_create(records)
        return
    names = [f.attname for f in Record._meta.concrete_fields if f.attname != "no"]
    rows = [[getattr(record, n) for n in names] for record in records]
    numbers = dict(tables.insert_back(Record, names, rows, database, once=(), back=("seq", "no")))
    for record in records:
        record.no = numbers[record.seq]
        record._state.adding, record._state.db = False, database


def _remember(obj: Recorded) -> None:
    fields = obj._meta.concrete_fields
    obj.seen = ([f.attname for f in fields], [getattr(obj, f.attname) for f in fields])


def changes(obj: Recorded, forced: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The fields of a read instance that differ from what was read, and the `forced` ones, in canonical form."""
    if obj.seen is None:
        raise Gone("an instance that was never read")
    before = dict(zip(*obj.seen, strict=True))
    changed = {}
    for field in canon.payload_fields(type(obj)):
        if field.attname not in before:
            continue
        now, then = getattr(obj, field.attname), before[field.attname]
        if field.name not in forced and _untouched(now, then):
            continue
        value = canon.plain(field, now)
        if field.name in forced or value != canon.plain(field, then):
            changed[field.name] = value
    return changed


def _untouched(now: Any, then: Any) -> bool:
    """Whether it is plain without its canonical form that nothing was changed: nearly always."""
    return now is then or (type(now) is type(then) and isinstance(now, (str, UUID, bool)) and now == then)


@contextmanager
def writing(actor: Any, act: str, *, lane: int | None = None, always: bool = False) -> Iterator[Writer]:
    """Open a transaction in which recorded rows may be saved.

    `actor` is the person who acts (or anything with an `id`), None for the node itself. A nested call joins
    the outer transaction under its own act's name. When the block ends, rows and records are committed as one.
    `always`: the program's own bookkeeping, which goes on where people may begin nothing new (a full disk).
    """
    node = here()
    outer = _current.get()
    if outer is not None and outer.node is node:
        outer.acts.append(act)
        try:
            yield outer
        finally:
            outer.acts.pop()
        return
    if node.before_writing is not None and not always:
        node.before_writing()
    writer = Writer(node, getattr(actor, "id", actor), act, lane)
    with transaction.atomic(using=node.database):
        token = _current.set(writer)
        try:
            yield writer
            # Whoever is told may write in turn.
            # And what follows is the node's own work: a case that has gone to somebody else is told to its unit.
            with wall.beyond("the journal, the mailboxes and what is derived are written for everybody"):
                while records := writer.flush():
                    mark(node)
                    written.send(sender=Writer, records=records, node=node)
        finally:
            _current.reset(token)
            looks.forget()
