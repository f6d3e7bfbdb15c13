"""Mailboxes: what waits for each node, put there in the transaction that wrote it, never found by a search later."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q

from qafila.journal.here import Here
from qafila.journal.ingest import Parcel, parcels_of
from qafila.journal.models import Lane, Record
from qafila.journal.signals import ingested, written
from qafila.kernel import clock
from qafila.sync import scope
from qafila.sync.codec import MAX_PARCELS
from qafila.sync.models import Mail, Peer, Scope

BATCH = 500


def connect() -> None:
    """Fill mailboxes from now on. Called where the profile serves sync."""
    written.connect(_on_written, dispatch_uid="mailbox-written")
    ingested.connect(_on_ingested, dispatch_uid="mailbox-ingested")


def disconnect() -> None:
    """Stop filling mailboxes (a simulator steps between nodes)."""
    written.disconnect(dispatch_uid="mailbox-written")
    ingested.disconnect(dispatch_uid="mailbox-ingested")


def _on_written(sender: Any, records: list[Record], node: Here, **kwargs: Any) -> None:
    fan_out(records, "")


def _on_ingested(sender: Any, records: list[Record], node: Here, sender_node: str, **kwargs: Any) -> None:
    fan_out(records, sender_node)


def peers() -> set[str]:
    """Nodes that have a mailbox here."""
    return set(Peer.objects.filter(upward=False, revoked=False).values_list("code", flat=True))


def fan_out(records: Sequence[Record], sender: str) -> None:
    """Put records into the mailboxes of the nodes that need them; never back where they come from."""
    every = peers()
    if not every:
        return
    for person, nodes in _growth(records, every).items():
        for node in nodes:
            admit(person, node)
    people = {r.patient for r in records if r.patient} | set(_also(records).values())
    holders: dict[UUID, set[str]] = {}
    for person, node in Scope.objects.filter(person__in=people).values_list("person", "node"):
        holders.setdefault(person, set()).add(node)
    also = _also(records)
    mail: list[tuple[str, Record]] = []
    for record in records:
        if record.patient:
            to = holders.get(record.patient, set()) | holders.get(also.get(record.no, record.patient), set())
        else:
            to = scope.nodes_for(record.kind, record.subject, every)
        mail += [(node, record) for node in sorted(to & every - {record.node, sender})]
    _post(mail)
    for record in records:
        if record.kind == scope.ASSIGNMENT:
            _assigned(record.subject, every)


def admit(person: UUID, node: str) -> None:
    """Let a node hold a person's record from now on, and send it what was written before."""
    _, fresh = Scope.objects.get_or_create(person=person, node=node)
    if fresh:
        _post_query(node, Q(patient=person))


def welcome(peer: Peer) -> None:
    """Fill the mailbox of a node that has just joined: reference data, and what its unit holds."""
    every = peers()
    _post_query(peer.code, Q(kind__in=scope.REFERENCE))
    units = scope.current_assignments().filter(node=peer.code).values_list("unit_id", flat=True)
    for unit in set(units):
        _serve(unit, {peer.code} & every)
    for person in Scope.objects.filter(node=peer.code).values_list("person", flat=True):
        _post_query(peer.code, Q(patient=person))


def waiting(node: str) -> int:
    """How many records wait for a node, counted up to a thousand."""
    return Mail.objects.filter(to=node, acked__isnull=True).order_by()[:1000].count()


def fetch(node: str, limit: int, skip: Iterable[int] = ()) -> tuple[list[int], list[Parcel]]:
    """The next mail of a node, lane by lane, at most `limit` bytes (one record at least); with its numbers."""
    rows = Mail.objects.filter(to=node, acked__isnull=True).exclude(pk__in=list(skip))
    numbers: list[int] = []
    parcels: list[Parcel] = []
    size = 0
    for mail in rows.order_by("lane", "id").select_related("record")[:MAX_PARCELS]:
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


def _growth(records: Sequence[Record], every: set[str]) -> dict[UUID, set[str]]:
    grown: dict[UUID, set[str]] = {}
    for record in records:
        if record.patient:
            nodes = {record.node} | scope.named_nodes(record.kind, record.subject)
            grown.setdefault(record.patient, set()).update(nodes & every)
    return grown


def _also(records: Sequence[Record]) -> dict[int, UUID]:
    found: dict[int, UUID] = {}
    for record in records:
        if record.kind in scope.ALSO:
            person = getattr(scope.row_of(record.kind, record.subject), f"{scope.ALSO[record.kind]}_id", None)
            if person:
                found[record.no] = person
    return found


def _assigned(subject: UUID, every: set[str]) -> None:
    row = scope.current_assignments().filter(pk=subject).first()
    if row is None:
        return
    unit: UUID = row.unit_id
    node: str = row.node
    _serve(unit, ({node} if node else scope.nodes_of_unit(unit)) & every, people=bool(node))


def _serve(unit: UUID, nodes: set[str], *, people: bool = True) -> None:
    for node in nodes:
        _post_query(node, Q(kind=scope.CREDENTIAL, subject__in=scope.crew_credentials(unit)))
        if people:
            for person in scope.people_of_unit(unit):
                admit(person, node)


def _post_query(node: str, wanted: Q) -> None:
    rows = Record._base_manager.filter(wanted).exclude(node=node).only("no", "lane", "node", "kind")
    _post([(node, r) for r in rows.order_by("no").iterator(chunk_size=BATCH)])


def _post(mail: Iterable[tuple[str, Record]]) -> None:
    rows = [Mail(to=node, record_id=record.no, lane=_lane(record)) for node, record in mail]
    Mail.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)


def _lane(record: Record) -> int:
    return min(record.lane, Lane.ANSWER) if record.kind in scope.SOON else record.lane
