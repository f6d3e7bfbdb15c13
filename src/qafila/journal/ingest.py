"""Taking in records of other nodes: exactly once, in any order, nothing lost.

A record that is already here is passed over; the same key with another hash is an alarm; one that cannot be
understood is kept raw in quarantine and acknowledged; one whose row has not been created yet waits unseen.
A batch costs the same number of statements however many records it holds, as long as they are ordinary (`bulk`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

import orjson
from django.db import OperationalError, connections, transaction
from django.db.models import Q

from qafila.journal import bulk, canon, erased, tables, topics
from qafila.journal.apply import recorded_model
from qafila.journal.changed import mark
from qafila.journal.entries import COLUMNS, Entry, Parcel, Taken, entry
from qafila.journal.header import Header, decode
from qafila.journal.here import Here, here
from qafila.journal.models import Record, Run, about
from qafila.journal.ranges import add, join, loads, total
from qafila.journal.signals import ingested
from qafila.kernel import clock

__all__ = ["BATCH", "Parcel", "Taken", "ingest", "parcels_of", "recorded_model", "subjects_waiting"]

BATCH = {"sqlite": 200, "postgresql": 2000}
"""Records in one transaction, by engine: longer ones would make a crew wait on SQLite."""
_FEW = 20
_RUN = ("id", "node", "run", "last", "head", "ranges", "sum", "sealed")
_RunKey = tuple[str, int]
_Ends = dict[_RunKey, dict[int, tuple[bytes, bytes]]]
"""Of each run: sequence number → (hash before it, its hash)."""


def ingest(parcels: Sequence[Parcel], sender: str = "", author: str | None = None) -> Taken:
    """Take in parcels, at most `BATCH` in a transaction. Acknowledge only after it returns.

    `author`: only records of that node are believed.
    """
    node = here()
    taken = Taken()
    size = BATCH[connections[node.database].vendor]
    for start in range(0, len(parcels), size):
        # No savepoint of its own: whoever has a transaction open decides what becomes of it.
        with transaction.atomic(using=node.database, savepoint=False):
            _batch(node, parcels[start : start + size], start, sender, author, taken)
    return taken


def _batch(node: Here, parcels: Sequence[Parcel], start: int, sender: str, author: str | None, taken: Taken) -> None:
    read = _read(parcels, start, sender, author, taken)
    runs = _locked(node, read)
    ends = _ends(node, read)
    fresh, known = _unknown(read, ends, taken)
    again = _emptied(node, known)
    for one in fresh:
        node.clock.observe(one.hlc)
    if came := sorted([*fresh, *again], key=lambda e: (e.hlc, e.key)) if again else fresh:
        made = bulk.plan(node, came)
        _store(node, fresh)
        _fill(node, again)
        _note(node, runs, fresh)
        _verify_links(fresh, ends, taken)
        bulk.carry_out(node, made, taken)
        taken.new += len(fresh)
    taken.write(node.database)
    if came:
        mark(node)
        topics.wrote(connections[node.database], {about(e.patient) for e in came if e.patient is not None})
        ingested.send(sender=Record, headers=[e.said for e in came], records=came, node=node, sender_node=sender)


def _read(parcels: Sequence[Parcel], start: int, sender: str, author: str | None, taken: Taken) -> list[Entry]:
    """Those that are records; what is not is set aside. Of whom is erased the fields stay outside."""
    headers = [_decoded(parcel.header) for parcel in parcels]
    gone = erased.among(h.patient_id for h in headers if isinstance(h, Header))
    read: list[Entry] = []
    for place, (parcel, header) in enumerate(zip(parcels, headers, strict=True), start):
        bare = isinstance(header, Header) and gone.covers(header.patient_id, header.subject_id)
        try:
            if not isinstance(header, Header):
                raise ValueError(header)
            if author is not None and header.node != author:
                raise ValueError(f"a record of another node, sent by {sender}")
            _verify(header, parcel)
        except ValueError as error:
            taken.set_aside(erased.bare(parcel) if bare else parcel, _header(header), str(error))
            taken.aside.append(place)
            continue
        one = entry(header, erased.bare(parcel) if bare else parcel, place)
        one.applied = one.applied or bare
        read.append(one)
    return read


def _decoded(data: bytes) -> Header | str:
    """The header, or why it is none."""
    try:
        return decode(data)
    except ValueError as error:
        return str(error)


def _header(header: Header | str) -> Header | None:
    return header if isinstance(header, Header) else None


def _verify(header: Header, parcel: Parcel) -> None:
    if len(parcel.prev) not in (0, 32) or len(parcel.salt) > 32 or not 0 <= parcel.lane <= 5:
        raise ValueError("not a record: wrong lengths")
    if parcel.fields is not None and canon.digest(parcel.salt, parcel.fields).hex() != header.digest:
        raise ValueError("the fields do not match the digest")


def _locked(node: Here, read: Iterable[Entry]) -> dict[_RunKey, Run]:
    """The runs of these records, locked: nobody else takes in records of theirs until the transaction ends."""
    keys = sorted({(e.node, e.run) for e in read})
    found = _held(node, keys)
    absent = [Run(node=owner, run=run) for owner, run in keys if (owner, run) not in found]
    if absent:
        Run._base_manager.using(node.database).bulk_create(absent, ignore_conflicts=True)
        found = _held(node, keys)
    return found


def _held(node: Here, keys: Sequence[_RunKey]) -> dict[_RunKey, Run]:
    owners = sorted({owner for owner, _ in keys})
    rows = tables.among(Run, "run", [run for _, run in keys], _RUN, node.database, locked=("node", "run"), node=owners)
    found = [Run.from_db(node.database, _RUN, row) for row in rows]
    return {(r.node, r.run): r for r in found if (r.node, r.run) in keys}


def _ends(node: Here, read: Iterable[Entry]) -> _Ends:
    """What is here of these records and of their neighbours."""
    seqs: dict[_RunKey, set[int]] = {}
    for e in read:
        seqs.setdefault((e.node, e.run), set()).update((e.seq - 1, e.seq, e.seq + 1))
    found: _Ends = {key: {} for key in seqs}
    wanted = Q(pk__in=[])
    for (owner, run), numbers in seqs.items():
        ranges = join([n, n] for n in numbers)
        if len(seqs) == len(ranges) == 1:
            # A frame as they usually are: what one process wrote, one after the other.
            first, last = ranges[0]
            names = ["seq", "prev", "hash"]
            near = tables.between(Record, "seq", first, last, names, node.database, node=owner, run=run)
            return {(owner, run): {seq: (bytes(prev), bytes(hash_)) for seq, prev, hash_ in near}}
        if len(ranges) > _FEW:
            wanted |= Q(node=owner, run=run, seq__in=numbers)
            continue
        for first, last in ranges:
            wanted |= Q(node=owner, run=run, seq__gte=first, seq__lte=last)
    rows = Record._base_manager.using(node.database).filter(wanted) if seqs else Record.objects.none()
    for owner, run, seq, prev, hash_ in rows.values_list("node", "run", "seq", "prev", "hash"):
        found[owner, run][seq] = bytes(prev), bytes(hash_)
    return found


def _unknown(read: Iterable[Entry], ends: _Ends, taken: Taken) -> tuple[list[Entry], list[Entry]]:
    """Those not here yet, in clock order, and those that are; an alarm for each key that is here with another hash."""
    by_key: dict[tuple[str, int, int], list[Entry]] = {}
    for e in read:
        by_key.setdefault(e.key, []).append(e)
    hashes = {(*run, seq): hash_ for run, known in ends.items() for seq, (_, hash_) in known.items()}
    fresh, known = [], []
    for key in sorted(by_key, key=lambda k: (by_key[k][0].hlc, k)):
        for e in by_key[key]:
            if key not in hashes:
                hashes[key] = e.hash
                fresh.append(e)
            elif hashes[key] == e.hash:
                taken.known += 1
                known.append(e)
            else:
                taken.alarms.append("/".join(map(str, key)))
                taken.set_aside(e.parcel, e.said, "the same key came before with another content")
                taken.aside.append(e.place)
    return fresh, known


def _emptied(node: Here, known: Iterable[Entry]) -> list[Entry]:
    """Those that are here without their fields (`emptying`) and come with them; each with its number."""
    wanted = {e.key: e for e in known if e.fields is not None}
    if not wanted:
        return []
    keys = Q(pk__in=[])
    for owner, run in {key[:2] for key in wanted}:
        keys |= Q(node=owner, run=run, seq__in=[seq for o, r, seq in wanted if (o, r) == (owner, run)])
    rows = Record._base_manager.using(node.database).filter(keys, fields=None)
    found = []
    for owner, run, seq, no in rows.values_list("node", "run", "seq", "no"):
        e = wanted[owner, run, seq]
        e.no = no
        found.append(e)
    return found


def _fill(node: Here, again: Iterable[Entry]) -> None:
    """Give records their fields back."""
    rows = [(e.no, e.fields, e.salt, e.applied) for e in again]
    tables.update(Record, ["no", "fields", "salt", "applied"], rows, node.database)


def _store(node: Here, fresh: Sequence[Entry]) -> None:
    """Put the records into the journal; each gets its number."""
    now = clock.now()
    rows = [
        (e.node, e.run, e.seq, e.hlc, e.lane, e.kind, e.subject, e.patient, e.header, e.fields, e.salt, e.prev,
         e.hash, False, e.applied, now)
        for e in fresh
    ]  # fmt: skip
    key = ["node", "run", "seq"]
    done = tables.insert_back(Record, COLUMNS, rows, node.database, once=key, back=[*key, "no"])
    if len(done) < len(fresh):
        # The runs are locked: this cannot be. Nothing is acknowledged, and the next attempt finds them here.
        raise OperationalError("another process took the same records in")
    numbers = {(owner, run, seq): no for owner, run, seq, no in done}
    for e in fresh:
        e.no = numbers[e.key]


def _note(node: Here, runs: dict[_RunKey, Run], fresh: Iterable[Entry]) -> None:
    """Say in the runs' rows what is here of them now."""
    came: dict[_RunKey, list[Entry]] = {}
    for e in fresh:
        came.setdefault((e.node, e.run), []).append(e)
    rows = []
    for key in sorted(came):
        run, top = runs[key], max(came[key], key=lambda e: e.seq)
        last, head = (top.seq, top.hash) if top.seq > run.last else (run.last, bytes(run.head))
        ranges = orjson.dumps(add(loads(run.ranges), [e.seq for e in came[key]])).decode()
        # What comes back of one's own may have gaps: it cannot be continued.
        sealed = run.last if run.sealed is None and run.node == node.node else run.sealed
        rows.append((run.pk, last, head, ranges, total((e.hash for e in came[key]), run.sum), sealed))
    tables.update(Run, ["id", "last", "head", "ranges", "sum", "sealed"], rows, node.database)


