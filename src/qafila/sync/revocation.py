"""Taking a node's certificate back: a stolen box, a lost key."""

from __future__ import annotations

from django.db import transaction

from qafila.journal.here import here
from qafila.sync import pki, renewal
from qafila.sync.enrolment import keys_folder
from qafila.sync.models import EnrolmentCode, Mail, Peer
from qafila.sync.signals import revoked as turned_away


def revoke(node_code: str) -> Peer:
    """Refuse that node from its next frame on, empty its mailbox, void its codes. Raises `Peer.DoesNotExist`.

    The list of revoked certificates is written too; the server begins its port anew with it (`node.server`), so that
    the box does not even get a connection.
    """
    with transaction.atomic(using=here().database):
        peer = Peer.objects.select_for_update().get(code=node_code, upward=False)
        peer.revoked = True
        peer.save(update_fields=["revoked"])
        EnrolmentCode.objects.filter(node=node_code).delete()
        Mail.objects.filter(to=node_code, acked__isnull=True).delete()
        turned_away.send(sender=Peer, peer=peer)
    revoked = dict(Peer.objects.filter(revoked=True).values_list("code", "serial"))
    serials = {*revoked.values(), *renewal.serials(set(revoked))} - {""}
    pki.revocations(keys_folder(), sorted(serials))
    return peer
