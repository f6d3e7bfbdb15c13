"""Records that prove themselves: what was altered, removed or put in is named; by anchors also a tail chained anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import orjson
import pytest

from qafila.journal import canon, check
from qafila.journal.check import ALTERED, INSERTED, MISSING, Fault
from qafila.journal.header import decode
from qafila.journal.here import Here, at
from qafila.journal.models import Anchor, Record, Run
from qafila.journal.ranges import total
from qafila.sync import anchors, scope
from qafila.sync.models import Witness
from tests.sync.pair import Pair, register


@pytest.fixture(autouse=True)
def _words() -> Iterator[None]:
    anchors.connect()
    yield
    scope._rules.pop(Witness.kind(), None)


@pytest.fixture
def told(pair: Pair) -> Pair:
    """Six records of the unit on the hub; the hub and the unit have said of each other what they know."""
    for number in range(5):
        register(pair.unit, f"061111111{number}")
    pair.sync()
    with at(pair.hub):
        register(pair.hub)
        assert anchors.witness() == 1
    pair.sync()
    with at(pair.unit):
        assert anchors.witness() == 1
    pair.sync()
    for node in (pair.unit, pair.hub):
        with at(node):
            assert faults() == []
    return pair


def faults() -> list[tuple[int, str]]:
    return [(f.seq, f.what) for f in (*check.chain_faults(), *anchors.faults())]


def run_of(node: Here) -> Run:
    return Run.objects.get(node=node.node)


def record(run: Run, seq: int) -> Record:
    return Record.objects.get(node=run.node, run=run.run, seq=seq)


def put(row: Record, **values: object) -> None:
    Record.objects.filter(pk=row.pk).update(**values)


def chain_anew(run: Run, first: int) -> None:
    """What somebody with the database's password can do: change a record and make all later hashes match."""
    rows = list(Record.objects.filter(node=run.node, run=run.run).order_by("seq"))
    head = b""
    for row in rows:
        if row.seq == first:
            row.fields = canon.dumps({"code": "FORGED"})
            told = list(orjson.loads(bytes(row.header)))
            told[-1] = canon.digest(bytes(row.salt or b""), row.fields).hex()
            row.header = orjson.dumps(told)
        row.prev, head = head, canon.link(head, bytes(row.header))
        row.hash = head
        row.save()
    sums = total([bytes(r.hash) for r in rows])
    Run.objects.filter(pk=run.pk).update(head=head, sum=sums)


def cut(run: Run, last: int) -> None:
    """The end of a run goes, and what is said of it fits."""
    Record.objects.filter(node=run.node, run=run.run, seq__gt=last).delete()
    rows = list(Record.objects.filter(node=run.node, run=run.run).order_by("seq"))
    values = {"last": last, "ranges": orjson.dumps([[1, last]]).decode(), "head": bytes(rows[-1].hash)}
    Run.objects.filter(pk=run.pk).update(sum=total([bytes(r.hash) for r in rows]), **values)


def alter_a_byte(run: Run) -> None:
    put(record(run, 3), fields=bytes(record(run, 3).fields or b"").replace(b"061", b"062"))


def alter_a_header(run: Run) -> None:
    row = record(run, 3)
    put(row, header=bytes(row.header).replace(b"person.register", b"person.renister"))


def hash_one_anew(run: Run) -> None:
    row = record(run, 3)
    header = bytes(row.header).replace(b"person.register", b"person.renister")
    put(row, header=header, hash=canon.link(bytes(row.prev), header))


def remove(run: Run) -> None:
    record(run, 3).delete()


def remove_the_end(run: Run) -> None:
    record(run, run.last).delete()


def insert(run: Run) -> None:
    row = record(run, run.last)
    said = decode(bytes(row.header))
    told = list(orjson.loads(bytes(row.header)))
    told[2] = said.seq + 1
    header = orjson.dumps(told)
    hash_ = canon.link(bytes(row.hash), header)
    row.no, row.seq, row.prev, row.header, row.hash = None, said.seq + 1, bytes(row.hash), header, hash_
    row._state.adding = True
    row.save(force_insert=True)


