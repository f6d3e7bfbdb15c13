"""Joining: a hub issues a one-time code, a node shows it and gets its certificate.

The code (a QR on the coordinator's screen) holds the hub's address, the fingerprint of its authority and a long
random secret. The node first fetches the authority's certificate and compares it with the fingerprint; only then,
over TLS that this authority vouches for, does it send the secret. Its private keys never leave it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
import ssl
from datetime import timedelta
from pathlib import Path

import msgspec
from cryptography import x509
from django.utils.translation import gettext_lazy as _

from qafila.journal.here import here
from qafila.kernel import clock
from qafila.sync import pki
from qafila.sync.models import EnrolmentCode, Leave, Peer, StickMail

MARK = "QF1."
LIFETIME = timedelta(hours=24)
PATH = "/enrol"
MAX_REPLY = 64 * 1024

REASONS = {
    "wrong": _("The hub does not know this code. Ask the coordinator for a new one."),
    "expired": _("This code has expired: it holds for 24 hours. Ask the coordinator for a new one."),
    "used": _("This code has been used already. Ask the coordinator for a new one."),
    "other_node": _("This code was issued for another node. Ask the coordinator for a code for this one."),
    "bad": _("The hub could not read the request. Check that both run a current version."),
    "not_a_code": _("This is not an enrolment code, or a part of it is missing. Scan or paste it again."),
    "no_hub": _("The hub cannot be reached. Check the link and try again; the code stays valid."),
    "not_the_hub": _("The machine that answered is not the hub that issued the code. Nothing was sent to it."),
    "clock": _("The hub's certificate does not hold at this node's date. Set the clock and try again."),
}
"""What a person is told, by the reason's short name."""


class EnrolmentFailed(Exception):
    """The node could not join. `reason` is a key of `REASONS`; the text is for people."""

    def __init__(self, reason: str) -> None:
        self.reason = reason if reason in REASONS else "bad"
        super().__init__(self.reason)

    def __str__(self) -> str:
        return str(REASONS[self.reason])


