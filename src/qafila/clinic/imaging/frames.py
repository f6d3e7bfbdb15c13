"""One frame of a DICOM object for the viewer: the stored values without loss, and what they mean.

A grey frame goes as a PNG whose red and green channels are the high and low byte of a value, so that the reader's own
machine sets the window; a colour frame as an ordinary PNG. Not for diagnosis on an uncalibrated screen.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from qafila.clinic.imaging import dicom, refused
from qafila.clinic.imaging.dataset import open_dicom
from qafila.clinic.imaging.refused import Refused

if TYPE_CHECKING:
    from pydicom import FileDataset


@dataclass(frozen=True)
class Meaning:
    """What the numbers of a frame are."""

    colour: bool
    low: float
    """The value that 0 stands for."""
    step: float
    """The value of one count; rescaled values, where the object says how."""
    inverted: bool
    """Small values are light (MONOCHROME1)."""
    centre: float
    width: float
    """The window to begin with: the object's own, else its 1st to 99th percentile."""
    spacing: tuple[float, float] | None
    """Millimetres between rows and between columns; None where the object does not say."""
    at_detector: bool
    """The millimetres are those of the detector: the body is magnified by an unknown factor (PS3.3 C.8.7.1)."""
    frames: int
    rate: float
    """Frames a second of a moving picture."""


@dataclass(frozen=True)
class Frame:
    """A frame and its meaning."""

    png: bytes
    meaning: Meaning


def frame(data: bytes, number: int) -> Frame:
    """Frame `number`, counted from 1. Raises `Refused` and nothing else."""
    return frame_of(opened(data), number)


