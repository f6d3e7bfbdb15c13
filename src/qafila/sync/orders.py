"""Orders of the hub to a node: lock yourself, or destroy your keys. Written by a person at the hub, carried as a
record, carried out by the node at its next contact (`node.ordered`), answered by a receipt.

An order names the box by its signing key and is signed by the hub: one that was meant for an earlier box under the same
code, or that a third node wrote, is no order.
"""

from __future__ import annotations

import hashlib
import logging
from uuid import UUID

from cryptography.exceptions import InvalidSignature

from qafila.journal.here import here
from qafila.journal.models import Blob, Record
from qafila.journal.write import writing
from qafila.sync import pki, scope
from qafila.sync.enrolment import keys_folder
from qafila.sync.models import NodeOrder, NodeOrderDone, Peer

LOCK, WIPE = "lock", "wipe"
log = logging.getLogger("qafila.sync")


def connect() -> None:
    """Orders travel to the node that they name."""
    scope.rule(NodeOrder.kind(), _addressed)


def _addressed(subjects: set[UUID]) -> dict[UUID, set[str]]:
    return {pk: {node} for pk, node in NodeOrder._base_manager.filter(pk__in=subjects).values_list("pk", "node")}


def give(node: str, what: str, reason: str, by: UUID, *, unsent_first: bool = True) -> NodeOrder:
    """Order a node to lock or wipe itself. Raises `Peer.DoesNotExist` for one that is not enrolled or was revoked: it
    hears nothing any more."""
    if what not in (LOCK, WIPE) or not reason.strip():
        raise ValueError("an order is to lock or to wipe, and has a reason")
    peer = Peer.objects.get(code=node, upward=False, revoked=False)
    order = NodeOrder(
        node=node, what=what, reason=reason.strip()[:200], unsent_first=unsent_first, box=box(bytes(peer.signing_key))
    )
    order.signature = pki.signing_key(keys_folder()).sign(_said(order)).hex()
    with writing(by, f"node.{what}") as write:
        return write.save(order)


def due() -> NodeOrder | None:
    """On a node: the order that is to be carried out, a wipe before a lock; None where there is none."""
    peer = Peer.objects.filter(upward=True).first()
    if peer is None:
        return None
    own = box(pki.signing_public(keys_folder()))
    done = NodeOrderDone._base_manager.values("order")
    rows = NodeOrder._base_manager.filter(node=here().node, box=own).exclude(pk__in=done)
    return next((o for o in rows.order_by("-what", "id") if genuine(o, bytes(peer.signing_key))), None)


def genuine(order: NodeOrder, hub_key: bytes) -> bool:
    """Whether the hub signed it."""
    try:
        pki.public_key(hub_key).verify(bytes.fromhex(order.signature), _said(order))
    except (InvalidSignature, ValueError):
        log.error("an order to this node is not signed by its hub")
        return False
    return True


def left_to_send() -> int:
    """Records and files that the hub has not confirmed."""
    files = Blob._base_manager.filter(sent=False, complete=True).count()
    return Record._base_manager.filter(pending=True).count() + files


def receipt(order: NodeOrder, what: str) -> NodeOrderDone:
    """Say that it is carried out now."""
    with writing(None, "node.ordered", always=True) as write:
        return write.save(NodeOrderDone(node=here().node, order=order.pk, what=what, unsent=left_to_send()))


def heard(done: NodeOrderDone) -> bool:
    """Whether the hub has confirmed the receipt."""
    return not Record._base_manager.filter(subject=done.pk, pending=True).exists()


def box(signing_key: bytes) -> str:
    """By which an order names one box."""
    return hashlib.sha256(b"qafila box\0" + signing_key).hexdigest()[:16]


def _said(order: NodeOrder) -> bytes:
    words = (order.pk.hex, order.node, order.box, order.what, str(order.unsent_first), order.reason)
    return "\0".join(("qafila order 1", *words)).encode()
