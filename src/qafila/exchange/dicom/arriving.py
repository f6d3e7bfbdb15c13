"""An object at the door, whichever way it came: the row that keeps it."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import asdict
from typing import Any

from qafila.exchange.dicom.models import Arrived
from qafila.exchange.dicom.reading import claim


def arrived(file: bytes, peer: str, message: Any = None) -> Arrived:
    """The row of an object that has come, unsaved. `message`: the C-STORE that brought it. Raises `NotKept`."""
    found = claim(file, str(message.AffectedSOPClassUID) if message is not None else "")
    name = hashlib.sha256(file).hexdigest()
    return Arrived(**asdict(found), data=file, size=len(file), sha256=name, peer=peer)


def with_meta(sop_class: str, instance: str, syntax: str, data: bytes) -> bytes:
    """A data set as a message brought it as a file: the file meta information (PS3.10 section 7.1) put before it."""
    # Pages load this file as well, and the library would cost each process of theirs 30 MB.
    from pynetdicom import PYNETDICOM_IMPLEMENTATION_UID

    elements = (
        _element(0x01, b"OB", b"\0\1"), _element(0x02, b"UI", _uid(sop_class)), _element(0x03, b"UI", _uid(instance)),
        _element(0x10, b"UI", _uid(syntax)), _element(0x12, b"UI", _uid(PYNETDICOM_IMPLEMENTATION_UID)),
    )  # fmt: skip
    meta = b"".join(elements)
    return b"".join((bytes(128), b"DICM", _element(0x00, b"UL", struct.pack("<I", len(meta))), meta, data))


def _element(number: int, vr: bytes, value: bytes) -> bytes:
    """An element of group 2, explicit VR, little endian (PS3.5 section 7.1.2)."""
    length = struct.pack("<HI", 0, len(value)) if vr == b"OB" else struct.pack("<H", len(value))
    return struct.pack("<HH", 2, number) + vr + length + value


def _uid(text: str) -> bytes:
    value = text.encode("ascii", "replace")[:64]
    return value + b"\0" * (len(value) % 2)
