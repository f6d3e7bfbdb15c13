"""Integrity of the journal: every record's digest, every link of every chain, every row equal to its fold."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps

from qafila.journal import canon, fold
from qafila.journal.header import decode
from qafila.journal.here import here
from qafila.journal.models import Record, Recorded, Run
from qafila.journal.ranges import join, loads, total
from qafila.journal.stamps import Heads, Stamp


def problems() -> Iterator[str]:
    """Every fault found, in words; nothing at all when the journal is whole. Walks the whole journal."""
    yield from chain_problems()
    yield from row_problems()


def chain_problems() -> Iterator[str]:
    """Altered, missing and inserted records."""
    database = here().database
    records = Record._base_manager.using(database)
    for run in Run._base_manager.using(database).order_by("node", "run"):
        seqs: list[list[int]] = []
        there = 0
        before: tuple[int, bytes] = (0, b"")
        own = run.node == here().node
        rows = records.filter(node=run.node, run=run.run).order_by("seq")
        for record in rows.iterator(chunk_size=2000):
            name = f"{run.node}/{run.run:x}/{record.seq}"
            yield from _record_problems(record, name)
            follows = record.seq == before[0] + 1
            if (follows or record.seq == 1) and bytes(record.prev) != (before[1] if record.seq > 1 else b""):
                yield f"{name}: does not follow the record before it (altered, or one was put in)"
            elif own and not follows and (run.sealed is None or record.seq <= run.sealed):
                yield f"{name}: {record.seq - before[0] - 1} record(s) missing before it"
            there = total([bytes(record.hash)], there)
            seqs.append([record.seq, record.seq])
            before = (record.seq, bytes(record.hash))
        if join(seqs) != loads(run.ranges):
            yield f"{run.node}/{run.run:x}: {before[0]} is the last record, {run.last} was stored (records missing)"
        elif before[1] != bytes(run.head) or there != run.sum:
            yield f"{run.node}/{run.run:x}: the head does not match the last record"


def _record_problems(record: Record, name: str) -> Iterator[str]:
    header_bytes = bytes(record.header)
    try:
        header = decode(header_bytes)
    except ValueError as error:
        yield f"{name}: {error}"
        return
    if canon.link(bytes(record.prev), header_bytes) != bytes(record.hash):
        yield f"{name}: altered (its hash does not match)"
    columns = (record.node, record.run, record.seq, record.hlc, record.kind, record.subject, record.patient)
    spoken = (header.node, header.run, header.seq, header.hlc, header.kind, header.subject_id, header.patient_id)
    if columns != spoken:
        yield f"{name}: altered (its columns do not match its header)"
    if record.fields is not None:
        fields = bytes(record.fields)
        if canon.digest(bytes(record.salt or b""), fields).hex() != header.digest:
            yield f"{name}: altered (its fields do not match their digest)"


def row_problems() -> Iterator[str]:
    """Rows that no record explains, or that differ from what their latest records say."""
    database = here().database
    for model in sorted((m for m in apps.get_models() if issubclass(m, Recorded)), key=lambda m: m.kind()):
        for row in model._base_manager.using(database).order_by("pk").iterator(chunk_size=2000):
            yield from _row_problems(row, database)


def _row_problems(row: Recorded, database: str) -> Iterator[str]:
    name = f"{row.kind()} {row.pk}"
    values: dict[Stamp, dict[str, object]] = {}
    for _, header, fields in fold.foldable(type(row), row.pk, database):
        values[header.stamp] = fields
    if not values:
        yield f"{name}: a row without a record"
        return
    heads = Heads.load(row.heads)
    for field in canon.payload_fields(type(row)):
        stamps = heads.of(field.name)
        if any(s not in values for s in stamps):
            yield f"{name}: the record behind {field.name} is missing"
            continue
        if field.name in ("custodian", "programme"):
            continue
        said = [values[s].get(field.name, canon.unsaid(field)) for s in stamps]
        expected, _ = fold.settle(type(row), field.name, said) if said else (None, [])
        if canon.plain(field, getattr(row, field.attname)) != expected:
            yield f"{name}: {field.name} differs from its record"


def gaps() -> list[str]:
    """Runs of other nodes of which some records have not come yet (not a fault)."""
    runs = Run._base_manager.using(here().database).order_by("node", "run")
    return [f"{r.node}/{r.run:x}" for r in runs if len(loads(r.ranges)) > 1]
