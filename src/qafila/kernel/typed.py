"""Secrets that people write down, read out over a telephone and type: no letter that is misread, checked as a whole."""

from __future__ import annotations

import hashlib

from qafila.kernel.ids import ALPHABET
from qafila.kernel.text import latin_digits

_READ = {**{c: i for i, c in enumerate(ALPHABET)}, "O": 0, "I": 1, "L": 1}
_BITS = 5
_CHECK = 2


class Mistyped(ValueError):
    """What was typed is no such code: a character is wrong or missing."""


def spell(secret: bytes) -> str:
    """The bytes in Crockford's base 32 with two check characters, in groups of four: `7K2M-9QXW-A`."""
    count = -(-8 * len(secret) // _BITS)
    number = int.from_bytes(secret) << (count * _BITS - 8 * len(secret))
    body = "".join(ALPHABET[number >> _BITS * place & 31] for place in reversed(range(count)))
    whole = body + _check(body)
    return "-".join(whole[i : i + 4] for i in range(0, len(whole), 4))


def read(text: str, length: int) -> bytes:
    """The `length` bytes that were spelt; spaces, hyphens and small letters do not count. Raises `Mistyped`."""
    typed = [c for c in latin_digits(text[:1000]).upper() if not c.isspace() and c not in "-\u2010\u2011\u2013."]
    count = -(-8 * length // _BITS)
    if len(typed) != count + _CHECK or any(c not in _READ for c in typed):
        raise Mistyped("a character is missing, too many, or none of the alphabet")
    plain = "".join(ALPHABET[_READ[c]] for c in typed)
    spare = count * _BITS - 8 * length
    number = 0
    for character in plain[:count]:
        number = number << _BITS | _READ[character]
    if _check(plain[:count]) != plain[count:] or number & ((1 << spare) - 1):
        raise Mistyped("a character is wrong, or two have changed places")
    return (number >> spare).to_bytes(length)


def _check(body: str) -> str:
    number = int.from_bytes(hashlib.sha256(body.encode()).digest()[:2])
    return ALPHABET[number & 31] + ALPHABET[number >> _BITS & 31]
