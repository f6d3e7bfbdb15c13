"""A DICOM object without identity: the basic profile of PS3.15 annex E as dicom-anonymizer has it, completed.

What is added here: the profile is applied inside of sequences too; identifiers change the same way in every copy of
this node; dates are moved by one distance a person, so that intervals stay (option "modified dates"); reports keep
their codes and numbers and lose their words; whatever else is free text goes; the object says that it was done.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

from qafila.clinic.imaging import refused
from qafila.clinic.imaging.dataset import open_dicom
from qafila.clinic.imaging.refused import Refused

if TYPE_CHECKING:
    from pydicom import Dataset

METHOD = "DICOM PS3.15 basic profile (dicom-anonymizer), modified dates, free text removed"
CODES = (
    ("113100", "Basic Application Confidentiality Profile"),
    ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
)
PIXELS_CLEANED = ("113101", "Clean Pixel Data Option")
PAINTED_BYTES = 64 * 1024 * 1024
"""Decoded pixels up to which a picture is masked here."""
FREE_TEXT = frozenset({"LT", "ST", "UT", "UC", "UR", "PN"})
SCRUBBED = "removed"
SUSPECT = frozenset({"US", "SC", "IVUS", "ES", "XC", "OP", "GM", "SM", "DOC", "OT"})
"""Modalities whose pixels often carry names or faces (PS3.15 annex E, note on burned-in identification)."""
SECONDARY = "1.2.840.10008.5.1.4.1.1.7"
Box = tuple[int, int, int, int]
"""Left, upper, right, lower edge in thousandths of the picture."""


@dataclass(frozen=True)
class Secret:
    """What makes the copies of one person agree with one another and with nobody else's: drawn from a node's key."""

    key: bytes

    def days(self, person: str) -> int:
        """By how many days the person's dates are moved back."""
        return 30 + int.from_bytes(self._mark("days", person)[:4], "big") % 700

    def uid(self, old: str) -> str:
        """The identifier in place of another one: 2.25 and 120 bits (PS3.5 annex B.2)."""
        return f"2.25.{int.from_bytes(self._mark('uid', old)[:15], 'big')}"

    def _mark(self, what: str, text: str) -> bytes:
        return hmac.new(self.key, f"{what}:{text}".encode(), hashlib.sha256).digest()


def must_be_masked(found: Dataset) -> bool:
    """Whether somebody has to look at its pixels first: by modality, class, or its own word.

    Raises `Refused` where these are damaged.
    """
    if "PixelData" not in found:
        return False
    try:
        storage, own_word, modality = (
            str(found.get(name, "")).strip().upper() for name in ("SOPClassUID", "BurnedInAnnotation", "Modality")
        )
    except Exception as error:  # values are parsed on first use and may be damaged
        raise Refused(refused.BROKEN_DICOM) from error
    return own_word == "YES" or storage.startswith(SECONDARY) or modality in SUSPECT


def without_identity(data: bytes, secret: Secret, person: str, boxes: Sequence[Box] = ()) -> bytes:
    """The copy as a DICOM file; `boxes` are painted over in every frame.

    Raises `Refused` for what cannot be copied: damaged, a document, pixels that nobody has masked.
    """
    found = open_dicom(data)
    if "EncapsulatedDocument" in found:
        raise Refused(refused.NO_COPY)
    if must_be_masked(found) and not boxes:
        raise Refused(refused.NOT_MASKED)
    try:
        if boxes and "PixelData" in found:
            _paint(found, boxes)
        _clean(found, secret, secret.days(person))
        _say_so(found, bool(boxes))
        out = BytesIO()
        found.file_meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID
        for name in ("SourceApplicationEntityTitle", "PrivateInformation", "PrivateInformationCreatorUID"):
            if name in found.file_meta:
                delattr(found.file_meta, name)
        found.preamble = bytes(128)
        found.save_as(out, enforce_file_format=True)
    except Refused:
        raise
    except Exception as error:  # values are parsed on first use and may be damaged
        raise Refused(refused.BROKEN_DICOM) from error
    return out.getvalue()


def _clean(found: Dataset, secret: Secret, days: int) -> None:
    from dicomanonymizer.simpledicomanonymizer import anonymize_dataset

    report = found.get("ContentSequence")
    if "IconImageSequence" in found:
        del found.IconImageSequence
    anonymize_dataset(found, base_rules_gen=_rules, delete_private_tags=True)
    if report is not None:
        found.ContentSequence = report
    for element in list(found):
        if element.VR == "SQ":
            for item in element.value:
                _clean(item, secret, days)
        else:
            _last(found, element, secret, days)


