"""The code on a printed document: an HCERT (electronic health certificate) with claims of our own.

    claims → CWT (RFC 8392) → COSE_Sign1 (RFC 9052), Ed25519 → zlib → base45 (RFC 9285) → "QAF1:" before it

It is signed, not encrypted, and holds no name, no number of a person, no diagnosis: which document, of what kind and
day, the hash of what the paper says, which node issued it. See docs/howto/verify-a-print.md.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import base45
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256, Hash

from qafila.clinic.papers import cbor
from qafila.clinic.papers.cbor import Malformed, Tag

PREFIX = "QAF1:"
SIGN1 = 18
"""The COSE tag of a message with one signature."""
ALGORITHM, KEY_ID, EDDSA = 1, 4, -8
ISSUER, EXPIRES, ISSUED = 1, 4, 6
DOCUMENT = -70001
"""Our claim (below -65536: private use, RFC 8392 section 9.1): a map of the five below."""
ID, DIGEST, DAY, KIND, NUMBER = 1, 2, 3, 4, 5
LONGEST_TEXT = 1500
LARGEST = 1200
"""Bytes of the COSE message; ours are about 190."""
_LAST_S = 253_402_300_799
"""The end of the year 9999: what a date can hold."""
_CHARACTERS = re.compile(r"[0-9A-Z $%*+\-./:]*")
_WORD = re.compile(r"[0-9a-z_]{1,16}")


class NotOurs(ValueError):
    """A code of something else."""


class Unreadable(ValueError):
    """Not a whole code: empty, cut off, or of other characters."""


class Broken(ValueError):
    """It bears our mark, and what is inside is not what any node writes: altered."""


@dataclass(frozen=True)
class Claims:
    """What a code says. `issued`, `expires`: Unix seconds; `number`: of a form printed in advance, else empty."""

    node: str
    id: UUID
    digest: bytes
    day: date
    kind: str
    issued: int
    expires: int | None = None
    number: str = ""


@dataclass(frozen=True)
class Signed:
    """A code that was read; whether its signature holds is still to be asked."""

    claims: Claims
    key_id: bytes
    protected: bytes
    payload: bytes
    signature: bytes


def key_id(public: bytes) -> bytes:
    """The short name of a key: the first eight bytes of its SHA-256."""
    made = Hash(SHA256())
    made.update(public)
    return made.finalize()[:8]


def sign(claims: Claims, key: Ed25519PrivateKey) -> str:
    """The text of the QR code. The same claims and key give the same text."""
    protected = cbor.dumps({ALGORITHM: EDDSA, KEY_ID: key_id(key.public_key().public_bytes_raw())})
    payload = cbor.dumps(_plain(claims))
    message = Tag(SIGN1, [protected, {}, payload, key.sign(_to_be_signed(protected, payload))])
    return PREFIX + base45.b45encode(zlib.compress(cbor.dumps(message), 9)).decode()


def _plain(claims: Claims) -> dict[int, Any]:
    document: dict[int, Any] = {
        ID: claims.id.bytes,
        DIGEST: claims.digest,
        DAY: claims.day.isoformat(),
        KIND: claims.kind,
    }
    if claims.number:
        document[NUMBER] = claims.number
    plain: dict[int, Any] = {ISSUER: claims.node, ISSUED: claims.issued, DOCUMENT: document}
    if claims.expires is not None:
        plain[EXPIRES] = claims.expires
    return plain


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    return cbor.dumps(["Signature1", protected, b"", payload])


def read(text: str) -> Signed:
    """What a code says. Raises `NotOurs`, `Unreadable`, `Broken`; never takes more than a few kilobytes of memory."""
    # A space may be the last character of a code: only line ends are taken from its end.
    text = text.lstrip("\r\n\t\0\ufeff ").rstrip("\r\n\t\0")
    if not text.strip():
        raise Unreadable("nothing")
    if not text.startswith(PREFIX):
        raise NotOurs("another mark")
    if len(text) > LONGEST_TEXT or not _CHARACTERS.fullmatch(text):
        raise Unreadable("characters")
    try:
        packed = base45.b45decode(text[len(PREFIX) :])
    except ValueError as error:
        raise Unreadable("base45") from error
    try:
        return _signed(_unpacked(packed))
    except Malformed as error:
        raise Broken(str(error)) from error


def _unpacked(packed: bytes) -> bytes:
    stream = zlib.decompressobj()
    try:
        data = stream.decompress(packed, LARGEST)
    except zlib.error as error:
        raise Broken("zlib") from error
    if stream.unconsumed_tail or stream.unused_data:
        raise Broken("too much")
    if not stream.eof:
        raise Unreadable("cut off")
    return data


def _signed(data: bytes) -> Signed:
    message = cbor.loads(data)
    match message:
        case (18, [bytes(protected), {**unprotected}, bytes(payload), bytes(signature)]) if not unprotected:
            pass
        case _:
            raise Malformed("not COSE_Sign1")
    match cbor.loads(protected):
        case {1: -8, 4: bytes(kid), **rest} if len(kid) == 8 and not rest:
            pass
        case _:
            raise Malformed("header")
    if len(signature) != 64:
        raise Malformed("signature")
    return Signed(_claims(cbor.loads(payload)), kid, protected, payload, signature)


def _claims(plain: Any) -> Claims:
    match plain:
        case {
            1: str(node),
            6: int(issued),
            -70001: {1: bytes(pk), 2: bytes(digest), 3: str(day), 4: str(kind)} as said,
        }:
            number, expires = said.get(NUMBER, ""), plain.get(EXPIRES)
        case _:
            raise Malformed("claims")
    if not (0 < len(node) <= 16 and node.isascii() and node.isprintable()) or not _WORD.fullmatch(kind):
        raise Malformed("words")
    if not isinstance(number, str) or len(number) > 40 or not number.isascii() or len(pk) != 16 or len(digest) != 32:
        raise Malformed("sizes")
    if not 0 <= issued <= _LAST_S or (expires is not None and not (type(expires) is int and 0 <= expires <= _LAST_S)):
        raise Malformed("times")
    try:
        return Claims(node, UUID(bytes=pk), digest, date.fromisoformat(day), kind, issued, expires, number)
    except ValueError as error:
        raise Malformed("date") from error


def holds(signed: Signed, public: bytes) -> bool:
    """Whether the key of these 32 bytes signed it."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(
            signed.signature, _to_be_signed(signed.protected, signed.payload)
        )
    except (InvalidSignature, ValueError):
        return False
    return True
