"""Runs: each life of a writing process has its own sequence and chain, so that a restored backup or a cloned
disk starts a new one by itself and no (node, run, seq) is ever used twice."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import orjson
from django.db import OperationalError
from django.db.models import F, Max, OuterRef, Subquery

from qafila.journal import canon
from qafila.journal.header import NOTE, Header
from qafila.journal.here import Here
from qafila.journal.models import Record, Run
from qafila.journal.ranges import total
from qafila.kernel import ids

OPENED = "journal.run"
"""The kind and act of the first record of a run: it names the heads of the node's earlier runs."""


class End:
    """The growing end of a run while its head is locked."""

    def __init__(self, row: Run, own: bool) -> None:
        self.row, self.own = row, own
        self.last, self.head, self.sum = row.last, bytes(row.head), row.sum

    def append(self, header: Header, fields: bytes, salt: bytes, lane: int) -> Record:
        """The record that follows, chained but not yet stored."""
        data = header.encode()
        prev, self.head = self.head, canon.link(self.head, data)
        self.last, self.sum = header.seq, total([self.head], self.sum)
        return Record(
            node=header.node,
            run=header.run,
            seq=header.seq,
            hlc=header.hlc,
            lane=lane,
            kind=header.kind,
            subject=header.subject_id,
            patient=header.patient_id,
            header=data,
            fields=fields,
            salt=salt,
            prev=prev,
            hash=self.head,
            pending=self.own,
        )


def open_run(node: Here) -> int:
    """The run under which this process writes; opened, with a record of its own, at the first call.

    Runs inside the caller's transaction. A run whose transaction was rolled back is opened again.
    """
    runs = Run._base_manager.using(node.database)
    mine = runs.filter(node=node.node, sealed__isnull=True)
    if node.run is not None and node.run_pid == os.getpid() and mine.filter(run=node.run).exists():
        return node.run
    known = latest(node.database)
    if known:
        node.clock.observe(known)
    own = [f"{r.run:x}:{r.last}:{bytes(r.head).hex()}" for r in runs.filter(node=node.node).order_by("run")]
    run = ids.new_nonce()
    row = Run(node=node.node, run=run)
    row.save(using=node.database, force_insert=True)
    node.run, node.run_pid = run, os.getpid()
    fields = canon.dumps({"heads": own})
    header = Header(
        node.node, run, 1, node.clock.tick(), "", OPENED, OPENED, 1, NOTE, ids.named(node.node).hex, "", {}, [],
        node.custodian, node.programme, canon.digest(b"", fields).hex(),
    )  # fmt: skip
    end = End(row, own=node.confirmed_by_hub)
    end.append(header, fields, b"", 2).save(using=node.database, force_insert=True)
    _store(end, node)
    return run


def latest(database: str) -> int | None:
    """The latest clock of all records, None where there is none.

    It grows along a run: the last records of all runs are enough, however many lie before them.
    """
    ends = Record._base_manager.using(database).filter(node=OuterRef("node"), run=OuterRef("run"), seq=OuterRef("last"))
    hlc: int | None = Run._base_manager.using(database).aggregate(hlc=Max(Subquery(ends.values("hlc")[:1])))["hlc"]
    return hlc


@contextmanager
def extending(node: Here, run: int) -> Iterator[End]:
    """Lock the head of a run of this process and let the block append to it.

    Raises `OperationalError` where the run was sealed meanwhile: nothing is written, the next attempt opens another.
    """
    row = Run._base_manager.using(node.database).select_for_update().get(node=node.node, run=run)
    if row.sealed is not None:
        raise OperationalError("the run was sealed")
    end = End(row, own=node.confirmed_by_hub)
    yield end
    _store(end, node)


def _store(end: End, node: Here) -> None:
    end.row.last, end.row.head, end.row.sum = end.last, end.head, end.sum
    end.row.ranges = orjson.dumps([[1, end.last]]).decode()
    end.row.save(using=node.database, update_fields=["last", "head", "ranges", "sum"])


def seal(node: Here) -> None:
    """Nobody continues the runs that this node has now: whoever writes opens a new one."""
    runs = Run._base_manager.using(node.database).filter(node=node.node, sealed__isnull=True)
    runs.update(sealed=F("last"))
