"""Taking in records of other nodes: exactly once, in any order, nothing lost.

A record that is already here is passed over; the same key with another hash is an alarm; one that cannot be
understood is kept raw in quarantine and acknowledged; one whose row has not been created yet waits unseen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import orjson
from django.apps import apps
from django.db import DatabaseError, transaction
from django.db.models import Q

from qafila.journal import canon, fold
from qafila.journal.changed import mark
from qafila.journal.guard import writer_token
from qafila.journal.header import CHANGE, CREATE, NOTE, Header, decode
from qafila.journal.here import Here, here
from qafila.journal.models import Quarantine, Record, Recorded, Run
from qafila.journal.ranges import add, loads
from qafila.journal.signals import ingested
from qafila.journal.stamps import DEFAULT, Heads, unpack_base

BATCH = 200
"""Records in one transaction: longer ones would make a crew wait on SQLite."""


@dataclass(frozen=True)
class Parcel:
    """A record as it travels: header and fields in canonical bytes, salt, lane, and the hash before it."""

    header: bytes
    fields: bytes | None
    salt: bytes
    lane: int
    prev: bytes


@dataclass
class Taken:
    """What became of a batch."""

    new: int = 0
    known: int = 0
    quarantined: int = 0
    alarms: list[str] = field(default_factory=list)
    """Keys (`node/run/seq`) that came a second time with another content, or do not chain with their neighbours."""


def recorded_model(kind: str) -> type[Recorded] | None:
    """The model of a record's kind, None where this version does not know it."""
    try:
        model = apps.get_model(kind)
    except (LookupError, ValueError):
        return None
    return model if issubclass(model, Recorded) else None


def ingest(parcels: Sequence[Parcel], sender: str = "") -> Taken:
    """Take in parcels, at most `BATCH` in a transaction. Acknowledge only after it returns."""
    node = here()
    taken = Taken()
    for start in range(0, len(parcels), BATCH):
        with transaction.atomic(using=node.database):
            _batch(node, parcels[start : start + BATCH], sender, taken)
    return taken


def _batch(node: Here, parcels: Sequence[Parcel], sender: str, taken: Taken) -> None:
    read: list[tuple[Header, Parcel]] = []
    for parcel in parcels:
        try:
            header = decode(parcel.header)
            _verify(header, parcel)
        except ValueError as error:
            _quarantine(node, parcel, None, str(error), taken)
            continue
        read.append((header, parcel))
    fresh = _unknown(node, read, taken)
    for header, _ in fresh:
        node.clock.observe(header.hlc)
    records = [_record(h, p) for h, p in fresh]
    Record._base_manager.using(node.database).bulk_create(records)
    _note_ranges(node, records)
    _verify_links(node, records, taken)
    for (header, parcel), record in zip(fresh, records, strict=True):
        _apply(node, header, parcel, record, taken)
    taken.new += len(fresh)
    if fresh:
        mark(node)
        ingested.send(sender=Record, headers=[h for h, _ in fresh], records=records, node=node, sender_node=sender)


def _verify(header: Header, parcel: Parcel) -> None:
    if len(parcel.prev) not in (0, 32) or len(parcel.salt) > 32 or not 0 <= parcel.lane <= 5:
        raise ValueError("not a record: wrong lengths")
    if parcel.fields is not None and canon.digest(parcel.salt, parcel.fields).hex() != header.digest:
        raise ValueError("the fields do not match the digest")


def _unknown(node: Here, read: Iterable[tuple[Header, Parcel]], taken: Taken) -> list[tuple[Header, Parcel]]:
    """Those not here yet; an alarm for each key that is here with another hash."""
    by_key: dict[tuple[str, int, int], list[tuple[Header, Parcel]]] = {}
    for header, parcel in read:
        by_key.setdefault((header.node, header.run, header.seq), []).append((header, parcel))
    want = Q(pk__in=[])
    for owner, run in {(k[0], k[1]) for k in by_key}:
        want |= Q(node=owner, run=run, seq__in=[k[2] for k in by_key if k[:2] == (owner, run)])
    here_now = Record._base_manager.using(node.database).filter(want).values_list("node", "run", "seq", "hash")
    hashes = {(n, r, s): bytes(h) for n, r, s, h in here_now} if by_key else {}
    fresh = []
    for key in sorted(by_key, key=lambda k: (by_key[k][0][0].hlc, k)):
        for header, parcel in by_key[key]:
            value = canon.link(parcel.prev, parcel.header)
            if key not in hashes:
                hashes[key] = value
                fresh.append((header, parcel))
            elif hashes[key] == value:
                taken.known += 1
            else:
                taken.alarms.append("/".join(map(str, key)))
                _quarantine(node, parcel, header, "the same key came before with another content", taken)
    return fresh


