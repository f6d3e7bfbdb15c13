"""A file sealed for whoever holds a recovery code or a pass-phrase, written and read as a stream.

    head     "QFBK", version, number of recipients; of each: kind, length, body
    mac      HMAC-SHA256 of the head under the file's key
    body     chunks of 64 kB, each sealed with ChaCha20-Poly1305 (RFC 8439); the nonce is the chunk's place and a mark
             of the last one (STREAM, Hoang et al. 2015): nothing can be altered, exchanged or cut off

Every file has a random key of its own, which is sealed for each recipient: by X25519 to a public recovery key (so that
a machine writes backups which it cannot read), or under a pass-phrase by Argon2id (RFC 9106, 64 MiB).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import struct
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from qafila.kernel import typed

MAGIC, VERSION = b"QFBK", 1
CHUNK = 64 * 1024
KEY = 32
MARK = "QFR1."
"""Before a public recovery key in words."""
_TAG, _MAC = 16, 32
_HEAD = struct.Struct(">4sBB")
_RECIPIENT = struct.Struct(">BH")
_RECOVERY, _PHRASE = 1, 2
_MOST_RECIPIENTS = 8
_MOST_BODY = 256
_COST = struct.Struct(">16sBBB")
_PASSES, _MEMORY_LOG2, _LANES = 3, 16, 4
_MOST_COST = (10, 18, 8)
"""A file that asks for more is refused: its reader has not chosen it."""


class SealedError(Exception):
    """A file that cannot be opened; the message says why, for a person."""


def new_recovery() -> tuple[str, str]:
    """(secret code, public key in words): the first is kept off the machine, the second lies beside the node."""
    key = X25519PrivateKey.generate()
    return typed.spell(key.private_bytes_raw()), MARK + key.public_key().public_bytes_raw().hex()


def public_key(words: str) -> bytes:
    """The 32 bytes of a public recovery key. Raises `SealedError`."""
    packed = words.strip()
    try:
        raw = bytes.fromhex(packed.removeprefix(MARK))
    except ValueError:
        raw = b""
    if not packed.startswith(MARK) or len(raw) != KEY:
        raise SealedError("this is not a public recovery key: it begins with QFR1.")
    return raw


class Writer:
    """Seals what is written to it; the file is whole only after `close`."""

    def __init__(self, file: BinaryIO, *, recovery: tuple[bytes, ...] = (), phrase: str = "") -> None:
        """`recovery`: public keys. Raises `SealedError` where nobody could ever open the file."""
        if not recovery and not phrase:
            raise SealedError("nobody could open the file: no recovery key and no pass-phrase")
        key = secrets.token_bytes(KEY)
        bodies = [(_RECOVERY, _for_recovery(key, public)) for public in recovery]
        if phrase:
            bodies.append((_PHRASE, _for_phrase(key, phrase)))
        head = _HEAD.pack(MAGIC, VERSION, len(bodies))
        head += b"".join(_RECIPIENT.pack(kind, len(body)) + body for kind, body in bodies)
        file.write(head + _mac(key, head))
        self._file, self._cipher = file, ChaCha20Poly1305(_derived(key, b"body", hashlib.sha256(head).digest()))
        self._buffer, self._place = bytearray(), 0

    def write(self, data: bytes) -> int:
        """Seal some more; how many bytes were taken (all)."""
        self._buffer += data
        while len(self._buffer) > CHUNK:
            self._seal(bytes(self._buffer[:CHUNK]), last=False)
            del self._buffer[:CHUNK]
        return len(data)

    def close(self) -> None:
        """Seal the last chunk; the file stays open."""
        self._seal(bytes(self._buffer), last=True)
        self._buffer.clear()

    def _seal(self, data: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._place, last=last), data, None))
        self._place += 1


class Reader:
    """Opens a sealed file and reads it from the beginning to the end. What was read counts only once `finish` has
    found the end."""

    def __init__(self, file: BinaryIO, secret: str) -> None:
        """`secret`: the recovery code or the pass-phrase. Raises `SealedError`."""
        key, head = _opened(file, secret)
        self._file, self._cipher = file, ChaCha20Poly1305(_derived(key, b"body", hashlib.sha256(head).digest()))
        self._next: bytes | None = file.read(CHUNK + _TAG)
        self._place, self._buffer = 0, b""

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, fewer only at the end. Raises `SealedError`."""
        found = bytearray()
        while len(found) < size:
            if not self._buffer and not self._more():
                break
            part = self._buffer[: size - len(found)]
            self._buffer = self._buffer[len(part) :]
            found += part
        return bytes(found)

    def finish(self) -> None:
        """Read what is left, so that every byte of the file has been verified. Raises `SealedError`."""
        while self._more():
            pass

    def _more(self) -> bool:
        if self._next is None:
            return False
        sealed, following = self._next, self._file.read(CHUNK + _TAG)
        try:
            self._buffer = self._cipher.decrypt(_nonce(self._place, last=not following), sealed, None)
        except (InvalidTag, ValueError) as error:
            raise SealedError("the file is cut short, damaged or was altered") from error
        self._next, self._place = following or None, self._place + 1
        return True