class Code(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What an enrolment code says."""

    url: str
    fingerprint: str
    secret: str
    node: str


class Request(msgspec.Struct, frozen=True):
    """A node asks to join. Without a secret: it asks for the authority's certificate alone."""

    secret: str = ""
    node: str = ""
    csr: bytes = b""
    signing_key: bytes = b""
    proof: bytes = b""
    """The signing key's signature over the certificate request and the sealing key."""
    sealing_key: bytes = b""


class Reply(msgspec.Struct, frozen=True):
    """The hub's answer."""

    error: str = ""
    authority: bytes = b""
    certificate: bytes = b""
    hub: str = ""
    profile: str = ""
    signing_key: bytes = b""
    sync_url: str = ""
    unit: str = ""
    sealing_key: bytes = b""


def keys_folder() -> Path:
    """The keys of the node at hand."""
    directory = here().directory
    if directory is None:
        raise RuntimeError("this node has no directory to keep keys in")
    return directory / "keys"


def issue_code(node_code: str, profile: str, unit: str, pages_url: str, sync_url: str) -> str:
    """A one-time code by which that node may join within 24 hours; earlier unused codes for it are void.

    `pages_url` is where the node reaches the hub's pages (`https://host:port`), `sync_url` its sync port.
    """
    secret = secrets.token_urlsafe(20)
    authority = pki.make_authority(keys_folder(), here().node)
    codes = EnrolmentCode.objects
    codes.filter(node=node_code, used_at=None).delete()
    codes.create(
        digest=digest(secret),
        node=node_code,
        profile=profile,
        unit=unit,
        sync_url=sync_url.rstrip("/"),
        expires=clock.now() + LIFETIME,
    )
    told = Code(pages_url.rstrip("/"), pki.fingerprint(authority), secret, node_code)
    return MARK + base64.urlsafe_b64encode(msgspec.msgpack.encode(told)).decode().rstrip("=")


_CODE, _REPLY = msgspec.msgpack.Decoder(Code), msgspec.msgpack.Decoder(Reply)


def read_code(text: str) -> Code:
    """What a code says. Raises `EnrolmentFailed`."""
    packed = "".join(text.split())
    if not packed.startswith(MARK):
        raise EnrolmentFailed("not_a_code")
    body = packed[len(MARK) :]
    try:
        raw = base64.b64decode(body + "=" * (-len(body) % 4), b"-_", validate=True)
        code = _CODE.decode(raw)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise EnrolmentFailed("not_a_code") from error
    if not code.url.startswith("https://") or len(code.fingerprint) != 64:
        raise EnrolmentFailed("not_a_code")
    return code


def digest(secret: str) -> str:
    """Under which a code's secret is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


def enrol(code: str, pages_url: str = "") -> Peer:
    """Join the hub that issued `code` (`pages_url` where it is reached under another address than the code says).

    Raises `EnrolmentFailed` with words for a person; nothing is changed then.
    """
    said = read_code(code)
    if said.node != here().node:
        raise EnrolmentFailed("other_node")
    url = (pages_url or said.url).rstrip("/") + PATH
    keys = keys_folder()
    authority = _authority(url, said.fingerprint)
    csr = pki.client_request(keys, here().node)
    signer = pki.signing_key(keys)
    sealing = pki.sealing_public(keys)
    request = Request(said.secret, here().node, csr, pki.signing_public(keys), signer.sign(csr + sealing), sealing)
    context = ssl.create_default_context(cadata=authority.decode())
    reply = _ask(url, request, context)
    if reply.error:
        raise EnrolmentFailed(reply.error)
    return _keep(keys, reply, authority)


def _authority(url: str, fingerprint: str) -> bytes:
    # Nothing secret goes over this connection: what comes back is believed only if its fingerprint is the code's.
    unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unchecked.check_hostname = False
    unchecked.verify_mode = ssl.CERT_NONE
    told = _ask(url, Request(), unchecked).authority
    try:
        found = x509.load_pem_x509_certificate(told)
    except ValueError as error:
        raise EnrolmentFailed("not_the_hub") from error
    if not secrets.compare_digest(pki.fingerprint(found), fingerprint):
        raise EnrolmentFailed("not_the_hub")
    return told


def _ask(url: str, request: Request, context: ssl.SSLContext) -> Reply:
    # A node that has joined does not need it again.
    import httpx

    body = msgspec.msgpack.encode(request)
    try:
        with httpx.Client(verify=context, timeout=30, trust_env=False) as client:
            answer = client.post(url, content=body, headers={"Content-Type": "application/octet-stream"})
    except httpx.ConnectError as error:
        raise EnrolmentFailed(_tls_reason(str(error))) from error
    except httpx.HTTPError as error:
        raise EnrolmentFailed("no_hub") from error
    if len(answer.content) > MAX_REPLY:
        raise EnrolmentFailed("bad")
    try:
        return _REPLY.decode(answer.content)
    except msgspec.MsgspecError as error:
        raise EnrolmentFailed("bad") from error


def _tls_reason(words: str) -> str:
    if "not yet valid" in words or "has expired" in words:
        return "clock"
    return "not_the_hub" if "CERTIFICATE" in words.upper() else "no_hub"


def _keep(keys: Path, reply: Reply, authority: bytes) -> Peer:
    try:
        x509.load_pem_x509_certificate(reply.certificate)
        pki.public_key(reply.signing_key)
        pki.sealing_public_key(reply.sealing_key)
    except ValueError as error:
        raise EnrolmentFailed("bad") from error
    pki.write_private(keys / "client.crt", reply.certificate)
    pki.write_private(keys / "hub-ca.crt", authority)
    values = {
        "profile": reply.profile,
        "unit": reply.unit,
        "upward": True,
        "url": reply.sync_url,
        "signing_key": reply.signing_key,
        "sealing_key": reply.sealing_key,
        "revoked": False,
    }
    if Peer.objects.filter(upward=True).exclude(code=reply.hub).delete()[0]:
        # Their numbers mean other records at another hub.
        StickMail.objects.all().delete()
        Leave.objects.all().delete()
    return Peer.objects.update_or_create(code=reply.hub, defaults=values)[0]
