"""Integrity of the journal: every record's digest, every link of every chain, every row equal to its fold.

Of each run the first fault is named: what follows a fault in a chain is its consequence as often as not. A tail that
was chained anew, with all its hashes, shows nothing here: that is what anchors are for (`sync.anchors`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps

from qafila.journal import canon, fold, tables
from qafila.journal.header import decode
from qafila.journal.here import here
from qafila.journal.models import Record, Recorded, Run
from qafila.journal.ranges import Ranges, holds, loads, subtract, total
from qafila.journal.stamps import Heads, Stamp

ALTERED, MISSING, INSERTED = "altered", "missing", "inserted"


@dataclass(frozen=True)
class Fault:
    """The first record of a run that is not what was written."""

    node: str
    run: int
    seq: int
    what: str
    """`ALTERED`, `MISSING` or `INSERTED`."""
    words: str

    def __str__(self) -> str:
        return f"{self.node}/{self.run:x}/{self.seq}: {self.what} ({self.words})"


def problems() -> Iterator[str]:
    """Every fault found, in words; nothing at all when the journal is whole. Walks the whole journal."""
    yield from map(str, chain_faults())
    yield from row_problems()


def chain_faults() -> Iterator[Fault]:
    """The first altered, missing or inserted record of each run."""
    database = here().database
    runs = {(r.node, r.run): r for r in Run._base_manager.using(database).order_by("node", "run")}
    records = Record._base_manager.using(database)
    for (node, number), run in runs.items():
        fault = _first(run, records.filter(node=node, run=number).order_by("seq"))
        if fault:
            yield fault
    for node, number in records.order_by("node", "run").values_list("node", "run").distinct():
        if (node, number) not in runs:
            seq = records.filter(node=node, run=number).order_by("seq").values_list("seq", flat=True)[0]
            yield Fault(node, number, seq, INSERTED, "nothing is known of its run")


def _first(run: Run, rows: Any) -> Fault | None:
    """The first fault of a run; its records in the order of their numbers."""

    def fault(seq: int, what: str, words: str) -> Fault:
        return Fault(run.node, run.run, seq, what, words)

    stored = loads(run.ranges)
    expected = _expected(run, stored)
    there, before, head = 0, 0, b""
    for record in rows.iterator(chunk_size=2000):
        if lost := missing_between(expected, before, record.seq):
            return fault(lost, MISSING, "it was here")
        if not holds(stored, record.seq):
            return fault(record.seq, INSERTED, "this run was not said to hold it")
        if words := _altered(record):
            return fault(record.seq, ALTERED, words)
        if record.seq in (1, before + 1) and bytes(record.prev) != head:
            # Whose link to what follows holds, is as it was written: then the one before was made anew.
            if before and _followed(run, record, rows):
                return fault(before, ALTERED, "with a new hash, to which the next record is not chained")
            return fault(record.seq, ALTERED, "it does not follow the record before it")
        there = total([bytes(record.hash)], there)
        before, head = record.seq, bytes(record.hash)
    if lost := missing_between(expected, before, expected[-1][1] + 1 if expected else 0):
        return fault(lost, MISSING, "it was here")
    if head != bytes(run.head) or there != run.sum or before != run.last:
        return fault(before, ALTERED, "the head that was kept of this run does not match it")
    return None


def _expected(run: Run, stored: Ranges) -> Ranges:
    """What has to be here: all that the run says, and of an own one that was not cut by a restore no gap at all."""
    if run.node != here().node:
        return stored
    whole = run.last if run.sealed is None else run.sealed
    rest = subtract(stored, [[1, whole]]) if whole else stored
    return [[1, whole], *rest] if whole else rest


def missing_between(expected: Ranges, after: int, before: int) -> int:
    """The first expected number between two others, both excluded; 0: none."""
    for first, last in expected:
        if last > after and first < before:
            candidate = max(first, after + 1)
            if candidate < before:
                return candidate
    return 0


def _followed(run: Run, record: Record, rows: Any) -> bool:
    after = rows.filter(seq=record.seq + 1).values_list("prev", flat=True).first()
    return bytes(after if after is not None else run.head) == bytes(record.hash)


def _altered(record: Record) -> str:
    """In which way a record is not what it says; empty: it is."""
    header_bytes = bytes(record.header)
    try:
        header = decode(header_bytes)
    except ValueError as error:
        return str(error)
    if canon.link(bytes(record.prev), header_bytes) != bytes(record.hash):
        return "its hash does not match"
    columns = (record.node, record.run, record.seq, record.hlc, record.kind, record.subject, record.patient)
    spoken = (header.node, header.run, header.seq, header.hlc, header.kind, header.subject_id, header.patient_id)
    if columns != spoken:
        return "its columns do not match its header"
    if record.fields is not None:
        fields = bytes(record.fields)
        if canon.digest(bytes(record.salt or b""), fields).hex() != header.digest:
            return "its fields do not match their digest"
    return ""


def row_problems() -> Iterator[str]:
    """Rows that no record explains, or that differ from what their latest records say."""
    database = here().database
    kinds = sorted((m for m in apps.get_models() if issubclass(m, Recorded)), key=lambda m: m.kind())
    filled = tables.filled(kinds, database)
    for model in (m for m in kinds if m in filled):
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
