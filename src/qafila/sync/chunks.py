"""The chunks of a file, as both ends number them."""

from __future__ import annotations

CHUNK_BYTES = 16 * 1024
"""As `journal.blobs.CHUNK`: whoever asks here knows no disk."""


def count(size: int) -> int:
    """Of how many chunks a file of that size is made."""
    return -(-size // CHUNK_BYTES)


def missing(bits: bytes, size: int) -> list[int]:
    """The chunks whose bit is set, those of the file alone."""
    return [i for i in range(count(size)) if i >> 3 < len(bits) and bits[i >> 3] >> (i & 7) & 1]
