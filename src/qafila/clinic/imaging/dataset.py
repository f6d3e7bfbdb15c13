"""A DICOM file opened within limits: what a file claims is checked before memory is spent on it."""

from __future__ import annotations

import logging
import struct
import warnings
import zlib
from io import BytesIO
from typing import TYPE_CHECKING

from qafila.clinic.imaging.refused import (
    BROKEN_DICOM,
    EMPTY,
    NOT_DICOM,
    TOO_BIG,
    TOO_MANY_FRAMES,
    TOO_MANY_PIXELS,
    Refused,
)

if TYPE_CHECKING:
    from pydicom import FileDataset

# pydicom's warnings quote the values they complain of: names and numbers of patients must not reach a log
logging.getLogger("pydicom").propagate = False
warnings.filterwarnings("ignore", module=r"pydicom(\.|$)")

DICOM_BYTES = 60 * 1024 * 1024
INFLATED_BYTES = 2 * DICOM_BYTES
FRAME_PIXELS = 25_000_000
"""One frame: a full mammogram is 4096 x 5625."""
ALL_PIXELS = 1_000_000_000
DEFLATED = b"1.2.840.10008.1.2.1.99"
PLAIN = b"1.2.840.10008.1.2.1\0\0\0"
UNDEFINED = 0xFFFFFFFF


def is_dicom(data: bytes) -> bool:
    """Whether the bytes carry the DICOM preamble (PS3.10 section 7.1); files without one are not taken."""
    return data[128:132] == b"DICM"


def open_dicom(data: bytes, limit: int = DICOM_BYTES) -> FileDataset:
    """The whole data set, its claimed picture size and length checked first. Raises `Refused` and nothing else."""
    if not data:
        raise Refused(EMPTY)
    if len(data) > limit:
        raise Refused(TOO_BIG, limit=limit // 1024 // 1024)
    if not is_dicom(data):
        raise Refused(NOT_DICOM)
    try:
        data = inflated(data)
        header, whole = _checked(data)
        return header if whole else _read(BytesIO(data), False)
    except Refused:
        raise
    except (
        Exception
    ) as error:  # pydicom raises a dozen kinds on damaged input, RecursionError and MemoryError among them
        raise Refused(BROKEN_DICOM) from error


def _read(stream: BytesIO, header_only: bool) -> FileDataset:
    from pydicom import dcmread

    return dcmread(stream, force=False, stop_before_pixels=header_only)


def inflated(data: bytes) -> bytes:
    """A deflated file as a plain one. pydicom inflates without a bound, so it must never meet one."""
    start = _end_of_meta(data)
    if DEFLATED not in data[132:start]:
        return data
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    body = inflater.decompress(data[start:], INFLATED_BYTES)
    if inflater.unconsumed_tail:
        raise Refused(TOO_BIG, limit=INFLATED_BYTES // 1024 // 1024)
    if not inflater.eof:
        raise Refused(BROKEN_DICOM)
    return data[:132] + data[132:start].replace(DEFLATED, PLAIN) + body


def _end_of_meta(data: bytes) -> int:
    from pydicom.filereader import read_dataset

    stream = BytesIO(data)
    stream.seek(132)
    read_dataset(stream, False, True, stop_when=lambda tag, vr, length: tag >> 16 != 2)
    return stream.tell()


def _checked(data: bytes) -> tuple[FileDataset, bool]:
    """What stands before the pixels, and whether it is all there is (an ECG has none, and need not be read again).
    Refuses what is larger than the bounds or shorter than it claims, from this alone."""
    stream = BytesIO(data)
    header = _read(stream, True)
    position = stream.tell()
    whole = position >= len(data)
    if header.get("Rows") is None or header.get("Columns") is None:
        return header, whole
    pixels, frames = int(header.Rows) * int(header.Columns), int(header.get("NumberOfFrames") or 1)
    if pixels > FRAME_PIXELS:
        raise Refused(TOO_MANY_PIXELS, limit=FRAME_PIXELS // 1_000_000)
    if frames < 1 or pixels * frames > ALL_PIXELS:
        raise Refused(TOO_MANY_FRAMES)
    if whole:
        return header, whole
    order = ">" if header.original_encoding[1] is False else "<"
    head = data[position : position + 12]
    # some writers put implicit elements into an explicit file, so the bytes are asked, not the transfer syntax
    at = 8 if head[4:6] in (b"OB", b"OW", b"OF", b"OD") else 4
    length, body = struct.unpack_from(order + "I", head, at)[0], at + 4
    if length == UNDEFINED:
        check_fragments(data, position + body)
    elif position + body + length > len(data) or length < _expected(header):
        raise Refused(BROKEN_DICOM)
    return header, whole


def _expected(header: FileDataset) -> int:
    from pydicom.pixels.utils import get_expected_length

    syntax = header.file_meta.get("TransferSyntaxUID")
    return 0 if syntax is None or syntax.is_compressed else get_expected_length(header, unit="bytes")


def check_fragments(data: bytes, position: int) -> None:
    """Walk the items of encapsulated pixel data (PS3.5 annex A.4); one that runs past the end is a cut file."""
    while position + 8 <= len(data):
        group, element, length = struct.unpack_from("<HHI", data, position)
        position += 8
        if (group, element) == (0xFFFE, 0xE0DD):
            return
        if (group, element) != (0xFFFE, 0xE000) or position + length > len(data):
            break
        position += length
    raise Refused(BROKEN_DICOM)
