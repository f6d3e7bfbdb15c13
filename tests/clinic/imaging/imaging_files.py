"""Real files for the imaging tests: pydicom's and scikit-image's own, read from disk."""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pydicom.data
from PIL import Image

from qafila.clinic.imaging.refused import Refused

PYDICOM = Path(pydicom.data.__file__).parent
SHIPPED = sorted(p for p in PYDICOM.rglob("*") if p.is_file() and (p.suffix == ".dcm" or p.name.startswith("DICOMDIR")))


def outcome(reader: Callable[[bytes], object], data: bytes) -> object:
    """The result, or the refusal in its place."""
    try:
        return reader(data)
    except Refused as refusal:
        return refusal


def shipped(name: str) -> bytes:
    return (PYDICOM / "test_files" / name).read_bytes()


def camera_jpeg(picture: Image.Image, orientation: int = 6) -> bytes:
    """As a phone writes it: turned by a tag, with the place and the owner in it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "PhoneMaker"
    exif[0x013B] = "Owner Of The Phone"
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (31.0, 37.0, 12.0), "W", (7.0, 58.0, 48.0)
    out = BytesIO()
    picture.save(out, "JPEG", quality=92, exif=exif, comment=b"a comment")
    return out.getvalue()


def png_bomb(width: int, height: int) -> bytes:
    """A PNG of width x height white pixels in a few kilobytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer = zlib.compressobj(9)
    row = b"\0" + b"\xff" * ((width + 7) // 8)
    body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