def _opened(file: BinaryIO, secret: str) -> tuple[bytes, bytes]:
    """The file's key and its head."""
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size or head[:4] != MAGIC:
        raise SealedError("this is not a sealed backup")
    _, version, count = _HEAD.unpack(head)
    if version != VERSION:
        raise SealedError("the file was written by another version of the program")
    if not 0 < count <= _MOST_RECIPIENTS:
        raise SealedError("the file is damaged at its beginning")
    found: bytes | None = None
    for _ in range(count):
        about = file.read(_RECIPIENT.size)
        kind, length = _RECIPIENT.unpack(about) if len(about) == _RECIPIENT.size else (0, 0)
        body = file.read(length) if length <= _MOST_BODY else b""
        if not kind or len(body) != length:
            raise SealedError("the file is cut short, damaged or was altered")
        head += about + body
        found = found or _by_recovery(body, secret) if kind == _RECOVERY else found or _by_phrase(body, secret)
    mac = file.read(_MAC)
    if found is None:
        raise SealedError("this code or pass-phrase does not open the file")
    if not hmac.compare_digest(mac, _mac(found, head)):
        raise SealedError("the file is cut short, damaged or was altered")
    return found, head


def _for_recovery(key: bytes, public: bytes) -> bytes:
    ephemeral = X25519PrivateKey.generate()
    ours = ephemeral.public_key().public_bytes_raw()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public))
    return ours + _once(_derived(shared, b"recovery", ours + public)).encrypt(bytes(12), key, None)


def _by_recovery(body: bytes, secret: str) -> bytes | None:
    try:
        own = X25519PrivateKey.from_private_bytes(typed.read(secret, KEY))
        public = own.public_key().public_bytes_raw()
        shared = own.exchange(X25519PublicKey.from_public_bytes(body[:KEY]))
        return _once(_derived(shared, b"recovery", body[:KEY] + public)).decrypt(bytes(12), body[KEY:], None)
    except (ValueError, InvalidTag):
        return None


def _for_phrase(key: bytes, phrase: str) -> bytes:
    cost = _COST.pack(os.urandom(16), _PASSES, _MEMORY_LOG2, _LANES)
    return cost + _once(stretched(phrase, cost)).encrypt(bytes(12), key, cost)


def _by_phrase(body: bytes, secret: str) -> bytes | None:
    cost = body[: _COST.size]
    try:
        return _once(stretched(secret, cost)).decrypt(bytes(12), body[_COST.size :], cost)
    except (ValueError, InvalidTag, struct.error):
        return None


def stretched(phrase: str, cost: bytes) -> bytes:
    """32 bytes from a pass-phrase, dear to guess; `cost`: salt and how dear. Raises `ValueError`."""
    salt, passes, memory, lanes = _COST.unpack(cost)
    if not all(0 < said <= most for said, most in zip((passes, memory, lanes), _MOST_COST, strict=True)):
        raise ValueError("the file asks for more work than any that this program writes")
    kdf = Argon2id(salt=salt, length=KEY, iterations=passes, lanes=lanes, memory_cost=1 << memory)
    return kdf.derive(phrase.encode())


def _once(key: bytes) -> ChaCha20Poly1305:
    """Of a key that seals one thing in its life: the nonce may be zero."""
    return ChaCha20Poly1305(key)


def _derived(key: bytes, use: bytes, salt: bytes) -> bytes:
    return HKDF(SHA256(), KEY, salt, b"qafila sealed 1 " + use).derive(key)


def _mac(key: bytes, head: bytes) -> bytes:
    return hmac.new(_derived(key, b"head", b""), head, hashlib.sha256).digest()


def _nonce(place: int, *, last: bool) -> bytes:
    return place.to_bytes(11, "big") + (b"\1" if last else b"\0")
