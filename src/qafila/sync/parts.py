"""Beginnings of frames whose sender was cut off: kept for an hour, so that he can go on where he was.

They lie in `parts/` of the node, one file each under the frame's mark, for all processes that serve it; sealed, like
files of the record, with a key made from the database's. Nothing of a part is used before the whole frame's signature
was verified, so a part that is lost, altered or somebody's invention costs a repetition and nothing else. The folder
has bounds; what is oldest goes first.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from qafila.journal import blobs
from qafila.journal.here import here
from qafila.kernel import clock
from qafila.sync.frames import MARK, MAX_FRAME, mark

LEAST = 1024
"""Bytes of a beginning that is worth keeping."""
LONGEST_S = 3600
MOST, MOST_BYTES = 4000, 128 * 1024 * 1024
SWEPT_AFTER_S, SWEPT_AFTER_BYTES = 60.0, 8 * 1024 * 1024
"""So often a process that keeps parts looks at the bounds."""
_SEAL = 12 + 16


class _Swept:
    """When this process last looked at the bounds, and what it has kept since."""

    at = float("-inf")
    bytes = 0


def keep(data: bytes) -> None:
    """Keep the beginning of a frame, unless as much of it is here. Raises `OSError`: nothing was kept."""
    named = mark(data)
    if not LEAST <= len(data) <= MAX_FRAME or size(named) >= len(data):
        return
    folder = _folder()
    folder.mkdir(mode=0o700, exist_ok=True)
    if clock.monotonic() - _Swept.at > SWEPT_AFTER_S or _Swept.bytes > SWEPT_AFTER_BYTES:
        sweep()
    _Swept.bytes += len(data)
    nonce = secrets.token_bytes(12)
    fresh = folder / f"{named.hex()}.{secrets.token_hex(4)}"
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(nonce + _cipher().encrypt(nonce, data, named))
        os.replace(fresh, _path(named))
    finally:
        fresh.unlink(missing_ok=True)


def size(named: bytes) -> int:
    """Bytes that are here of the frame with that mark."""
    try:
        return max(0, _path(named).stat().st_size - _SEAL) if len(named) == MARK else 0
    except OSError:
        return 0


def read(named: bytes) -> bytes:
    """What is here of the frame with that mark; nothing where it is gone or was altered."""
    if not LEAST <= size(named) <= MAX_FRAME:
        return b""
    try:
        sealed = _path(named).read_bytes()
        return _cipher().decrypt(sealed[:12], sealed[12:], named)
    except (OSError, ValueError, InvalidTag):
        return b""


def drop(named: bytes) -> None:
    """The frame is whole, or its part is of no use."""
    with suppress(OSError):
        _path(named).unlink(missing_ok=True)


def sweep() -> None:
    """Throw away what is too old, then the oldest of what is too much."""
    _Swept.at, _Swept.bytes = clock.monotonic(), 0
    found = []
    for file in os.scandir(_folder()):
        with suppress(OSError):
            told = file.stat()
            found.append((told.st_mtime, told.st_size, file.path))
    count = total = 0
    oldest = clock.now().timestamp() - LONGEST_S
    for changed, length, path in sorted(found, reverse=True):
        count, total = count + 1, total + length
        if changed < oldest or count > MOST or total > MOST_BYTES:
            with suppress(OSError):
                os.unlink(path)


def _folder() -> Path:
    directory = here().directory
    if directory is None:
        raise FileNotFoundError("this node has no directory to keep parts in")
    return directory / "parts"


def _path(named: bytes) -> Path:
    return _folder() / named.hex()


def _cipher() -> ChaCha20Poly1305:
    return _cipher_of(blobs.secret_of_files())


@lru_cache(maxsize=8)
def _cipher_of(secret: str) -> ChaCha20Poly1305:
    return ChaCha20Poly1305(HKDF(SHA256(), 32, b"", b"qafila parts 1").derive(bytes.fromhex(secret)))


def forget_all() -> None:
    """Throw all of them away: one may hold what has to be erased. Their senders begin anew."""
    with suppress(OSError):
        for file in os.scandir(_folder()):
            with suppress(OSError):
                os.unlink(file.path)