def _record(header: Header, parcel: Parcel) -> Record:
    return Record(
        node=header.node,
        run=header.run,
        seq=header.seq,
        hlc=header.hlc,
        lane=parcel.lane,
        kind=header.kind,
        subject=header.subject_id,
        patient=header.patient_id,
        header=parcel.header,
        fields=parcel.fields,
        salt=parcel.salt,
        prev=parcel.prev,
        hash=canon.link(parcel.prev, parcel.header),
        applied=header.op == NOTE,
    )


def _note_ranges(node: Here, records: Sequence[Record]) -> None:
    runs = Run._base_manager.using(node.database)
    for owner, run in sorted({(r.node, r.run) for r in records}):
        runs.bulk_create([Run(node=owner, run=run)], ignore_conflicts=True)
        row = runs.select_for_update().get(node=owner, run=run)
        mine = [r for r in records if (r.node, r.run) == (owner, run)]
        row.ranges = orjson.dumps(add(loads(row.ranges), [r.seq for r in mine])).decode()
        top = max(mine, key=lambda r: r.seq)
        if top.seq > row.last:
            row.last, row.head = top.seq, top.hash
        row.save(using=node.database)


def _verify_links(node: Here, records: Sequence[Record], taken: Taken) -> None:
    """An alarm for each new record that does not chain with a neighbour that is here."""
    for owner, run in sorted({(r.node, r.run) for r in records}):
        mine = {r.seq: r for r in records if (r.node, r.run) == (owner, run)}
        beside = {s + d for s in mine for d in (-1, 1)} - set(mine)
        rows = Record._base_manager.using(node.database).filter(node=owner, run=run, seq__in=beside)
        ends = {r.seq: (bytes(r.prev), bytes(r.hash)) for r in mine.values()}
        ends |= {seq: (bytes(prev), bytes(hash_)) for seq, prev, hash_ in rows.values_list("seq", "prev", "hash")}
        for seq in sorted(mine):
            before, after = ends.get(seq - 1), ends.get(seq + 1)
            fits = before is None or before[1] == ends[seq][0]
            if not fits or (after is not None and seq + 1 not in mine and after[0] != ends[seq][1]):
                taken.alarms.append(f"{owner}/{run}/{seq}")


def _apply(node: Here, header: Header, parcel: Parcel, record: Record, taken: Taken) -> None:
    model = recorded_model(header.kind)
    if header.op == NOTE or model is None or parcel.fields is None or header.schema > model.schema:
        return
    try:
        with transaction.atomic(using=node.database):
            done = apply_fields(node, model, header, orjson.loads(parcel.fields))
    except (ValueError, TypeError, KeyError, DatabaseError) as error:
        _quarantine(node, parcel, header, f"{type(error).__name__}: {error}", taken)
        return
    if done:
        record.applied = True
        record.save(using=node.database, update_fields=["applied"])


def apply_fields(node: Here, model: type[Recorded], header: Header, fields: dict[str, object]) -> bool:
    """Fold one record into its row; False while the row's creation has not come."""
    if not isinstance(fields, dict):
        raise ValueError("fields are not an object")
    fields = {n: v for n, v in fields.items() if fold.has_field(model, n)}
    rows = model._base_manager.using(node.database)
    row = rows.select_for_update().filter(pk=header.subject_id).first()
    if header.op == CREATE and row is None:
        _create(node, model, header, fields)
        return True
    if row is None:
        return False
    heads = Heads.load(row.heads)
    if header.op == CHANGE:
        known = {n: v for n, v in fields.items() if unpack_base(header.base, n) == heads.of(n)}
        fold.put(row, heads, known, header.stamp)
        for name in fields:
            if name not in known:
                fold.refold(row, heads, name)
        fold.store(row, heads, list(fields), node.database)
    return True


def _create(node: Here, model: type[Recorded], header: Header, fields: dict[str, object]) -> None:
    subject = header.subject_id
    waiting = Record._base_manager.using(node.database).filter(subject=subject, applied=False)
    row = fold.build(model, subject, fields, header.custodian, header.programme)
    row.heads = Heads({DEFAULT: (header.stamp,)}).dump()
    with writer_token():
        row.save(force_insert=True, using=node.database)
    if waiting.exclude(node=header.node, run=header.run, seq=header.seq).exists():
        fold.fold_row(model, subject, node.database)
        waiting.update(applied=True)


def _quarantine(node: Here, parcel: Parcel, header: Header | None, reason: str, taken: Taken) -> None:
    taken.quarantined += 1
    raw = orjson.dumps(
        {
            "header": parcel.header.hex(),
            "fields": parcel.fields.hex() if parcel.fields is not None else None,
            "salt": parcel.salt.hex(),
            "prev": parcel.prev.hex(),
            "lane": parcel.lane,
        }
    )
    Quarantine._base_manager.using(node.database).bulk_create(
        [
            Quarantine(
                node=header.node if header else "",
                run=header.run if header else 0,
                seq=header.seq if header else 0,
                raw=raw,
                # One line for each content: what differs must not be taken for a repetition.
                reason=f"{reason[:280]} [{hashlib.sha256(raw).hexdigest()[:12]}]",
            )
        ],
        ignore_conflicts=True,
    )


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
