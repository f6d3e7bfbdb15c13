"""Secrets of people at rest: sealed with ChaCha20-Poly1305 (RFC 8439) under a key that HKDF-SHA256 (RFC 5869) draws
from the node's own, which lies beside the database and not in it. What is sealed says whose it is, so that a row put
in another's place opens nothing.
"""

from __future__ import annotations

import base64
import binascii
import os
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

NONCE = 12
KEY = "factors"
"""The node's key file `keys/factors.key`."""


def seal(secret: bytes, staff: UUID, kind: str, row: UUID) -> str:
    """A secret as text that only this node opens, and only for this row of this person."""
    nonce = os.urandom(NONCE)
    box = ChaCha20Poly1305(_key()).encrypt(nonce, secret, _whose(staff, kind, row))
    return base64.b64encode(nonce + box).decode()


def unseal(sealed: str, staff: UUID, kind: str, row: UUID) -> bytes | None:
    """The secret; None where it is another row's, another node's, or no sealed secret."""
    try:
        raw = base64.b64decode(sealed, validate=True)
        return ChaCha20Poly1305(_key()).decrypt(raw[:NONCE], raw[NONCE:], _whose(staff, kind, row))
    except (ValueError, binascii.Error, InvalidTag):
        return None


def _whose(staff: UUID, kind: str, row: UUID) -> bytes:
    return staff.bytes + row.bytes + kind.encode()


def _key() -> bytes:
    directory = settings.DIRECTORY
    master = directory.secret(KEY) if directory is not None else settings.SECRET_KEY
    return HKDF(SHA256(), 32, None, b"qafila second factors 1").derive(str(master).encode())
