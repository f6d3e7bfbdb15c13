"""Numbers that count, enciphered in addresses: `<opaque:clash_id>`.

A row of a local table has a number that tells how many there are and what stands beside it. In an address it stands as
one AES block under a key of the node: the number and eight bytes of nothing, so that what was guessed or altered is no
address at all. It is no protection of the row: the view asks for the right as everywhere.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from django.conf import settings

_NOTHING = bytes(8)


@lru_cache(maxsize=4)
def _cipher(secret: str) -> Cipher[modes.CBC]:
    key = hashlib.sha256(b"numbers in addresses\x1f" + secret.encode()).digest()
    # One block and no more: the mode and its beginning add nothing.
    return Cipher(algorithms.AES(key), modes.CBC(bytes(16)))


def shown(number: int) -> str:
    """A number as it stands in an address: 32 hexadecimal digits."""
    cipher = _cipher(settings.SECRET_KEY).encryptor()
    return (cipher.update(_NOTHING + number.to_bytes(8)) + cipher.finalize()).hex()


def read(text: str) -> int:
    """The number. Raises `ValueError` where it was none of this node's."""
    cipher = _cipher(settings.SECRET_KEY).decryptor()
    block = cipher.update(bytes.fromhex(text)) + cipher.finalize()
    if len(block) != 16 or block[:8] != _NOTHING:
        raise ValueError("no number of this node")
    return int.from_bytes(block[8:])


class Opaque:
    """Django's path converter."""

    regex = "[0-9a-f]{32}"

    def to_python(self, value: str) -> int:
        """From an address; `ValueError` is 404."""
        return read(value)

    def to_url(self, value: int | str) -> str:
        """Into an address. A template may hand over the number as words."""
        return shown(int(value))
