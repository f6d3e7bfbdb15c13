"""Client certificates are short and renewed at a contact: when a third of the life is left the node makes a new key and
asks for a certificate to it; the hub answers a node that it still trusts. The old one holds until it runs out, so that
nothing depends on when the answer comes. One that has run out is renewed by enrolling again.

The life (`certificates.client_days` of the hub's profile) is longer than a lease by far: a node that met its hub on the
day before it would have asked, and then not for 45 days, still calls with a certificate that holds.
"""

from __future__ import annotations

import logging
import os
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from cryptography import x509

from qafila.journal.here import here
from qafila.journal.models import Record
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.sync import pki, scope
from qafila.sync.enrolment import keys_folder
from qafila.sync.models import Peer
from qafila.sync.renewal_models import Certificate, CertificateRequest

AGAIN = timedelta(days=7)
"""An unanswered request is written anew."""
NEXT = "client-next"
log = logging.getLogger("qafila.sync")


def connect() -> None:
    """Certificates travel to the node that asked."""
    scope.rule(Certificate.kind(), _addressed)


def _addressed(subjects: set[UUID]) -> dict[UUID, set[str]]:
    return {pk: {node} for pk, node in Certificate._base_manager.filter(pk__in=subjects).values_list("pk", "node")}


def renew() -> None:
    """Job of a node that calls a hub: install what came, ask where it is time."""
    keys = keys_folder()
    if not (keys / "client.crt").exists() or not Peer.objects.filter(upward=True).exists():
        return
    last = CertificateRequest.objects.filter(node=here().node).order_by("id").last()
    came = Certificate.objects.filter(request=last.pk).first() if last is not None else None
    if came is not None and _install(keys, came.pem.encode()):
        return
    if not due(pki.load(keys / "client.crt")) or _asked(last):
        return
    csr = pki.client_request(keys, here().node, NEXT)
    with writing(None, "certificate.ask", always=True) as write:
        write.save(CertificateRequest(node=here().node, csr=csr.decode()))


def due(certificate: x509.Certificate) -> bool:
    """Whether a third of the life is left, or less. The life began at the signing, not when it says it holds from."""
    left = certificate.not_valid_after_utc - clock.now()
    return left < timedelta(days=pki.CLIENT.days) / 3


def _asked(last: CertificateRequest | None) -> bool:
    record = None if last is None else Record._base_manager.filter(subject=last.pk).order_by("hlc").first()
    return record is not None and clock.now() - clock.hlc_time(record.hlc) < AGAIN


def _install(keys: Path, pem: bytes) -> bool:
    """Take the new key and certificate into use, if they belong to each other; whether there was anything to do.

    Cut off between the two it goes on at the next call: the key is in its place, and the certificate fits it.
    """
    public, fresh = x509.load_pem_x509_certificate(pem).public_key(), keys / f"{NEXT}.pem"
    if fresh.exists() and pki.own_key(keys, NEXT).public_key() == public:
        os.replace(fresh, keys / "client.pem")
    if pki.own_key(keys, "client").public_key() != public or (keys / "client.crt").read_bytes() == pem:
        return False
    pki.write_private(keys / "client.crt", pem)
    log.info("the client certificate was renewed")
    return True


def answer() -> int:
    """Job of a hub: sign what trusted nodes ask for; how many certificates."""
    answered = Certificate._base_manager.values("request")
    count = 0
    for request in CertificateRequest._base_manager.exclude(pk__in=answered).order_by("id")[:200]:
        peer = Peer.objects.filter(code=request.node, upward=False, revoked=False).first()
        writer = Record._base_manager.filter(subject=request.pk).order_by("hlc").first()
        if peer is None or writer is None or writer.node != request.node:
            continue
        try:
            pem, serial = pki.sign_request(keys_folder(), request.csr.encode(), request.node)
        except pki.BadRequest:
            log.warning("a request for a certificate could not be signed")
            continue
        with writing(None, "certificate.give", always=True) as write:
            write.save(Certificate(node=request.node, request=request.pk, pem=pem.decode(), serial=serial))
        count += 1
    return count


def serials(nodes: set[str]) -> list[str]:
    """Serial numbers of all certificates that these nodes were given over sync."""
    return list(Certificate._base_manager.filter(node__in=nodes).values_list("serial", flat=True))