@lru_cache(maxsize=1)
def _rules() -> dict[Any, Callable[[Any, Any], None]]:
    """The profile without what is done here: dates and identifiers are changed later, reports keep their tree."""
    from dicomanonymizer.simpledicomanonymizer import initialize_actions_2024b, replace_UID
    from pydicom.datadict import dictionary_VR

    found: dict[Any, Callable[[Any, Any], None]] = {}
    for tag, action in initialize_actions_2024b().items():
        try:
            kind = dictionary_VR(tag) if len(tag) == 2 else ""
        except KeyError:
            kind = ""
        if action is not replace_UID and kind not in ("DA", "DT", "TM", "UI") and tag != (0x0040, 0xA730):
            found[tag] = _careful(action)
    return found


def _careful(action: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """What the profile's tool cannot replace is taken away."""

    def done(found: Any, tag: Any) -> None:
        try:
            action(found, tag)
        except (NotImplementedError, TypeError, ValueError, AttributeError):
            if tag in found:
                del found[tag]

    return done


KEPT_UIDS = frozenset({"SOPClassUID", "CodingSchemeUID", "MappingResourceUID", "TransferSyntaxUID", "ContextUID"})


def _last(found: Dataset, element: Any, secret: Secret, days: int) -> None:
    """What every element goes through, at whatever depth."""
    kind, name = element.VR, element.keyword
    if name in ("PatientBirthDate", "PatientBirthTime", "PatientName", "PatientID"):
        element.value = ""
    elif kind in ("DA", "DT"):
        element.value = _moved(str(element.value or ""), days)
    elif kind == "UI" and not name.endswith("ClassUID") and name not in KEPT_UIDS:
        element.value = _changed(element.value, secret)
    elif kind in FREE_TEXT and element.value:
        element.value = SCRUBBED if kind == "UT" or name == "PersonName" else ""
    elif _overlay(element.tag):
        del found[element.tag]


def _overlay(tag: Any) -> bool:
    return bool(0x6000 <= tag.group <= 0x60FF or 0x5000 <= tag.group <= 0x50FF)


def _changed(value: Any, secret: Secret) -> Any:
    if not value:
        return value
    many = [str(one) for one in value] if not isinstance(value, str) else None
    return secret.uid(str(value)) if many is None else [secret.uid(one) for one in many]


def _moved(text: str, days: int) -> str:
    """A date or the date of a moment, moved back; what is no date goes."""
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:8]))
        return (day - timedelta(days=days)).strftime("%Y%m%d") + text[8:]
    except (ValueError, OverflowError):
        return ""


def _say_so(found: Dataset, painted: bool) -> None:
    """PS3.15 E.1.1: (0012,0062), (0012,0063), (0012,0064), (0028,0303)."""
    from pydicom import Dataset as Item
    from pydicom.sequence import Sequence as Items

    found.PatientIdentityRemoved = "YES"
    found.DeidentificationMethod = METHOD
    items = []
    for value, meaning in (*CODES, *((PIXELS_CLEANED,) if painted else ())):
        item = Item()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
        items.append(item)
    found.DeidentificationMethodCodeSequence = Items(items)
    found.LongitudinalTemporalInformationModified = "MODIFIED"
    if "PixelData" in found:
        found.BurnedInAnnotation = "NO"


def _paint(found: Dataset, boxes: Sequence[Box]) -> None:
    """Paint the boxes into every frame; the copy is uncompressed then."""
    rows, columns, frames = int(found.Rows), int(found.Columns), int(found.get("NumberOfFrames") or 1)
    deep = int(found.get("BitsAllocated") or 8) // 8 * int(found.get("SamplesPerPixel") or 1)
    if rows * columns * frames * max(1, deep) > PAINTED_BYTES:
        raise Refused(refused.BIG_COPY, limit=PAINTED_BYTES // 1024 // 1024)
    if found.file_meta.TransferSyntaxUID.is_compressed:
        found.decompress()
    pixels = found.pixel_array.copy()
    if int(found.get("SamplesPerPixel") or 1) > 1:
        found.PlanarConfiguration = 0
    top = pixels.reshape((frames, rows, columns, -1))
    for left, upper, right, lower in boxes:
        top[
            :, rows * upper // 1000 : -(-rows * lower // 1000), columns * left // 1000 : -(-columns * right // 1000)
        ] = 0
    found.PixelData = top.tobytes()
