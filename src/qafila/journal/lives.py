"""Runs: each life of a writing process has its own sequence and chain, so that a restored backup or a cloned
disk starts a new one by itself and no (node, run, seq) is ever used twice."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import orjson
from django.db.models import Max, OuterRef, Subquery

from qafila.journal import canon
from qafila.journal.header import NOTE, Header
from qafila.journal.here import Here
from qafila.journal.models import Record, Run
from qafila.kernel import ids

OPENED = "journal.run"
"""The kind and act of the first record of a run: it names the heads of the node's earlier runs."""


class End:
    """The growing end of a run while its head is locked."""

    def __init__(self, row: Run, own: bool) -> None:
        self.row, self.own = row, own
        self.last, self.head = row.last, bytes(row.head)

    def append(self, header: Header, fields: bytes, salt: bytes, lane: int) -> Record:
        """The record that follows, chained but not yet stored."""
        data = header.encode()
        prev, self.head = self.head, canon.link(self.head, data)
        self.last = header.seq
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
    if node.run is not None and node.run_pid == os.getpid() and runs.filter(node=node.node, run=node.run).exists():
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
    """Lock the head of a run of this process and let the block append to it."""
    row = Run._base_manager.using(node.database).select_for_update().get(node=node.node, run=run)
    end = End(row, own=node.confirmed_by_hub)
    yield end
    _store(end, node)


def _store(end: End, node: Here) -> None:
    end.row.last, end.row.head = end.last, end.head
    end.row.ranges = orjson.dumps([[1, end.last]]).decode()
    end.row.save(using=node.database, update_fields=["last", "head", "ranges"])
