"""Mailboxes: what waits for each node, put there in the transaction that wrote it, never found by a search later."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from qafila.journal import tables
from qafila.journal.entries import Entry
from qafila.journal.header import CHANGE, decode
from qafila.journal.here import Here, here
from qafila.journal.ingest import Parcel, parcels_of
from qafila.journal.models import Record
from qafila.journal.signals import ingested, written
from qafila.kernel import clock
from qafila.sync import holdings, scope
from qafila.sync.codec import MAX_PARCELS
from qafila.sync.models import Mail, Peer, Scope

BATCH = 500
LARGEST = 20_000
"""Rows in one statement."""
LEAST = 200
"""Bytes: no record is smaller."""
SETTLED = timedelta(days=1)
"""So long after a node has come to hold a person it is asked for the first time whether it needs to."""
_NOBODY: set[str] = set()
DECIDES = frozenset({scope.PERSON, scope.CASE, scope.ONE_PERSON[0]})
"""A change of such a row may mean that a node does not need the person any more."""


def connect() -> None:
    """Fill mailboxes from now on. Called where the profile serves sync."""
    written.connect(_on_written, dispatch_uid="mailbox-written")
    ingested.connect(_on_ingested, dispatch_uid="mailbox-ingested")


def disconnect() -> None:
    """Stop filling mailboxes (a simulator steps between nodes)."""
    written.disconnect(dispatch_uid="mailbox-written")
    ingested.disconnect(dispatch_uid="mailbox-ingested")


def _on_written(sender: Any, records: list[Record], node: Here, **kwargs: Any) -> None:
    fan_out(records)


def _on_ingested(sender: Any, records: Sequence[Entry], node: Here, sender_node: str = "", **kwargs: Any) -> None:
    others = (r for r in records if r.patient and r.node not in (node.node, sender_node))
    fan_out(records, {r.no for r in others} if sender_node else ())


def peers(among: set[str] | None = None) -> set[str]:
    """Nodes that have a mailbox here; with `among`, of these alone."""
    if among is None:
        return set(Peer.objects.filter(upward=False, revoked=False).values_list("code", flat=True))
    found = tables.among(Peer, "code", among, ["code"], here().database, upward=False, revoked=False)
    return {code for (code,) in found}


def fan_out(records: Sequence[Record | Entry], given_back: Collection[int] = ()) -> None:
    """Put records into the mailboxes of the nodes that need them. Whoever gives records of others back after a restore
    gets them, too: it may be one of two clones. Never back to their author, but `given_back` (numbers of those that
    another node gave back) where the author was once told to forget the person: it may have the header alone.

    The same number of queries however many records there are.
    """
    also = scope.also(records)
    people = {r.patient for r in records if r.patient}
    # Whoever lets another node hold a person must see these records, or these records see the new holder. The nodes
    # themselves are read under the lock, too: one that joins at this moment is sent these records or finds them.
    people = people.union(*also.values())
    groups = scope.one_person(people)
    people = people.union(*groups)
    locked = people | holdings.answered(records)
    assignments = [r.subject for r in records if r.kind == scope.ASSIGNMENT]
    if assignments:
        tables.alone(here().database)
    else:
        tables.one_at_a_time((p.int for p in locked), here().database)
    holders = _holders(people)
    named = scope.named_nodes({(r.kind, r.subject) for r in records if r.kind in scope.GROWS and r.patient})
    nobody = {(r.kind, r.subject) for r in records if not r.patient}
    # A country has thousands of nodes, and nearly every frame concerns two or three of them.
    every = peers(None if nobody else {r.node for r in records}.union(*holders.values(), *named.values()))
    if not every:
        return
    sent = _grow(records, holders, named, every)
    _joined(groups, holders)
    _decided(records)
    _renewed(records, also, holders)
    elsewhere = scope.nodes_for(nobody, every)
    away = holdings.told([r for r in records if r.no in given_back]) if given_back else set()
    mail: list[tuple[str, int, int]] = []
    mine = here().node
    for record in records:
        patient, no = record.patient, record.no
        if record.kind == scope.HOLDING and record.node != mine:
            continue  # Nobody but this hub says who holds whom here.
        if patient is None:
            to = elsewhere.get((record.kind, record.subject), _NOBODY)
        elif no in also:
            to = holders.get(patient, _NOBODY).union(*(holders.get(p, ()) for p in also[no]))
        else:
            to = holders.get(patient, _NOBODY)
        to = to & every
        if no not in given_back or (patient, record.node) not in away:
            to.discard(record.node)
        if to and patient in sent and no not in given_back:
            to -= sent[patient]
        if to:
            lane = _lane(record)
            mail += [(node, no, lane) for node in to]
    _post(mail)
    if given_back:
        # Where such a record was mailed before, its header alone was here.
        Mail.objects.filter(record__in=list(given_back), acked__isnull=False).update(acked=None)
    for subject in assignments:
        _assigned(subject, every)


def admit(pairs: Iterable[tuple[UUID, str]], *, copied_at: datetime | None = None) -> None:
    """Let nodes hold people's records from now on, and send them what was written before. `copied_at`: for a limited
    time, because the node looked the person up; whom it holds in its own right it goes on holding."""
    wanted = set(pairs)
    with transaction.atomic(using=here().database):
        tables.one_at_a_time((person.int for person, _ in wanted), here().database)
        _admit(wanted, copied_at)


def readmit(person: UUID, node: str, after: int = 0) -> None:
    """Mail a node again all of a person whom it should hold and has forgotten (at the turn `after`)."""
    with transaction.atomic(using=here().database):
        tables.one_at_a_time([person.int], here().database)
        _return_all(person, node, after)


def mail_again(person: UUID, node: str) -> None:
    """Everything about a person waits for a node that has forgotten him before it heard that he is back: what the node
    wrote itself, too, and what was never mailed because the restore of this hub came between."""
    _post_query(node, Q(patient=person), own=True)
    numbers = Record._base_manager.filter(patient=person).values("no")
    Mail.objects.filter(to=node, record__in=numbers, acked__isnull=False).update(acked=None)


def _admit(pairs: Iterable[tuple[UUID, str]], copied_at: datetime | None = None) -> dict[UUID, set[str]]:
    """As `admit`, for whoever keeps others from writing about these people meanwhile. Person → the nodes that did not
    hold them before: everything that is here of the person is mailed to these now."""
    now = clock.now()
    rows = [(person, node, now, copied_at, now + SETTLED) for person, node in sorted(set(pairs))]
    key, names = ["person", "node"], ["person", "node", "since", "copied_at", "review"]
    fresh: dict[UUID, set[str]] = {}
    for person, node in tables.insert_back(Scope, names, rows, here().database, once=key, back=key):
        fresh.setdefault(UUID(str(person)), set()).add(node)
    alike: dict[tuple[str, ...], list[UUID]] = {}
    for one, nodes in fresh.items():
        alike.setdefault(tuple(sorted(nodes)), []).append(one)
    for same, people in sorted(alike.items()):
        for start in range(0, len(people), BATCH):
            _mail_all(same, people[start : start + BATCH])
    return fresh


def _mail_all(nodes: Sequence[str], people: list[UUID]) -> None:
    """Everything of people whom some nodes hold from now on; where one had forgotten them, its own records as well."""
    back = holdings.spoken(people, nodes)
    for person, node in sorted(back):
        _return_all(person, node)
    names = ["no", "lane", "kind", "node", "patient"]
    _post(
        (node, no, scope.lane(kind, lane))
        for no, lane, kind, author, patient in tables.among(Record, "patient", people, names, here().database)
        for node in nodes
        if node != author and (patient, node) not in back
    )
    rows = scope.also_of(people)
    for node in nodes if rows else ():
        for again in (False, True):
            wanted = [pk for pk, _, needs in rows if ((needs, node) in back) == again]
            _post_query(node, Q(kind__in=scope.ALSO, subject__in=wanted), own=again)
        for about in sorted({about for _, about, _ in rows} - set(people)):
            holdings.renew(about, node)


def _return_all(person: UUID, node: str, after: int = 0) -> None:
    holdings.take_back(person, node)
    holdings.say(person, node, held=True, after=after)
    _post_query(node, Q(patient=person), own=True)


def _renewed(records: Sequence[Record | Entry], also: dict[int, set[UUID]], holders: dict[UUID, set[str]]) -> None:
    """Rows about somebody whom a node has forgotten may be needed there for somebody else."""
    for record in records if also else ():
        others = also.get(record.no, ())
        about = record.patient
        if about is not None and others:
            for node in set[str]().union(*(holders.get(o, ()) for o in others)) - holders.get(about, set()):
                holdings.renew(about, node)


def _decided(records: Sequence[Record | Entry]) -> None:
    """Have those looked at again about whom something was decided."""
    people = {r.patient for r in records if r.kind in DECIDES and r.patient and _changes(r)}
    if people:
        due = clock.now()
        Scope.objects.filter(person__in=people).exclude(review__lte=due).update(review=due)


def _changes(record: Record | Entry) -> bool:
    said = record.said if isinstance(record, Entry) else decode(bytes(record.header))
    return said.op == CHANGE


def welcome(peer: Peer) -> None:
    """Fill the mailbox of a node that has just joined: reference data, and what its unit holds."""
    tables.alone(here().database)
    every = peers()
    _post_query(peer.code, Q(patient__isnull=True, kind__in=scope.REFERENCE))
    units = scope.current_assignments().filter(node=peer.code).values_list("unit_id", flat=True)
    for unit in set(units):
        _serve(unit, {peer.code} & every)
    people = list(Scope.objects.filter(node=peer.code).values_list("person", flat=True))
    for start in range(0, len(people), BATCH):
        _post_query(peer.code, Q(patient__in=people[start : start + BATCH]))


def waiting(node: str) -> int:
    """How many records wait for a node, counted up to a thousand."""
    return tables.count(Mail, 1000, here().database, to=node, acked=None)


def fetch(node: str, limit: int, skip: Iterable[int] = ()) -> tuple[list[int], list[Parcel]]:
    """The next mail of a node, lane by lane, at most `limit` bytes (one record at least); with its numbers."""
    numbers: list[int] = []
    parcels: list[Parcel] = []
    size = 0
    if not tables.count(Mail, 1, here().database, to=node, acked=None):
        # As for nearly everybody who asks: a country's units ask all day.
        return numbers, parcels
    rows = Mail.objects.filter(to=node, acked__isnull=True).exclude(pk__in=list(skip))
    for mail in rows.order_by("lane", "id").select_related("record")[: min(MAX_PARCELS, limit // LEAST + 1)]:
        parcel = parcels_of([mail.record])[0]
        size += len(parcel.header) + len(parcel.fields or b"") + 64
        if parcels and size > limit:
            break
        numbers.append(mail.pk)
        parcels.append(parcel)
    return numbers, parcels


def acknowledge(peer: Peer, numbers: Sequence[int]) -> None:
    """The node has these for good."""
    if numbers:
        # By the clock, so that a hub restored from a backup never gives a number a second time.
        peer.ack_no = max(peer.ack_no + 1, clock.now_ms())
        peer.save(update_fields=["ack_no"])
        Mail.objects.filter(to=peer.code, pk__in=list(numbers), acked__isnull=True).update(acked=peer.ack_no)


def forget_acks(node: str, after: int = 0) -> int:
    """Send again what was confirmed after that acknowledgement: the node has lost it. How many records."""
    return Mail.objects.filter(to=node, acked__gt=after).update(acked=None)


def return_own(node: str, wanted: Q) -> None:
    """Give a node back records that it wrote itself and lost (restored from an older backup)."""
    rows = Record._base_manager.filter(Q(node=node) & wanted).only("no", "lane", "kind")
    mail = [Mail(to=node, record=r, lane=_lane(r)) for r in rows.iterator(chunk_size=BATCH)]
    Mail.objects.bulk_create(mail, batch_size=BATCH, ignore_conflicts=True)
    Mail.objects.filter(to=node, record__in=[m.record_id for m in mail]).update(acked=None)


def _holders(people: set[UUID]) -> dict[UUID, set[str]]:
    """Who holds these people."""
    holders: dict[UUID, set[str]] = {}
    for person, node in tables.among(Scope, "person", people, ["person", "node"], here().database):
        holders.setdefault(person, set()).add(node)
    return holders


def _grow(
    records: Sequence[Record | Entry],
    holders: dict[UUID, set[str]],
    named: dict[scope.Pair, set[str]],
    every: set[str],
) -> dict[UUID, set[str]]:
    """Let those hold people who do so from these records on; to whom everything of whom was mailed (`_admit`)."""
    grown = {(r.patient, r.node) for r in records if r.patient is not None}
    grown |= {(r.patient, node) for r in records if r.kind in scope.GROWS and r.patient is not None
              for node in named.get((r.kind, r.subject), ())}  # fmt: skip
    grown = {(person, node) for person, node in grown if node in every and node not in holders.get(person, _NOBODY)}
    sent = _admit(grown)
    for person, node in grown:
        holders.setdefault(person, set()).add(node)
    return sent


def _joined(groups: Iterable[set[UUID]], holders: dict[UUID, set[str]]) -> None:
    """Who holds one record of a person holds all of them from now on."""
    missing: set[tuple[UUID, str]] = set()
    for group in groups:
        nodes = set[str]().union(*(holders.get(person, ()) for person in group))
        missing |= {(person, node) for person in group for node in nodes - holders.get(person, set())}
    _admit(missing)
    for person, node in missing:
        holders.setdefault(person, set()).add(node)


def _assigned(subject: UUID, every: set[str]) -> None:
    row = scope.rows_of(scope.ASSIGNMENT).filter(pk=subject).first()
    if row is not None and row.node:
        due = clock.now() + SETTLED
        Scope.objects.filter(node=row.node).exclude(review__lte=due).update(review=due)
    row = scope.current_assignments().filter(pk=subject).first()
    if row is None:
        return
    unit: UUID = row.unit_id
    node: str = row.node
    _serve(unit, ({node} if node else scope.nodes_of_unit(unit)) & every, people=bool(node))


def _serve(unit: UUID, nodes: set[str], *, people: bool = True) -> None:
    for node in nodes:
        _post_query(node, Q(subject__in=scope.crew_credentials(unit), kind=scope.CREDENTIAL))
        if people:
            for kind, rows in scope.about_unit(unit):
                _post_query(node, Q(kind=kind, subject__in=rows))
            held = scope.people_of_unit(unit)
            _admit((person, node) for person in held.union(*scope.one_person(held)))


def _post_query(node: str, wanted: Q, *, own: bool = False) -> None:
    rows = Record._base_manager.filter(wanted).order_by("no").values_list("no", "lane", "kind")
    rows = rows if own else rows.exclude(node=node)
    _post((node, no, scope.lane(kind, lane)) for no, lane, kind in rows)


def _post(mail: Iterable[tuple[str, int, int]]) -> None:
    """(To, record's number, lane): sorted, so that two processes never wait for each other in a circle."""
    rows = sorted(mail)
    for start in range(0, len(rows), LARGEST):
        some = rows[start : start + LARGEST]
        tables.insert(Mail, ["to", "record_id", "lane"], some, here().database, once=["to", "record_id"])


def _lane(record: Record | Entry) -> int:
    return scope.lane(record.kind, record.lane)
