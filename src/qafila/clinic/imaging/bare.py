"""A picture's file without anything but the picture: no place, owner, device, comments, no second picture behind it.

The pixels are not touched, so that this serves for originals. Of the metadata two things stay: the colour profile, and
which way is up.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

from qafila.clinic.imaging import refused
from qafila.clinic.imaging.refused import Refused

PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT"}
_APP0, _APP2, _APP14 = 0xE0, 0xE2, 0xEE
_DHT, _DAC, _SOS, _DQT, _DNL, _DRI, _DHP, _EXP, _EOI = 0xC4, 0xCC, 0xDA, 0xDB, 0xDC, 0xDD, 0xDE, 0xDF, 0xD9
_FRAMES = {*range(0xC0, 0xD0), _DHP} - {_DHT, 0xC8, _DAC}
_ALONE = {0x01, *range(0xD0, 0xD8)}


def bare(data: bytes, turned: int = 1) -> bytes:
    """The file without metadata; `turned`: its EXIF orientation (1 to 8). Raises `Refused` for a damaged file."""
    try:
        return _png(data) if data.startswith(PNG) else _jpeg(data, turned)
    except (struct.error, IndexError, ValueError) as error:
        raise Refused(refused.BROKEN_PHOTO) from error


def _png(data: bytes) -> bytes:
    out, at = [PNG], 8
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data) or zlib.crc32(data[at + 4 : end - 4]) != struct.unpack_from(">I", data, end - 4)[0]:
            raise ValueError("a cut chunk")
        if kind in _PNG_KEPT:
            out.append(data[at:end])
        if kind == b"IEND":
            return b"".join(out)
        at = end


def _jpeg(data: bytes, turned: int) -> bytes:
    """Markers as ITU T.81 annex B has them; what stands behind the end of the image (a phone's film) goes, too.

    Only segments without which there is no picture are kept, and these hold nothing but what T.81 puts into them.
    """
    if data[:2] != b"\xff\xd8":
        raise ValueError("no JPEG")
    out = [data[:2], _orientation(turned) if 2 <= turned <= 8 else b""]
    at = 2
    while True:
        if data[at] != 0xFF:
            raise ValueError("no marker")
        while data[at + 1] == 0xFF:
            at += 1
        marker = data[at + 1]
        if marker == _EOI:
            return b"".join([*out, b"\xff\xd9"])
        if marker in _ALONE:
            at += 2
            continue
        end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
        if end > len(data):
            raise ValueError("a cut segment")
        kept = _kept(marker, data[at + 4 : end])
        if marker == _SOS:
            end = _after_scan(data, end)
        if kept:
            out.append(data[at:end])
        at = end


def _kept(marker: int, body: bytes) -> bool:
    """Whether a segment stays. Raises `ValueError` for one that the picture needs and that holds something else."""
    if marker == _APP0:
        # Without a thumbnail, which may show what was cut away.
        return len(body) == 14 and body.startswith(b"JFIF\0") and not any(body[12:])
    if marker == _APP2:
        return body.startswith(b"ICC_PROFILE\0")
    if marker == _APP14:
        return len(body) == 12 and body.startswith(b"Adobe")
    if marker not in (*_FRAMES, _DHT, _DAC, _SOS, _DQT, _DNL, _DRI, _EXP):
        return False
    if not _in_shape(marker, body):
        raise ValueError("a segment that is none")
    return True


def _in_shape(marker: int, body: bytes) -> bool:
    """Whether a segment is as long as what it says that it holds (ITU T.81 B.2.2 to B.2.5, B.3)."""
    if marker in _TABLES:
        return _tables(body, _TABLES[marker])
    if marker in _FRAMES:
        return len(body) == 6 + 3 * body[5]
    if marker == _SOS:
        return len(body) == 4 + 2 * body[0]
    return len(body) == (1 if marker == _EXP else 2)


def _tables(body: bytes, length: Callable[[bytes], int]) -> bool:
    """Whether tables stand one behind the other to the end; each begins with a byte of two halves: its class, which."""
    at = 0
    while at < len(body) and body[at] >> 4 <= 1 and body[at] & 15 <= 3:
        at += 1 + length(body[at:])
    return at == len(body)


_TABLES: dict[int, Callable[[bytes], int]] = {
    _DQT: lambda table: 64 * (1 + (table[0] >> 4)),
    _DHT: lambda table: 16 + sum(table[1:17]),
    _DAC: lambda table: 1,
}
"""Segments of tables, and how long each is behind its first byte."""


def _after_scan(data: bytes, at: int) -> int:
    """Where the entropy-coded data ends: the next marker that is neither a stuffed byte nor a restart."""
    while True:
        at = data.index(b"\xff", at)
        if data[at + 1] == 0 or data[at + 1] in _ALONE:
            at += 2
        elif data[at + 1] == 0xFF:
            at += 1
        else:
            return at


def _orientation(turned: int) -> bytes:
    """An EXIF segment of one entry (Exif 2.32, tag 0x0112)."""
    tiff = b"MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHH", 0x0112, 3, 1, turned, 0) + b"\0\0\0\0"
    body = b"Exif\0\0" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
