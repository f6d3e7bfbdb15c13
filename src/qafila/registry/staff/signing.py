"""A person's own signature. The private key lies sealed under the password and, within a shift, under the PIN:
nobody but its owner can open it, no administrator and no backup.

Ed25519 (RFC 8032); sealed with ChaCha20-Poly1305 (RFC 8439) under a key that Argon2id (RFC 9106, second recommended
choice for memory-constrained machines, three passes) draws from the secret.
"""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from qafila.kernel.aside import aside

SALT, NONCE = 16, 12
PASSES, MEMORY_KIB, LANES = 3, 19_456, 1
VERSION = "1"


@dataclass(frozen=True)
class OpenKey:
    """A person's key, open for one act. Never stored, never shown."""

    id: UUID
    staff: UUID
    private: bytes = field(repr=False)

    def sign(self, message: bytes) -> str:
        """The signature, hexadecimal."""
        return Ed25519PrivateKey.from_private_bytes(self.private).sign(message).hex()


def new_private() -> bytes:
    """A fresh private key: 32 bytes."""
    return Ed25519PrivateKey.generate().private_bytes_raw()


def public_of(private: bytes) -> str:
    """The public part, hexadecimal."""
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw().hex()


def signed_by(public: str, message: bytes, signature: str) -> bool:
    """Whether the owner of `public` signed exactly this message. False for anything that is not a signature."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(bytes.fromhex(signature), message)
    except (ValueError, InvalidSignature):
        return False
    return True


def held(starts: datetime, ends: datetime | None, at: datetime) -> bool:
    """Whether a key was its owner's at an instant."""
    return starts <= at and (ends is None or at <= ends)


def seal(private: bytes, secret: str) -> str:
    """A private key as text that only `secret` opens."""
    salt, nonce = os.urandom(SALT), os.urandom(NONCE)
    box = ChaCha20Poly1305(_key(secret, salt)).encrypt(nonce, private, None)
    return VERSION + base64.b64encode(salt + nonce + box).decode()


def unseal(sealed: str, secret: str) -> bytes | None:
    """The private key; None for another secret, or for what is no sealed key."""
    if not sealed.startswith(VERSION) or not secret:
        return None
    try:
        raw = base64.b64decode(sealed[len(VERSION) :], validate=True)
        salt, nonce, box = raw[:SALT], raw[SALT : SALT + NONCE], raw[SALT + NONCE :]
        return ChaCha20Poly1305(_key(secret, salt)).decrypt(nonce, box, None)
    except (ValueError, binascii.Error, InvalidTag):
        return None


def _key(secret: str, salt: bytes) -> bytes:
    return aside(lambda: hash_secret_raw(secret.encode(), salt, PASSES, MEMORY_KIB, LANES, 32, Type.ID))
