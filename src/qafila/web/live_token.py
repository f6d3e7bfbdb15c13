"""The token with which a page listens for changes: an expiry and a MAC under the node's web secret."""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache
from pathlib import Path

from qafila.kernel import clock

GOOD_FOR_S = 14 * 3600


@lru_cache(maxsize=8)
def _key(directory: Path) -> bytes:
    return hashlib.sha256(b"live" + (directory / "keys" / "web.key").read_bytes()).digest()


def issue(directory: Path) -> str:
    """A token good for a shift."""
    until = str(int(clock.seconds()) + GOOD_FOR_S)
    return f"{until}.{hmac.new(_key(directory), until.encode(), 'sha256').hexdigest()}"


def valid(directory: Path, token: str) -> bool:
    """Whether this node issued it and it has not run out."""
    until, _, mac = token.partition(".")
    if not (until.isascii() and until.isdigit() and len(until) < 12):
        return False
    expected = hmac.new(_key(directory), until.encode(), "sha256").hexdigest()
    return hmac.compare_digest(expected.encode(), mac.encode()) and int(until) > clock.seconds()
