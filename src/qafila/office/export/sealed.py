"""A zip whose entries are encrypted with AES-256, written as it is made: nothing lies in clear anywhere on the way.

The form is WinZip's (AE-2, APPNOTE 6.3.10 and "AES Encryption Information", WinZip 2009), which 7-Zip and others open.
Its key derivation is weak (1,000 rounds), so the passphrase is never a person's: `passphrase` draws 125 bits.
"""

from __future__ import annotations

import hmac
import os
import secrets
import struct
import zlib
from collections.abc import Iterable, Iterator
from hashlib import pbkdf2_hmac, sha1, sha256

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789+"[:31]
"""Letters and digits that are not taken for one another."""
ROUNDS, SALT, CHECK, MAC = 1000, 16, 2, 10
FLAGS = 0x0001 | 0x0008 | 0x0800
"""Encrypted; sizes follow the data; names are UTF-8."""
AES, STORED, DEFLATED = 99, 0, 8
MOST = 0xFFFFFFFE
"""Bytes of an entry, and of the whole: what the classic form can say."""
DATE = 0x21
"""1 January 1980: when an entry was made says nothing here."""
BLOCK = 16
STEP = 64 * 1024


class TooMuch(ValueError):
    """More than the form can hold."""


def passphrase() -> str:
    """Five groups of five, drawn at random: 123 bits."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(5))


class Sealed:
    """A zip under way. Each method gives the bytes that come next."""

    def __init__(self, phrase: str) -> None:
        self._phrase = phrase.encode()
        self._at = 0
        self._directory: list[bytes] = []
        self.digests: list[tuple[str, int, str]] = []
        """Name, size and SHA-256 of each entry in clear."""

    def entry(self, name: str, data: Iterable[bytes], *, packed: bool = True) -> Iterator[bytes]:
        """One file. `packed`: compressed, which pictures are already. Raises `TooMuch`."""
        salt, start = os.urandom(SALT), self._at
        keys = pbkdf2_hmac("sha1", self._phrase, salt, ROUNDS, 32 + 32 + CHECK)
        mac = hmac.new(keys[32:64], digestmod=sha1)
        stream, digest, plain, sealed = _Stream(keys[:32]), sha256(), 0, 0
        packer = zlib.compressobj(6, zlib.DEFLATED, -15) if packed else None
        extra = struct.pack("<HHH2sBH", 0x9901, 7, 2, b"AE", 3, DEFLATED if packed else STORED)
        title = name.encode()
        head = struct.pack("<HHHHHIIIHH", 51, FLAGS, AES, 0, DATE, 0, 0, 0, len(title), len(extra))
        yield self._out(b"PK\x03\x04" + head + title + extra + salt + keys[64:])
        for piece in _ending(data):
            if piece is not None:
                digest.update(piece)
                plain += len(piece)
            made = _pack(packer, piece)
            for cut in range(0, len(made), STEP):
                part = stream.seal(made[cut : cut + STEP])
                mac.update(part)
                sealed += len(part)
                yield self._out(part)
            if max(plain, sealed, self._at) > MOST:
                raise TooMuch(name)
        size = SALT + CHECK + sealed + MAC
        yield self._out(mac.digest()[:MAC] + b"PK\x07\x08" + struct.pack("<III", 0, size, plain))
        central = struct.pack(
            "<HHHHHHIIIHHHHHII", 51, 51, FLAGS, AES, 0, DATE, 0, size, plain, len(title), len(extra), 0, 0, 0, 0, start
        )
        self._directory.append(b"PK\x01\x02" + central + title + extra)
        self.digests.append((name, plain, digest.hexdigest()))

    def end(self) -> bytes:
        """What closes the zip. Raises `TooMuch`."""
        start, count = self._at, len(self._directory)
        if count > 0xFFFE:
            raise TooMuch("entries")
        whole = b"".join(self._directory)
        return whole + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, len(whole), start, 0)

    def _out(self, data: bytes) -> bytes:
        self._at += len(data)
        return data


class _Stream:
    """AES in counter mode as the form wants it: the counter is little-endian and begins at 1."""

    def __init__(self, key: bytes) -> None:
        # The key stream of a counter mode, block by block: the library's own counts the other way round.
        self._cipher = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305
        self._count, self._left = 1, b""

    def seal(self, data: bytes) -> bytes:
        blocks = -(-max(0, len(data) - len(self._left)) // BLOCK)
        counters = b"".join(n.to_bytes(BLOCK, "little") for n in range(self._count, self._count + blocks))
        self._count += blocks
        stream = self._left + self._cipher.update(counters)
        self._left = stream[len(data) :]
        size = len(data)
        return (int.from_bytes(data, "big") ^ int.from_bytes(stream[:size], "big")).to_bytes(size, "big")


def _ending(data: Iterable[bytes]) -> Iterator[bytes | None]:
    yield from data
    yield None


def _pack(packer: zlib._Compress | None, piece: bytes | None) -> bytes:
    if packer is None:
        return piece or b""
    return packer.flush() if piece is None else packer.compress(piece)