def _verify_links(fresh: Iterable[Entry], before_now: _Ends, taken: Taken) -> None:
    """An alarm for each new record that does not chain with a neighbour that is here."""
    came: _Ends = {}
    for e in fresh:
        came.setdefault((e.node, e.run), {})[e.seq] = e.prev, e.hash
    for (owner, run), mine in sorted(came.items()):
        ends = before_now[owner, run] | mine
        for seq in sorted(mine):
            before, after = ends.get(seq - 1), ends.get(seq + 1)
            fits = before is None or before[1] == ends[seq][0]
            if not fits or (after is not None and seq + 1 not in mine and after[0] != ends[seq][1]):
                taken.alarms.append(f"{owner}/{run}/{seq}")


def parcels_of(records: Iterable[Record]) -> list[Parcel]:
    """Records of this node's journal as they travel."""
    return [
        Parcel(
            bytes(r.header),
            bytes(r.fields) if r.fields is not None else None,
            bytes(r.salt or b""),
            r.lane,
            bytes(r.prev),
        )
        for r in records
    ]


def subjects_waiting(node: Here) -> set[UUID]:
    """Rows of which changes are here but not the creation."""
    rows = Record._base_manager.using(node.database).filter(applied=False)
    return set(rows.values_list("subject", flat=True))