def opened(data: bytes) -> FileDataset:
    """A data set with a picture. Raises `Refused`."""
    found = open_dicom(data)
    if "Rows" not in found or not any(key in found for key in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        raise Refused(refused.NO_PICTURE)
    return found


def frame_of(found: FileDataset, number: int) -> Frame:
    """Frame `number` of an opened data set. Raises `Refused` and nothing else."""
    try:
        frames = int(found.get("NumberOfFrames") or 1)
        if not 1 <= number <= frames:
            raise Refused(refused.NO_PICTURE)
        values = dicom.stored_frame(found, number - 1, frames)
        return _colour(found, values, frames) if _is_colour(found, values) else _grey(found, values, frames)
    except (Refused, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the RLE decoder's panic on damaged data is no `Exception`
        raise Refused(refused.BROKEN_DICOM) from error


def _is_colour(found: FileDataset, values: Any) -> bool:
    return values.ndim == 3 or str(found.get("PhotometricInterpretation", "")) == "PALETTE COLOR"


def _colour(found: FileDataset, values: Any, frames: int) -> Frame:
    return Frame(_png(dicom.drawn(found, values)), _meaning(found, frames, (True, 0.0, 1.0, False, 128.0, 256.0)))


def _grey(found: FileDataset, values: Any, frames: int) -> Frame:
    import numpy
    from PIL import Image
    from pydicom.pixels.processing import apply_modality_lut

    scaled = apply_modality_lut(values, found) if "ModalityLUTSequence" in found else values
    slope, intercept = float(found.get("RescaleSlope") or 1), float(found.get("RescaleIntercept") or 0)
    if "ModalityLUTSequence" in found or slope == 0:
        slope, intercept = 1.0, 0.0
    scaled = numpy.nan_to_num(scaled)
    low, high = float(scaled.min()), float(scaled.max())
    step = 1.0 if high - low <= 65535 and scaled.dtype.kind in "iu" else max(high - low, 1e-9) / 65535
    counts = numpy.clip(numpy.rint((scaled.astype("float64") - low) / step), 0, 65535).astype("uint16")
    picture = numpy.zeros((*counts.shape, 3), "uint8")
    picture[..., 0], picture[..., 1] = counts >> 8, counts & 255
    near, far = numpy.percentile(scaled, (1, 99)) * slope + intercept
    centre, width = _window(found) or ((near + far) / 2, max(abs(far - near), 1.0))
    inverted = str(found.get("PhotometricInterpretation", "")) == "MONOCHROME1"
    known = (False, low * slope + intercept, step * slope, inverted, float(centre), float(width))
    return Frame(_png(Image.fromarray(picture)), _meaning(found, frames, known))


def _window(found: FileDataset) -> tuple[float, float] | None:
    centre, width = _first(found.get("WindowCenter")), _first(found.get("WindowWidth"))
    return (centre, width) if centre is not None and width is not None and width >= 1 else None


def _first(value: Any) -> float | None:
    if value is None or value == "":
        return None
    many = list(value) if hasattr(value, "__iter__") and not isinstance(value, str) else [value]
    return float(many[0]) if many else None


def _meaning(found: FileDataset, frames: int, known: tuple[bool, float, float, bool, float, float]) -> Meaning:
    spacing = _spacing(found.get("PixelSpacing")) or _shared_spacing(found)
    detector = _spacing(found.get("ImagerPixelSpacing"))
    took = _first(found.get("FrameTime"))
    rate = _first(found.get("CineRate")) or _first(found.get("RecommendedDisplayFrameRate"))
    rate = rate or (1000 / took if took and took > 0 else 15.0)
    return Meaning(*known, spacing or detector, spacing is None and detector is not None, frames, min(max(rate, 1), 60))


def _spacing(value: Any) -> tuple[float, float] | None:
    if value is None or not hasattr(value, "__len__") or len(value) != 2:
        return None
    rows, columns = float(value[0]), float(value[1])
    return (rows, columns) if 0 < rows < 1000 and 0 < columns < 1000 else None


def _shared_spacing(found: FileDataset) -> tuple[float, float] | None:
    """Of enhanced multi-frame objects, and of ultrasound with one calibrated region (PS3.3 C.8.5.5)."""
    for group in found.get("SharedFunctionalGroupsSequence") or ():
        for measures in group.get("PixelMeasuresSequence") or ():
            return _spacing(measures.get("PixelSpacing"))
    regions = list(found.get("SequenceOfUltrasoundRegions") or ())
    if len(regions) == 1 and regions[0].get("PhysicalUnitsXDirection") == 3 == regions[0].get(
        "PhysicalUnitsYDirection"
    ):
        across, down = float(regions[0].PhysicalDeltaX) * 10, float(regions[0].PhysicalDeltaY) * 10
        return _spacing((abs(down), abs(across)))
    return None


def rendered(found: FileDataset, number: int, window: tuple[float, float] | None = None, side: int = 0) -> bytes:
    """A frame as a JPEG in its own window or another; `side`: fitted to so many pixels. Raises `Refused`."""
    import numpy
    from PIL import Image

    try:
        frames = int(found.get("NumberOfFrames") or 1)
        if not 1 <= number <= frames:
            raise Refused(refused.NO_PICTURE)
        values = dicom.stored_frame(found, number - 1, frames)
        if window is None or _is_colour(found, values):
            picture = dicom.drawn(found, values)
        else:
            slope, intercept = float(found.get("RescaleSlope") or 1), float(found.get("RescaleIntercept") or 0)
            centre, width = window
            shown = (values * slope + intercept - centre) / max(width, 1e-6) + 0.5
            grey = (numpy.clip(shown, 0, 1) * 255).round().astype("uint8")
            dark = str(found.get("PhotometricInterpretation", "")) == "MONOCHROME1"
            picture = Image.fromarray(255 - grey if dark else grey)
        if side and max(picture.size) > side:
            picture.thumbnail((side, side))
        out = BytesIO()
        picture.save(out, "JPEG", quality=92)
        return out.getvalue()
    except (Refused, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # as above
        raise Refused(refused.BROKEN_DICOM) from error


def _png(picture: Any) -> bytes:
    out = BytesIO()
    picture.save(out, "PNG", compress_level=3)
    return out.getvalue()


def pixels(found: FileDataset, number: int) -> bytes:
    """The stored bytes of frame `number` (counted from 1) of an opened data set, in its own transfer syntax, little
    endian. Raises `Refused` and nothing else."""
    from pydicom.encaps import get_frame
    from pydicom.pixels.utils import get_expected_length

    try:
        frames = int(found.get("NumberOfFrames") or 1)
        if not 1 <= number <= frames or "PixelData" not in found or not found.original_encoding[1]:
            raise Refused(refused.NO_PICTURE)
        if found.file_meta.TransferSyntaxUID.is_encapsulated:
            return get_frame(found.PixelData, number - 1, number_of_frames=frames)
        bits = get_expected_length(found, unit="pixels") // frames * int(found.BitsAllocated)
        if bits % 8:
            # Frames of single bits that do not end at a byte are not cut apart.
            raise Refused(refused.NO_PICTURE)
        cut = found.PixelData[(number - 1) * bits // 8 : number * bits // 8]
        if len(cut) * 8 != bits:
            raise Refused(refused.BROKEN_DICOM)
        return bytes(cut)
    except Refused:
        raise
    except Exception as error:  # pydicom raises a dozen kinds on damaged input
        raise Refused(refused.BROKEN_DICOM) from error


def packed(found: FileDataset, number: int) -> bytes | None:
    """Frame `number` as JPEG-LS without loss (PS3.5 section 8.2.3), half the bytes of a CT; None where what comes back
    would not be the stored bytes, or the object is compressed already."""
    import jpeg_ls
    from pydicom.pixels.encoders import JPEGLSLosslessEncoder

    try:
        if found.file_meta.TransferSyntaxUID.is_encapsulated:
            return None
        stored = pixels(found, number)
        made = JPEGLSLosslessEncoder.encode(found, index=number - 1)
        back, _ = jpeg_ls.decode_pixel_data(made)
    except Exception:  # noqa: BLE001 - depths and layouts that JPEG-LS does not know: then as it is stored
        return None
    return made if bytes(back) == stored else None
