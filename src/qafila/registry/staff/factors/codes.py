"""Recovery codes: for the day on which the telephone is lost. Each is good once; kept as digests alone.

Ten letters of 32 are 50 bits, fewer than the 112 that a plain hash would be enough for (OWASP ASVS 5.0, 6.5.2): the
digests are Argon2id's, all of a set under one salt, so that a code that is typed costs one of them and not ten.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Sequence

from argon2.low_level import Type, hash_secret_raw

from qafila.registry.staff import signing

COUNT, LENGTH, SALT = 10, 10, 16
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""32 that nobody takes for each other on paper: no 0, 1, O, I."""


def new_codes() -> list[str]:
    """A fresh set, as it is written down: ABCDE-FGHJK."""
    drawn = ("".join(secrets.choice(LETTERS) for _ in range(LENGTH)) for _ in range(COUNT))
    return [f"{one[:5]}-{one[5:]}" for one in drawn]


def plain(typed: str) -> str:
    """A code without what people put between its letters; empty where it cannot be one."""
    text = "".join(c for c in typed.upper() if c.isalnum())
    return text if len(text) == LENGTH and set(text) <= set(LETTERS) else ""


def kept(codes: Sequence[str]) -> bytes:
    """A set as it is kept: its salt, then a digest a code."""
    salt = os.urandom(SALT)
    return salt + b"".join(_digest(plain(code), salt) for code in codes)


def spend(stored: bytes, typed: str) -> bytes | None:
    """What is kept once the code is used; None for a code that is not of the set, or was used."""
    salt, digests = stored[:SALT], _digests(stored)
    mine = _digest(plain(typed), salt)
    left = [one for one in digests if not hmac.compare_digest(one, mine)]
    return salt + b"".join(left) if plain(typed) and len(left) < len(digests) else None


def left(stored: bytes) -> int:
    """How many are not used."""
    return len(_digests(stored))


def _digests(stored: bytes) -> list[bytes]:
    return [stored[i : i + 32] for i in range(SALT, len(stored), 32)]


def _digest(code: str, salt: bytes) -> bytes:
    return hash_secret_raw(code.encode(), salt, signing.PASSES, signing.MEMORY_KIB, signing.LANES, 32, Type.ID)
