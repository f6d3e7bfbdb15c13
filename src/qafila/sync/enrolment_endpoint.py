"""The hub's side of joining: a pure function from request bytes to a status and reply bytes.

Served on the port of the pages, because whoever asks has no client certificate yet. It answers anybody with the
authority's certificate (which is public) and gives a certificate for a valid one-time code only.
"""

from __future__ import annotations

import hmac
import logging

import msgspec
from cryptography.exceptions import InvalidSignature
from django.db import transaction

from qafila.journal import tables
from qafila.journal.here import here
from qafila.kernel import clock
from qafila.sync import mailbox, pki
from qafila.sync.enrolment import Reply, Request, digest, keys_folder
from qafila.sync.models import EnrolmentCode, Peer
from qafila.sync.signals import enrolled

MAX_REQUEST = 16 * 1024
log = logging.getLogger("qafila.sync")
_requests = msgspec.msgpack.Decoder(Request)


class Refused(Exception):
    """The request is refused; the word is a key of `enrolment.REASONS`."""


def handle(body: bytes) -> tuple[int, bytes]:
    """(HTTP status, reply). Never raises for what a stranger may send."""
    try:
        status, reply = 200, _reply(body)
    except Refused as refused:
        log.warning("enrolment refused: %s", refused)
        status, reply = (400 if str(refused) == "bad" else 403), Reply(error=str(refused))
    return status, msgspec.msgpack.encode(reply)


def _reply(body: bytes) -> Reply:
    if len(body) > MAX_REQUEST:
        raise Refused("bad")
    try:
        request = _requests.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise Refused("bad") from error
    keys = keys_folder()
    pki.make_authority(keys, here().node)
    authority = (keys / "ca.crt").read_bytes()
    if not request.secret:
        return Reply(authority=authority)
    with transaction.atomic(using=here().database):
        # `welcome` waits for all who distribute mail. Whoever joins waits first: two who joined at once, and had begun
        # to distribute what joining writes, would wait for each other.
        tables.alone(here().database)
        code = _take(request)
        try:
            pki.public_key(request.signing_key).verify(request.proof, request.csr + request.sealing_key)
            pki.sealing_public_key(request.sealing_key)
            certificate, serial = pki.sign_request(keys, request.csr, code.node)
        except (ValueError, InvalidSignature) as error:
            raise Refused("bad") from error
        peer = _peer(code, serial, request)
        enrolled.send(sender=Peer, peer=peer, unit=code.unit)
        mailbox.welcome(peer)
    log.info("node %s has joined", peer.code)
    return Reply(
        authority=authority,
        certificate=certificate,
        hub=here().node,
        profile=here().kind,
        signing_key=pki.signing_public(keys),
        sync_url=code.sync_url,
        unit=code.unit,
        sealing_key=pki.sealing_public(keys),
    )


def _take(request: Request) -> EnrolmentCode:
    code = EnrolmentCode.objects.select_for_update().filter(digest=digest(request.secret)).first()
    if code is None:
        raise Refused("wrong")
    if code.node != request.node:
        raise Refused("other_node")
    if code.expires <= clock.now():
        raise Refused("expired")
    if code.used_at is not None and not hmac.compare_digest(bytes(code.used_by), request.signing_key):
        raise Refused("used")
    code.used_at = code.used_at or clock.now()
    code.used_by = request.signing_key
    code.save()
    return code


def _peer(code: EnrolmentCode, serial: str, request: Request) -> Peer:
    # Another box under the same code starts with an empty database: whatever its forerunner had confirmed is sent anew.
    before = Peer.objects.filter(code=code.node).first()
    if before is not None and bytes(before.signing_key) != request.signing_key:
        mailbox.forget_acks(code.node)
    values = {
        "profile": code.profile,
        "unit": code.unit,
        "serial": serial,
        "signing_key": request.signing_key,
        "sealing_key": request.sealing_key,
        "revoked": False,
        "enrolled_at": clock.now(),
    }
    return Peer.objects.update_or_create(code=code.node, defaults=values)[0]
