"""The keys by which prints are believed: the hub notes each key of each node, and every node has the list."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from qafila.clinic.papers import trust
from qafila.clinic.papers.models import NodeKey
from qafila.clinic.papers.verify import Key, by_key_id
from qafila.journal.here import here
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.packs.profile import Profile
from qafila.sync import pki
from qafila.sync.enrolment import keys_folder
from qafila.sync.models import Peer
from qafila.sync.signals import enrolled, revoked


def connect(profile: Profile) -> None:
    """Note keys as nodes join and are turned away: on the node that enrols them."""
    if profile.issues_certificates:
        enrolled.connect(_enrolled, dispatch_uid="clinic.papers.enrolled")
        revoked.connect(_revoked, dispatch_uid="clinic.papers.revoked")


def disconnect() -> None:
    """Undo `connect` (a test, a simulator that steps between nodes)."""
    enrolled.disconnect(dispatch_uid="clinic.papers.enrolled")
    revoked.disconnect(dispatch_uid="clinic.papers.revoked")


def _enrolled(sender: Any, peer: Peer, **kwargs: Any) -> None:
    note(here().node, signer().public_key().public_bytes_raw(), clock.now())
    note(peer.code, bytes(peer.signing_key), peer.enrolled_at)


def _revoked(sender: Any, peer: Peer, **kwargs: Any) -> None:
    take_back(peer.code, clock.now())


def signer() -> Ed25519PrivateKey:
    """The key by which this node signs."""
    return pki.signing_key(keys_folder())


def note(node: str, public: bytes, since: datetime) -> None:
    """This is the node's key from now on; another one that it had is retired. Said again, it changes nothing."""
    rows = list(NodeKey.objects.filter(node=node))
    current = [r for r in rows if r.until is None and r.revoked is None]
    if any(r.public == public.hex() for r in current) and len(current) == 1:
        return
    with writing(None, "paper.key") as write:
        for row in current:
            if row.public != public.hex():
                row.until = since
                write.save(row)
        if not any(r.public == public.hex() for r in current):
            write.save(NodeKey(node=node, public=public.hex(), since=since))


def take_back(node: str, at: datetime) -> None:
    """Believe nothing any more that the node's present key signed; keys that it retired before stay believed."""
    with writing(None, "paper.key") as write:
        for row in NodeKey.objects.filter(node=node, revoked__isnull=True, until__isnull=True):
            row.revoked = at
            write.save(row)


def review() -> None:
    """Job of a hub: note the keys that are not noted yet, its own among them."""
    note(here().node, signer().public_key().public_bytes_raw(), clock.now())
    noted = set(NodeKey.objects.values_list("node", "public"))
    for peer in Peer.objects.filter(upward=False).exclude(signing_key=b""):
        public = bytes(peer.signing_key)
        if (peer.code, public.hex()) not in noted:
            note(peer.code, public, peer.enrolled_at)
            if peer.revoked:
                take_back(peer.code, clock.now())


def known() -> list[Key]:
    """Every key that this node knows; its own among them, noted by the hub or not yet."""
    found = [
        Key(row.node, bytes.fromhex(row.public), row.since, row.until, row.revoked) for row in NodeKey.objects.all()
    ]
    own = signer().public_key().public_bytes_raw()
    if all(key.public != own for key in found):
        found.append(Key(here().node, own, datetime.fromtimestamp(0, clock.now().tzinfo)))
    return found


def trusted() -> dict[bytes, Key]:
    """The same by their short names; of two lines about one key the one that says it was taken back."""
    return by_key_id(sorted(known(), key=lambda k: k.revoked is not None))


def published() -> str:
    """The signed list, for whoever verifies without this node. On a hub. Anybody reads it, so it notes nothing."""
    return trust.publish(here().node, known(), signer(), clock.now())
