"""Files that are there after a power cut, whole or as they were before."""

from __future__ import annotations

import errno
import os
import secrets
from pathlib import Path


def settle(fresh: Path, path: Path) -> None:
    """Put a file that is written beside it in the place of `path`."""
    with fresh.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(fresh, path)
    folder(path.parent)


def folder(path: Path) -> None:
    """Make durable which files a folder holds, where its file system knows how to."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    except OSError as error:
        # Some of sticks and of network shares do not.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(number)


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(data)
        settle(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)
