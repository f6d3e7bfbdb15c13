"""The trained dictionaries of frames: zstd fills in from them what both ends know already.

A file is never changed once released; a new one gets the next number. Made by `python -m bench.dictionary.train` from
invented text alone. Number 0 is no dictionary.
"""

from __future__ import annotations

import threading
from functools import cache
from importlib import resources

import zstandard

NONE = 0
KNOWN = (1,)
"""Numbers of those that this version can read."""
LATEST = KNOWN[-1]
LEVEL = 19
_MAX_WINDOW = 1 << 23


class Missing(LookupError):
    """A dictionary that this version does not have."""


@cache
def _dictionary(number: int) -> zstandard.ZstdCompressionDict:
    if number not in KNOWN:
        raise Missing(number)
    data = resources.files(__package__).joinpath(f"{number}.zdict").read_bytes()
    found = zstandard.ZstdCompressionDict(data, dict_type=zstandard.DICT_TYPE_FULLDICT)
    found.precompute_compress(level=LEVEL)
    return found


class _Thread(threading.local):
    """A compressor works for one thread at a time."""

    def __init__(self) -> None:
        self.compressors: dict[int, zstandard.ZstdCompressor] = {}
        self.decompressors: dict[int, zstandard.ZstdDecompressor] = {}


_thread = _Thread()


def compress(data: bytes, number: int) -> bytes:
    """Compressed with that dictionary, 0 with none. Raises `Missing`."""
    if number not in _thread.compressors:
        known = _dictionary(number) if number else None
        _thread.compressors[number] = zstandard.ZstdCompressor(
            level=LEVEL, dict_data=known, write_dict_id=False, write_checksum=False
        )
    return _thread.compressors[number].compress(data)


def decompress(data: bytes, number: int) -> bytes:
    """The caller has compared the size that `data` states with its limit. Raises `Missing`, `zstandard.ZstdError`."""
    if number not in _thread.decompressors:
        known = _dictionary(number) if number else None
        _thread.decompressors[number] = zstandard.ZstdDecompressor(dict_data=known, max_window_size=_MAX_WINDOW)
    return _thread.decompressors[number].decompress(data)
