"""What a file is, by its content. Its name counts for nothing but the wording of a refusal."""

from __future__ import annotations

import struct
from enum import StrEnum
from io import BytesIO
from typing import TYPE_CHECKING

from qafila.clinic.imaging import dataset, refused, sound
from qafila.clinic.imaging.refused import Refused

if TYPE_CHECKING:
    from PIL.Image import Image

PHOTO_BYTES = 25 * 1024 * 1024
PHOTO_PIXELS = 50_000_000
ECG_CLASSES = ("1.2.840.10008.5.1.4.1.1.9.1.1", "1.2.840.10008.5.1.4.1.1.9.1.2")
"""12-lead and general ECG waveform storage (PS3.4 annex B.5)."""
PDF_CLASS = "1.2.840.10008.5.1.4.1.1.104.1"
OTHER_PICTURES = (b"GIF8", b"BM", b"II*\0", b"MM\0*", b"8BPS", b"\0\0\1\0", b"\xff\x0a")


class Kind(StrEnum):
    """What a file may be; the value is what is stored with the attachment."""

    JPEG = "jpeg"
    PNG = "png"
    DICOM_IMAGE = "dicom-image"
    DICOM_ECG = "dicom-ecg"
    DICOM_PDF = "dicom-pdf"
    DICOM_OTHER = "dicom-other"
    PDF = "pdf"
    FLAC = "flac"
    WAV = "wav"


def kind_of(data: bytes, name: str = "") -> Kind:
    """The kind of `data`, found in the bytes and checked against the limits. Raises `Refused` and nothing else."""
    if not data:
        raise Refused(refused.EMPTY)
    if dataset.is_dicom(data):
        return _dicom(data)
    if len(data) > PHOTO_BYTES:
        raise Refused(refused.TOO_BIG, limit=PHOTO_BYTES // 1024 // 1024)
    if data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        kind = Kind.PNG if data[0] == 0x89 else Kind.JPEG
        open_photo(data).close()
        return kind
    if data.startswith(b"%PDF-"):
        if b"%%EOF" not in data[-2048:]:
            raise Refused(refused.BROKEN_PDF)
        return Kind.PDF
    if data.startswith(b"fLaC") or (data.startswith(b"RIFF") and data[8:12] == b"WAVE"):
        return _sound(data)
    raise Refused(_why_not(data, name))


def open_photo(data: bytes) -> Image:
    """A JPEG or PNG opened but not yet decoded, within `PHOTO_BYTES` and `PHOTO_PIXELS`."""
    import warnings

    from PIL import Image

    if len(data) > PHOTO_BYTES:
        raise Refused(refused.TOO_BIG, limit=PHOTO_BYTES // 1024 // 1024)
    warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)  # our own bound is below Pillow's
    try:
        picture = Image.open(BytesIO(data), formats=("JPEG", "PNG"))
    except Image.DecompressionBombError as error:
        raise Refused(refused.TOO_MANY_PIXELS, limit=PHOTO_PIXELS // 1_000_000) from error
    except (
        Exception
    ) as error:  # Pillow's parsers raise what the damaged bytes make them: SyntaxError, struct.error, KeyError
        raise Refused(refused.BROKEN_PHOTO) from error
    if picture.width * picture.height > PHOTO_PIXELS:
        raise Refused(refused.TOO_MANY_PIXELS, limit=PHOTO_PIXELS // 1_000_000)
    return picture


def _dicom(data: bytes) -> Kind:
    found = dataset.open_dicom(data)
    try:
        storage = str(found.get("SOPClassUID", ""))
        if "WaveformSequence" in found:
            return Kind.DICOM_ECG if storage in ECG_CLASSES else Kind.DICOM_OTHER
        if storage == PDF_CLASS:
            if not bytes(found.EncapsulatedDocument).startswith(b"%PDF-"):
                raise Refused(refused.BROKEN_DICOM)
            return Kind.DICOM_PDF
        if "Rows" in found and any(tag in found for tag in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
            return Kind.DICOM_IMAGE
        if "Rows" in found or storage in ECG_CLASSES or not len(found):
            raise Refused(refused.BROKEN_DICOM)
        return Kind.DICOM_OTHER
    except Refused:
        raise
    except Exception as error:  # values are parsed on first use and may be damaged
        raise Refused(refused.BROKEN_DICOM) from error


def _sound(data: bytes) -> Kind:
    if data[0] == ord("f"):
        sound.check_bounds(data)
        return Kind.FLAC
    if len(data) < 44 or struct.unpack_from("<I", data, 4)[0] + 8 > len(data) + 1:
        raise Refused(refused.BROKEN_SOUND)
    return Kind.WAV


def _why_not(data: bytes, name: str) -> str:
    """The reason that helps: what the file is, or what its name promised."""
    head = data[:4096].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").replace(b"\0", b"").lower()
    if head.startswith(b"<") or any(mark in head for mark in (b"<svg", b"<html", b"<script", b"<!doctype")):
        return refused.ACTIVE
    if data.startswith((b"PK\3\4", b"PK\5\6", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"\xd0\xcf\x11\xe0")):
        return refused.ARCHIVE
    if data.startswith(OTHER_PICTURES) or data[4:8] == b"ftyp" or (data.startswith(b"RIFF") and data[8:12] == b"WEBP"):
        return refused.OTHER_PHOTO
    if name.lower().endswith((".dcm", ".dicom")):
        return refused.NOT_DICOM
    return refused.UNKNOWN
