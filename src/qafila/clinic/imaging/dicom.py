"""A DICOM image at a glance: a small picture for a page, and whose it claims to be, kept apart from it."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from qafila.clinic.imaging import refused
from qafila.clinic.imaging.dataset import FRAME_PIXELS, open_dicom
from qafila.clinic.imaging.refused import Refused

if TYPE_CHECKING:
    from pydicom import FileDataset

GLANCE_SIDE = 1024
JPEG_LS = 0xF7
"""Start of a frame in JPEG-LS."""


@dataclass(frozen=True)
class Glance:
    """A preview, not for diagnosis: the file stays the master. Nothing here names the patient."""

    preview: bytes
    """JPEG, at most 1024 px a side."""
    width: int
    height: int
    frames: int
    frame: int
    """Which frame is shown, counted from 1."""
    modality: str
    body_part: str
    study_date: str
    """ISO date, or empty."""


@dataclass(frozen=True)
class Identity:
    """Whom the file says it is of, to compare with the person it is filed under. Never drawn, never logged."""

    name: str
    """Family^Given as the device wrote it; alphabetic and other scripts parted by `=`."""
    id: str
    sex: str
    """M, F, O or empty."""
    birth: str
    """ISO date, or empty."""


def identity(data: bytes) -> Identity:
    """The patient of a DICOM file, whatever it holds. Raises `Refused`."""
    found = open_dicom(data)
    sex = _text(found, "PatientSex").upper()
    return Identity(
        _text(found, "PatientName"),
        _text(found, "PatientID"),
        sex if sex in ("M", "F", "O") else "",
        _date(found, "PatientBirthDate"),
    )


def glance(data: bytes) -> Glance:
    """Render the middle frame with the file's own window, else between the 1st and 99th percentile.

    Raises `Refused` and nothing else.
    """
    found = open_dicom(data)
    if "Rows" not in found or not any(key in found for key in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        raise Refused(refused.NO_PICTURE)
    try:
        frames = int(found.get("NumberOfFrames") or 1)
        shown = frames // 2
        picture = drawn(found, stored_frame(found, shown, frames))
        picture = picture.resize(_size(found, *picture.size))
        out = BytesIO()
        picture.save(out, "JPEG", quality=90, progressive=True)
    except (Refused, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the RLE decoder's panic on damaged data is no `Exception`
        raise Refused(refused.BROKEN_DICOM) from error
    modality, part, day = _text(found, "Modality"), _text(found, "BodyPartExamined"), _date(found, "StudyDate")
    return Glance(out.getvalue(), picture.width, picture.height, frames, shown + 1, modality, part, day)


def _text(found: FileDataset, key: str) -> str:
    try:
        return str(found.get(key) or "").strip().replace("\0", "")[:256]
    except Exception:  # noqa: BLE001 - one damaged tag must not hide the others
        return ""


def _date(found: FileDataset, key: str) -> str:
    from datetime import datetime

    text = _text(found, key).replace(".", "")
    try:
        return datetime.strptime(text, "%Y%m%d").date().isoformat()
    except ValueError:
        return ""


def stored_frame(found: FileDataset, shown: int, frames: int) -> Any:
    """The stored values of one frame, counted from 0 (colour as RGB). Raises `Refused`, and what decoders raise."""
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.pixels.utils import pixel_array
    from pydicom.uid import UID

    syntax = UID(found.file_meta.TransferSyntaxUID)
    if syntax.is_compressed and not syntax.is_deflated:
        try:
            available = get_decoder(syntax).is_available
        except NotImplementedError:
            available = False
        if not available:
            raise Refused(refused.NO_DECODER, syntax=syntax.name)
        _check_codestream(found, shown, frames)
    return pixel_array(found, index=shown)


def _check_codestream(found: FileDataset, shown: int, frames: int) -> None:
    """The compressed picture states a size of its own, and the decoder believes that one."""
    from pydicom.encaps import get_frame

    stream = get_frame(found.PixelData, shown, number_of_frames=frames)
    pixels = 0
    start = stream[:4096].find(b"\xff\x4f\xff\x51")
    if start >= 0:
        size = [int.from_bytes(stream[start + n : start + n + 4], "big") for n in (8, 12, 16, 20)]
        pixels = max(0, size[0] - size[2]) * max(0, size[1] - size[3])
    elif stream.startswith(b"\xff\xd8"):
        mark, bits, pixels = _jpeg_frame(stream)
        if bits != 8 and mark != JPEG_LS:
            raise Refused(refused.NO_DECODER, syntax=f"JPEG, {bits} bit")
    if pixels > FRAME_PIXELS:
        raise Refused(refused.TOO_MANY_PIXELS, limit=FRAME_PIXELS // 1_000_000)


def _jpeg_frame(stream: bytes) -> tuple[int, int, int]:
    """Kind of frame, bits a sample and pixels, from the frame header (ITU-T T.81 B.2.2, T.87 C.2.2)."""
    at = 2
    while at + 9 <= len(stream):
        mark, length = stream[at + 1], int.from_bytes(stream[at + 2 : at + 4], "big")
        if stream[at] != 0xFF:
            break
        if mark == 0xFF:
            at += 1
        elif mark == JPEG_LS or (0xC0 <= mark <= 0xCF and mark not in (0xC4, 0xC8, 0xCC)):
            high, wide = (int.from_bytes(stream[at + n : at + n + 2], "big") for n in (5, 7))
            return mark, stream[at + 4], high * wide
        else:
            at += 2 + length
    raise Refused(refused.BROKEN_DICOM)


def drawn(found: FileDataset, values: Any) -> Any:
    """A frame as a picture: in the file's own window, else between its 1st and 99th percentile."""
    import numpy
    from PIL import Image
    from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut

    kind = str(found.get("PhotometricInterpretation", "MONOCHROME2"))
    if kind == "PALETTE COLOR":
        values = apply_color_lut(values, found)
        return Image.fromarray((values >> 8 if values.dtype.itemsize > 1 else values).astype("uint8"))
    if values.ndim == 3:
        bits = int(found.get("BitsStored", 8))
        return Image.fromarray(numpy.right_shift(values, max(0, bits - 8)).astype("uint8"))
    scaled = apply_modality_lut(values, found).astype("float32")
    low, high = numpy.percentile(scaled[_inside(found, values)], (1, 99))
    if "WindowWidth" in found or "VOILUTSequence" in found:
        windowed = apply_voi_lut(apply_modality_lut(values, found), found).astype("float32")
        if float(windowed.max()) > float(windowed.min()):
            scaled, low, high = windowed, float(windowed.min()), float(windowed.max())
    grey = numpy.clip((scaled - low) / max(float(high) - float(low), 1e-6), 0, 1)
    if kind == "MONOCHROME1":
        grey = 1 - grey
    return Image.fromarray((numpy.nan_to_num(grey) * 255).round().astype("uint8"))


def _inside(found: FileDataset, values: Any) -> Any:
    """The pixels that are measurements, without the scanner's padding."""
    import numpy

    padding = found.get("PixelPaddingValue")
    inside = numpy.isfinite(values) if padding is None else values != padding
    return inside if inside.any() else numpy.ones_like(inside)


def _size(found: FileDataset, width: int, height: int) -> tuple[int, int]:
    """Fitted to 1024 px, pixels that are not square put right."""
    ratio = found.get("PixelAspectRatio") or found.get("PixelSpacing") or found.get("ImagerPixelSpacing") or (1, 1)
    tall = float(ratio[0]) / float(ratio[1]) if float(ratio[1]) > 0 else 1.0
    high = height * tall if 0.2 <= tall <= 5 else height
    scale = min(1.0, GLANCE_SIDE / max(width, high))
    return max(1, round(width * scale)), max(1, round(high * scale))
