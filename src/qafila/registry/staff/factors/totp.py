"""Codes of an authenticator app: RFC 6238 over HMAC-SHA-1 with six digits and steps of 30 seconds, the one form that
every app knows."""

from __future__ import annotations

import base64
import hmac
import os
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

DIGITS, STEP_S = 6, 30
SECRET = 20
"""Bytes; as long as the hash (RFC 4226, section 4, R6)."""
DRIFT = 1
"""Steps by which a telephone's clock may be wrong, either way (RFC 6238, section 6)."""


def new_secret() -> bytes:
    """A fresh shared secret."""
    return os.urandom(SECRET)


def code_at(secret: bytes, step: int) -> str:
    """The six digits of a time step."""
    return HOTP(secret, DIGITS, SHA1()).generate(step).decode()  # noqa: S303 - what RFC 6238 and every app use


def matching_step(secret: bytes, code: str, seconds: float, used: int = 0) -> int | None:
    """The time step whose code this is, at an instant (seconds since 1970); None for a wrong code, or for one that is
    not later than the step `used` (RFC 6238, section 5.2: none is taken twice). Looks at every step in any case."""
    now, found = int(seconds // STEP_S), None
    for step in range(now - DRIFT, now + DRIFT + 1):
        right = hmac.compare_digest(code_at(secret, max(step, 0)).encode(), code.encode())
        if right and step > used and found is None:
            found = step
    return found


def shown(secret: bytes) -> str:
    """The secret as a person types it: base32 in groups of four."""
    text = base64.b32encode(secret).decode()
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


def address(secret: bytes, issuer: str, name: str) -> str:
    """What the square code says to an app (Key URI Format)."""
    said = {"secret": base64.b32encode(secret).decode(), "issuer": issuer, "digits": DIGITS, "period": STEP_S}
    return f"otpauth://totp/{quote(f'{issuer}:{name}')}?{urlencode(said, quote_via=quote)}"
