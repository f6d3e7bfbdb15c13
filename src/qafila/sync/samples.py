"""Samples of several channels side by side, as differences: a file of them takes little more than half of the link.

The samples of an ECG lie in turn, lead after lead, 16 bits each (DICOM PS3.3 C.10.9, PS3.5 8.3): zstd finds nothing
that comes again in them. What a sample differs by from the one before of the same channel is small, and coded well. Of
a chunk that does not gain by it (a JPEG, a text) nothing is changed. Written in Python: a chunk takes three
milliseconds, and a process that only sends loads no numerics.
"""

from __future__ import annotations

import sys
from array import array
from functools import cache
from operator import sub

import zstandard

from qafila.sync.frames import FrameError

LAGS = (12, 8, 3, 2, 1)
"""Channels that are tried: twelve leads, the eight that are measured, three, two, one."""
MOST = 64
"""Channels that are understood."""
LEAST_BYTES = 1024
"""Smaller chunks are not worth it."""
TRIED = 512
"""So many samples tell which lag is the best."""
SMALL_BITS = 9.0
"""Differences of more bits than that, on average, are of something else than samples."""


def pack(data: bytes) -> tuple[int, bytes]:
    """The lag in samples, and the chunk as differences at that lag; 0 and the chunk where that is not smaller."""
    if len(data) < LEAST_BYTES:
        return 0, data
    words = _words(data)
    middle = words[len(words) // 2 - TRIED // 2 :][:TRIED]
    bits, lag = min((_bits(middle, lag), lag) for lag in LAGS)
    if bits > SMALL_BITS:
        return 0, data
    packed = _differences(words, lag) + data[len(words) * 2 :]
    return (lag, packed) if _size(packed) < _size(data) else (0, data)


def unpack(data: bytes, lag: int) -> bytes:
    """The chunk again. Raises `FrameError` for a lag that there is not."""
    if lag == 0:
        return data
    if not 0 < lag <= MOST:
        raise FrameError("unreadable")
    count = len(data) // 2
    words = [0] * lag
    for low, high in zip(data[:count], data[count : 2 * count], strict=True):
        folded = low | high << 8
        words.append((words[-lag] + (folded >> 1 ^ -(folded & 1))) & 0xFFFF)
    return _bytes(array("H", words[lag:])) + data[2 * count :]


def _differences(words: array[int], lag: int) -> bytes:
    """Signs go into the lowest bit; all low bytes first, then all high ones, which are nearly all 0."""
    before = [0] * lag + words.tolist()
    both = _bytes(array("H", map(_folded().__getitem__, map(sub, words, before))))
    return both[0::2] + both[1::2]


@cache
def _folded() -> array[int]:
    """What a difference goes as, by the difference modulo 65,536; a negative one counts from the end."""
    return array("H", [*range(0, 0x10000, 2), *range(0xFFFF, 0, -2)])


@cache
def _lengths() -> bytes:
    """How many bits each of these has."""
    return bytes(map(int.bit_length, _folded()))


def _bits(words: array[int], lag: int) -> float:
    return sum(map(_lengths().__getitem__, map(sub, words[lag:], words))) / (len(words) - lag)


def _words(data: bytes) -> array[int]:
    words = array("H", data[: len(data) // 2 * 2])
    if sys.byteorder == "big":
        words.byteswap()
    return words


def _bytes(words: array[int]) -> bytes:
    if sys.byteorder == "big":
        words.byteswap()
    return words.tobytes()


def _size(data: bytes) -> int:
    return len(zstandard.ZstdCompressor(level=1).compress(data))
