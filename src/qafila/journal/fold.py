"""A row is the fold of its records: for each field the heads decide, and any order of arrival gives the same row.

The fast way: the record's author saw the current value, so his replaces it. The slow way reads all records of
the row and keeps, of each field, the writes that no other had seen; two different ones are a clash.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec
import orjson

from qafila.journal import canon, upcast
from qafila.journal.guard import writer_token
from qafila.journal.header import CREATE, NOTE, Header, decode
from qafila.journal.models import Clash, Record, Recorded
from qafila.journal.stamps import DEFAULT, Heads, Stamp, Write, heads_of, unpack_base
from qafila.kernel.clock import hlc_time

Extra = tuple[Stamp, tuple[Stamp, ...], Any]
"""A write that is not stored as a record yet: stamp, base, canonical value."""


def put(row: Recorded, heads: Heads, fields: Mapping[str, Any], stamp: Stamp) -> None:
    """Set fields whose author saw the current values; settles a clash that he was shown."""
    for name, value in fields.items():
        field = row._meta.get_field(name)
        setattr(row, field.attname, canon.native(field, value))  # type: ignore[union-attr, arg-type]
        if len(heads.of(name)) > 1:
            Clash._base_manager.using(row._state.db).filter(subject=row.pk, field=name).update(open=False)
        heads.fields[name] = (stamp,)


def store(row: Recorded, heads: Heads, names: Iterable[str], database: str) -> None:
    """Write the named fields and the heads of a row, under the writer's token."""
    row.heads = heads.dump()
    with writer_token():
        row.save(using=database, update_fields=[*names, "heads"])


def refold(row: Recorded, heads: Heads, name: str, *, extra: Iterable[Extra] = ()) -> None:
    """Set one field from all that is known of it, and keep, open or close its clash."""
    database = row._state.db
    model = type(row)
    field = model._meta.get_field(name)
    writes = [Write(*x) for x in extra]
    for _, header, fields in foldable(model, row.pk, database):
        if header.op == CREATE:
            value = fields.get(name, canon.unsaid(field))  # type: ignore[arg-type]
            writes.append(Write(header.stamp, (), value))
        elif name in fields:
            writes.append(Write(header.stamp, unpack_base(header.base, name), fields[name]))
    tops = heads_of(writes)
    if not tops:
        return
    value, notices = settle(model, name, [w.value for w in tops])
    setattr(row, field.attname, canon.native(field, value))  # type: ignore[union-attr, arg-type]
    heads.fields[name] = tuple(w.stamp for w in tops)
    _clash(row, name, tops, value, notices, database)


def settle(model: type[Recorded], name: str, values: list[Any]) -> tuple[Any, list[str]]:
    """The value in force among the heads' values (latest first), and the notices due."""
    if len({canon.dumps(v) for v in values}) == 1:
        return values[0], []
    if name in model.settles:
        return model.settles[name](values)
    return values[0], []


Understood = tuple[int, Header, dict[str, Any]]
"""A record's number, header and fields, in today's layout."""


def foldable(model: type[Recorded], subject: UUID, database: str | None) -> list[Understood]:
    """A row's records that are here, not erased and understood.

    What is too new for this program waits; what no step can read lies in quarantine.
    """
    return foldable_of(model, [subject], database).get(subject, [])


def foldable_of(model: type[Recorded], subjects: Iterable[UUID], database: str | None) -> dict[UUID, list[Understood]]:
    """As `foldable`, of several rows in one query."""
    rows = Record._base_manager.using(database).filter(
        subject__in=list(subjects), kind=model.kind(), fields__isnull=False
    )
    found: dict[UUID, list[Understood]] = {}
    for no, subject, head, data in rows.values_list("no", "subject", "header", "fields"):
        header = decode(bytes(head))
        if header.op == NOTE or upcast.too_new(model, header):
            continue
        try:
            fields, base = upcast.read(model, header, bytes(data or b""))
        except ValueError:
            continue
        said = header if base is header.base else msgspec.structs.replace(header, base=base)
        found.setdefault(subject, []).append((no, said, fields))
    return found


def _clash(row: Recorded, name: str, tops: list[Write], value: Any, notices: list[str], database: str | None) -> None:
    differ = len({canon.dumps(w.value) for w in tops}) > 1
    clashes = Clash._base_manager.using(database)
    if not differ or name in type(row).silent:
        clashes.filter(subject=row.pk, field=name).update(open=False)
        return
    sides = [
        {"value": w.value, "stamp": str(w.stamp), "node": w.stamp.node, "at": hlc_time(w.stamp.hlc).isoformat()}
        for w in tops
    ]
    told = " ".join(sorted(set(notices)))[:200]
    settled = name in type(row).settles and not notices
    clashes.update_or_create(
        subject=row.pk,
        field=name,
        defaults={
            "kind": row.kind(),
            "patient": row.subject_of_care(),
            "sides": orjson.dumps({"in_force": value, "sides": sides}).decode(),
            "notice": told,
            "open": not settled,
        },
    )


def fold_row(model: type[Recorded], subject: UUID, database: str) -> Recorded | None:
    """Make a whole row from its records, whatever it says now; None while its creation is unknown here."""
    known = [(header, fields) for _, header, fields in foldable(model, subject, database)]
    created = [(h, f) for h, f in known if h.op == CREATE]
    if not created:
        return None
    header, fields = min(created, key=lambda c: c[0].stamp)
    row = build(model, subject, fields, header.custodian, header.programme)
    row._state.db = database
    heads = Heads({DEFAULT: (header.stamp,)})
    row.heads = heads.dump()
    names = sorted({n for h, f in known if h.op != CREATE for n in f if has_field(model, n)})
    Clash._base_manager.using(database).filter(subject=subject, kind=model.kind()).exclude(field__in=names).delete()
    here_already = model._base_manager.using(database).filter(pk=subject).exists()
    with writer_token():
        row.save(force_insert=not here_already, force_update=here_already, using=database)
    for name in names:
        refold(row, heads, name)
    if names:
        store(row, heads, names, database)
    return row


def has_field(model: type[Recorded], name: str) -> bool:
    """Whether this version of the house knows the field."""
    return any(f.name == name for f in canon.payload_fields(model))


def build(model: type[Recorded], subject: UUID, fields: Mapping[str, Any], custodian: str, programme: str) -> Recorded:
    """An unsaved row from the fields of its creation. Raises `canon.Unfit`."""
    row = model(id=subject)
    row.custodian, row.programme = custodian, programme
    for field in canon.payload_fields(model):
        if field.name in fields:
            setattr(row, field.attname, canon.native(field, fields[field.name]))
    return row
