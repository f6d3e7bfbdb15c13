"""Ids that can be made anywhere without asking anyone, and the short codes that people read.

An id is a UUIDv8 (RFC 9562, section 5.8): 48 bits of Unix milliseconds, the 42-bit nonce of the process that
made it, and a 32-bit counter. Two nodes, clones included, cannot make the same one, and the ids of one act
follow each other closely, so that a frame can carry them as small differences.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
import uuid

from qafila.kernel import clock

NONCE_BITS = 42
COUNTER_BITS = 32
_COUNTER_MASK = (1 << COUNTER_BITS) - 1


def new_nonce() -> int:
    """A random 42-bit number, never zero."""
    return secrets.randbelow((1 << NONCE_BITS) - 1) + 1


def compose(ms: int, nonce: int, counter: int) -> uuid.UUID:
    """The UUIDv8 of these three parts."""
    return uuid.UUID(int=_number(ms, nonce, counter))


def composed(ms: int, nonce: int, counter: int) -> str:
    """As `compose`, the 32 hexadecimal digits."""
    return f"{_number(ms, nonce, counter):032x}"


def _number(ms: int, nonce: int, counter: int) -> int:
    low = (nonce << COUNTER_BITS) | (counter & _COUNTER_MASK)
    return (ms & ((1 << 48) - 1)) << 80 | 0x8 << 76 | (low >> 62) << 64 | 0b10 << 62 | (low & ((1 << 62) - 1))


def parts(value: uuid.UUID) -> tuple[int, int, int]:
    """(milliseconds, nonce, counter) of an id made by `compose`."""
    number = value.int
    low = (number >> 64 & 0xFFF) << 62 | (number & ((1 << 62) - 1))
    return number >> 80, low >> COUNTER_BITS, low & _COUNTER_MASK


class IdMaker:
    """Makes ids under one nonce; draws a new nonce after a fork, so that a child never repeats its parent."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._restart()

    def _restart(self) -> None:
        self._pid = os.getpid()
        self.nonce = new_nonce()
        self._counter = 0

    def __call__(self) -> uuid.UUID:
        """A new id."""
        with self._lock:
            if self._pid != os.getpid() or self._counter > _COUNTER_MASK:
                self._restart()
            self._counter += 1
            return compose(clock.now_ms(), self.nonce, self._counter)


_maker = IdMaker()


def new() -> uuid.UUID:
    """A new id."""
    return _maker()


def named(*words: str) -> uuid.UUID:
    """The id that always belongs to these words (pack data that has the same id on every node)."""
    digest = int.from_bytes(hashlib.sha256("\x1f".join(words).encode()).digest()[:16])
    value = digest & ~(0xF << 76) & ~(0b11 << 62) | 0x8 << 76 | 0b10 << 62
    return uuid.UUID(int=value)


ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U, which people misread."""
_READ = {**{c: i for i, c in enumerate(ALPHABET)}, "O": 0, "I": 1, "L": 1}
_PRIME = 31


def short_code(value: uuid.UUID) -> str:
    """Eight characters and a check character, as printed on a card: `7K2M-9QXW-A`.

    The eight come from a digest of the id; a node looks them up in an index, so that a rare collision is a
    choice between two people, never a mix-up. The check character is ISO 7064 in spirit: weighted modulo 31,
    which finds every single wrong character and every swap of two neighbours.
    """
    number = int.from_bytes(hashlib.sha256(value.bytes).digest()[:5])
    # Digits of base 31 as values keep the weights invertible modulo the prime.
    body = ""
    for _ in range(8):
        number, digit = divmod(number, _PRIME)
        body += ALPHABET[digit]
    return f"{body[:4]}-{body[4:]}-{_check(body)}"


def _check(body: str) -> str:
    return ALPHABET[sum((i + 2) * _READ[c] for i, c in enumerate(body)) % _PRIME]


def read_code(text: str) -> str | None:
    """The code in its printed form when `text` is one that was typed right, else None."""
    packed = "".join(c for c in text.upper() if c.isascii() and c.isalnum())
    if len(packed) != 9 or any(c not in _READ for c in packed):
        return None
    plain = "".join(ALPHABET[_READ[c]] for c in packed)
    if _check(plain[:8]) != plain[8]:
        return None
    return f"{plain[:4]}-{plain[4:8]}-{plain[8]}"
