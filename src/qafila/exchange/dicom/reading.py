"""What a DICOM object says of itself, read from its header within bounds; whether it is one that can be kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

from qafila.clinic.imaging.dataset import DICOM_BYTES, UNDEFINED, check_fragments
from qafila.clinic.imaging.refused import Refused

if TYPE_CHECKING:
    from pydicom import Dataset

# Status codes of C-STORE, PS3.4 annex B.2.3; STOW-RS names its failure reasons by the same numbers.
OUT_OF_RESOURCES = 0xA700
WRONG_CLASS = 0xA900
NOT_UNDERSTOOD = 0xC000
CLASS_NOT_SUPPORTED = 0x0122

STANDARD, STORED = "1.2.840.10008.", "1.2.840.10008.5.1.4."
KEPT_OUT = ("1.2.840.10008.5.1.4.31", "1.2.840.10008.5.1.4.32", "1.2.840.10008.5.1.4.1.2.")
"""Worklist, general worklist and query models: classes below `STORED` that name no object to keep."""
TEXT = 1024
HEADER = 8 * 1024 * 1024
"""Everything before the pixels: more is no header."""


class NotKept(Exception):
    """An object that is refused. `status` is the standard's, `why` says it without naming anybody."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


@dataclass(frozen=True)
class Claim:
    """Whose and what an object says it is. Never logged."""

    sop_class: str
    sop_uid: str
    study_uid: str
    series_uid: str
    syntax: str
    modality: str = ""
    description: str = ""
    number: int | None = None
    frames: int = 1
    rows: int | None = None
    columns: int | None = None
    study_day: date | None = None
    accession: str = ""
    patient_id: str = ""
    patient_name: str = ""
    sex: str = ""
    birth: date | None = None


def claim(file: bytes, sop_class: str = "") -> Claim:
    """Read the header of a whole DICOM file. `sop_class`: what the message around it said it was.

    A message may name another instance than its object does (devices do): the object's own number counts.
    Raises `NotKept` and nothing else.
    """
    if len(file) > DICOM_BYTES:
        raise NotKept(OUT_OF_RESOURCES, "larger than this node keeps")
    try:
        found, syntax = _header(file)
        read = _claim(found, syntax)
    except NotKept:
        raise
    except Exception as error:  # pydicom raises a dozen kinds on damaged input, RecursionError among them
        raise NotKept(NOT_UNDERSTOOD, "damaged or incomplete") from error
    if sop_class and read.sop_class != sop_class:
        raise NotKept(WRONG_CLASS, "not what its message says")
    if not storable(read.sop_class):
        raise NotKept(CLASS_NOT_SUPPORTED, "no object that is stored")
    return read


def storable(sop_class: str) -> bool:
    """Whether objects of this class are kept: every storage class of the standard, and private ones."""
    if not is_uid(sop_class):
        return False
    return not sop_class.startswith(STANDARD) or (sop_class.startswith(STORED) and not sop_class.startswith(KEPT_OUT))


def is_uid(text: str) -> bool:
    """PS3.5 section 9.1; leading zeros are borne, because devices send them."""
    return 0 < len(text) <= 64 and all(part.isascii() and part.isdigit() for part in text.split("."))


def _header(file: bytes) -> tuple[Dataset, str]:
    from pydicom import dcmread
    from pydicom.dataelem import RawDataElement
    from pydicom.uid import UID

    from qafila.clinic.imaging import dataset

    if not dataset.is_dicom(file):
        raise NotKept(NOT_UNDERSTOOD, "no DICOM file")
    if dataset.DEFLATED in file[132:2048]:
        file = dataset.inflated(file)
        syntax = UID("1.2.840.10008.1.2.1.99")
        stream = BytesIO(file)
        found = dcmread(stream, stop_before_pixels=True)
    else:
        stream = BytesIO(file)
        found = dcmread(stream, stop_before_pixels=True)
        syntax = UID(found.file_meta.TransferSyntaxUID)
    if not len(found):
        raise NotKept(NOT_UNDERSTOOD, "empty")
    for raw in found.values():
        if isinstance(raw, RawDataElement) and isinstance(raw.value, bytes) and UNDEFINED > raw.length > len(raw.value):
            raise NotKept(NOT_UNDERSTOOD, "shorter than it says")
    _check_end(found, file, stream.tell())
    return found, str(syntax)


def _check_end(found: Dataset, file: bytes, position: int) -> None:
    """An object whose pixels, or whose last element, run past the end was cut on its way."""
    if position > HEADER + 1024 * 1024 and position != len(file):
        raise NotKept(OUT_OF_RESOURCES, "a header larger than this node reads")
    if position + 8 > len(file):
        if position != len(file) or "Rows" in found:
            raise NotKept(NOT_UNDERSTOOD, "shorter than it says")
        return
    order = "big" if found.original_encoding[1] is False else "little"
    head = file[position : position + 12]
    at = 8 if head[4:6] in (b"OB", b"OW", b"OF", b"OD", b"OV") else 4
    length = int.from_bytes(head[at : at + 4], order)  # type: ignore[arg-type]
    if length == UNDEFINED:
        try:
            check_fragments(file, position + at + 4)
        except Refused as error:
            raise NotKept(NOT_UNDERSTOOD, "shorter than it says") from error
    elif position + at + 4 + length > len(file):
        raise NotKept(NOT_UNDERSTOOD, "shorter than it says")


def _claim(found: Dataset, syntax: str) -> Claim:
    uids = [text(found, key, 65) for key in ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")]
    if not all(is_uid(uid) for uid in uids) or not is_uid(syntax):
        raise NotKept(NOT_UNDERSTOOD, "without the numbers that name it")
    sex = text(found, "PatientSex", 1).upper()
    return Claim(
        sop_class=uids[0],
        sop_uid=uids[1],
        study_uid=uids[2],
        series_uid=uids[3],
        syntax=syntax,
        modality=text(found, "Modality", 16),
        description=text(found, "SeriesDescription", 64),
        number=whole(found, "InstanceNumber"),
        frames=min(max(whole(found, "NumberOfFrames") or 1, 1), 1_000_000),
        rows=whole(found, "Rows"),
        columns=whole(found, "Columns"),
        study_day=day(found, "StudyDate"),
        accession=text(found, "AccessionNumber", 16),
        patient_id=text(found, "PatientID", 64),
        patient_name=text(found, "PatientName", 200),
        sex=sex if sex in ("M", "F", "O") else "",
        birth=day(found, "PatientBirthDate"),
    )


def text(found: Dataset, key: str, limit: int) -> str:
    """A value as plain words; empty where it is absent or damaged."""
    try:
        value: Any = found.get(key)
        words = str(value or "")[:TEXT]
        if not words.isprintable():
            words = "".join(c for c in words if c.isprintable())
        return words.strip()[:limit]
    except Exception:  # noqa: BLE001 - one damaged element must not hide the others
        return ""


def whole(found: Dataset, key: str) -> int | None:
    """A value as a whole number that a database holds."""
    try:
        value: Any = found.get(key)
        number = None if value is None else int(value)
    except Exception:  # noqa: BLE001 - one damaged element must not hide the others
        return None
    return number if number is not None and abs(number) < 2**31 else None


def day(found: Dataset, key: str) -> date | None:
    """A value as a date."""
    try:
        return datetime.strptime(text(found, key, 12).replace(".", ""), "%Y%m%d").date()
    except ValueError:
        return None