def put_another_run_in_its_place(run: Run) -> None:
    """The records of one run under the number of another, each hash made anew."""
    rows = list(Record.objects.filter(node=run.node, run=run.run).order_by("-seq"))
    head = b""
    for row in reversed(rows):
        told = list(orjson.loads(bytes(row.header)))
        told[1] = run.run + 1
        row.header, row.prev, row.run = orjson.dumps(told), head, run.run + 1
        row.hash = head = canon.link(head, bytes(row.header))
        row.save()
    sums = total([bytes(r.hash) for r in rows])
    Run.objects.filter(pk=run.pk).update(run=run.run + 1, head=head, sum=sums)


SEEN: list[tuple[Callable[[Run], None], list[tuple[int, str]]]] = [
    (alter_a_byte, [(3, ALTERED)]),
    (alter_a_header, [(3, ALTERED)]),
    (hash_one_anew, [(3, ALTERED), (1, ALTERED)]),
    (remove, [(3, MISSING)]),
    (insert, [(-1, INSERTED)]),
    (lambda run: chain_anew(run, 3), [(1, ALTERED)]),
    (lambda run: cut(run, 4), [(5, MISSING)]),
    (put_another_run_in_its_place, [(1, MISSING)]),
]


@pytest.mark.parametrize("place", ["unit", "hub"])
def test_check_names_the_first_record_that_is_not_what_was_written(told: Pair, place: str) -> None:
    node = told.unit if place == "unit" else told.hub
    with at(node):
        kept = list(Record.objects.all()), list(Run.objects.all())
        for harm, expected in SEEN:
            run = run_of(told.unit)
            harm(run)
            found = faults()
            wanted = [(run.last + 1 if seq < 0 else seq, what) for seq, what in expected]
            assert [f for f in found if f in wanted][:1] == wanted[:1], (harm, found)
            _restore(*kept)
            assert faults() == []


def _restore(records: list[Record], runs: list[Run]) -> None:
    Record.objects.all().delete()
    Run.objects.all().delete()
    Record.objects.bulk_create(records)
    Run.objects.bulk_create(runs)


def test_a_removed_end_is_seen_without_anchors_unless_the_run_is_made_to_fit(told: Pair) -> None:
    with at(told.unit):
        run = run_of(told.unit)
        remove_the_end(run)
        assert [f.seq for f in check.chain_faults()] == [run.last]
        cut(run, run.last - 1)
        assert list(check.chain_faults()) == []


def test_a_tail_that_was_chained_anew_is_seen_by_anchors_alone(told: Pair) -> None:
    """The hub's notes are rewritten with it: its own chain names them; that one rewritten, too, the unit's word."""
    with at(told.hub):
        run = run_of(told.unit)
        chain_anew(run, 3)
        assert list(check.chain_faults()) == []
        assert [(f.node, f.what) for f in anchors.faults()] == [("U1", ALTERED)]
        Anchor.objects.filter(node="U1").delete()
        assert [(f.node, f.what) for f in anchors.faults()] == [("U1", ALTERED)]
        own = run_of(told.hub)
        seq = Record.objects.get(kind="registry.person", node="H").seq
        chain_anew(own, seq)
        Anchor.objects.all().delete()
        assert {f.node for f in anchors.faults()} == {"U1", "H"}
        assert "anchored by U1" in " ".join(map(str, anchors.faults()))
    with at(told.unit):
        assert faults() == []


def test_an_anchor_is_narrow_where_contacts_are_many(told: Pair) -> None:
    for _ in range(3):
        register(told.unit)
        told.sync()
    with at(told.hub):
        anchors.keep()
        notes = list(Anchor.objects.filter(node="U1").order_by("id").values_list("seq", flat=True))
        assert notes == sorted(set(notes)) and len(notes) >= 3
        run = run_of(told.unit)
        chain_anew(run, run.last)
        fault = next(iter(anchors.faults()))
        assert fault == Fault("U1", run.run, fault.seq, ALTERED, fault.words) and fault.seq > notes[-3]


def test_words_of_another_node_may_be_anything(told: Pair) -> None:
    with at(told.hub):
        for chains in ([], {"x": 1}, {"zz": [1, "00"]}, {"1": ["a", "b"]}, {"1": [1]}, {"1": [1, "0"]}):
            assert list(anchors._heads(Witness(node="U1", chains=chains))) == []
