"""A picture's file without anything but the picture: no place, owner, device, comments, no second picture behind it.

The pixels are not touched, so that this serves for originals. Of the metadata two things stay: the colour profile, and
which way is up.
"""

from __future__ import annotations

import struct
import zlib

from qafila.clinic.imaging import refused
from qafila.clinic.imaging.refused import Refused

PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT"}
_APP0, _APP2, _APP14, _COM, _SOS, _EOI = 0xE0, 0xE2, 0xEE, 0xFE, 0xDA, 0xD9
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
    """Markers as ITU T.81 annex B has them; what stands behind the end of the image (a phone's film) goes, too."""
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
        if marker == _SOS:
            end = _after_scan(data, end)
        if end > len(data):
            raise ValueError("a cut segment")
        if _kept(marker, data[at + 4 : end]):
            out.append(data[at:end])
        at = end


def _kept(marker: int, body: bytes) -> bool:
    if marker == _APP2:
        return body.startswith(b"ICC_PROFILE\0")
    return marker in (_APP0, _APP14) or not (0xE0 <= marker <= 0xEF or marker == _COM)


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
