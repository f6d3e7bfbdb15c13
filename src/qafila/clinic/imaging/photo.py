"""A photograph made ready to travel: upright, without its hidden data, small, with a preview and a word on quality."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from typing import TYPE_CHECKING, Any

from qafila.clinic.imaging import refused
from qafila.clinic.imaging.refused import Refused, gettext_noop
from qafila.clinic.imaging.sniff import open_photo

if TYPE_CHECKING:
    from PIL.Image import Image

MASTER_PIXELS = 2_000_000
MASTER_BYTES = 300 * 1024
MOST_COMPRESSED = 20
"""Uncompressed bytes to one of the file: at most this below the best quality (American Telemedicine Association,
Practice Guidelines for Dermatology). docs/decisions/046 says what gives way when the bounds collide."""
LONGEST_SIDE = 8000
PREVIEW_SIDE = 320
PREVIEW_BYTES = 12 * 1024
BLUR_SIDE = 640
BLUR_WARNING = 0.45
"""Crete-Roffet 2007 measure at 640 px; above it a retake is advised (measured on sharp and blurred photographs)."""
SOFT_BLUR, SOFT_DETAIL = 0.32, 0.38
"""Between this blur and the one above a picture counts as blurred when its finest detail lacks as well: textures such
as skin, grass or gravel keep their measure low for longer (bench/photos)."""

BLURRED = gettext_noop("The picture looks blurred. Hold still, touch the screen on the spot, and take it again.")
DARK = gettext_noop("The picture is dark. Add light and take it again.")
BRIGHT = gettext_noop("The picture is too bright. Turn from the light, or switch the flash off, and take it again.")


class Exposure(StrEnum):
    """How the light is."""

    GOOD = "good"
    DARK = "dark"
    BRIGHT = "bright"


@dataclass(frozen=True)
class Photo:
    """What is kept of a photograph. `master` and `preview` are progressive JPEG without any metadata."""

    master: bytes
    preview: bytes
    width: int
    height: int
    blur: float | None
    """0 sharp to 1 blurred; None where the picture is too small or too plain to tell."""
    exposure: Exposure
    detail: float | None = None
    """Finest detail beside that of twice the size: about 0.5 to 1 in sharp pictures, 0.3 in blurred ones."""

    @property
    def doubts(self) -> tuple[str, ...]:
        """Codes of what is doubtful: `blurred`, `dark`, `bright`."""
        blur, detail = self.blur or 0.0, 1.0 if self.detail is None else self.detail
        blurred = blur > BLUR_WARNING or (blur > SOFT_BLUR and detail < SOFT_DETAIL)
        light = () if self.exposure is Exposure.GOOD else (self.exposure.value,)
        return ("blurred", *light) if blurred else light

    @property
    def quality(self) -> dict[str, Any]:
        """What the check found, as it is kept with the file."""
        blur = None if self.blur is None else round(self.blur, 3)
        return {"blur": blur, "exposure": self.exposure.value, "doubts": list(self.doubts)}

    @property
    def warnings(self) -> tuple[str, ...]:
        """Msgids of what to tell the photographer; they advise, they never refuse."""
        return tuple(DOUBTS[code] for code in self.doubts)


DOUBTS = {"blurred": BLURRED, "dark": DARK, "bright": BRIGHT}
"""Code of a doubt → msgid of what to do about it."""


def prepare(data: bytes) -> Photo:
    """Turn an uploaded JPEG or PNG into a `Photo`. Raises `Refused` and nothing else.

    Up to 300 MB of memory for the largest that is taken: a page asks `apart.photo_of`.
    """
    picture = open_photo(data)
    try:
        upright = _upright(picture)
    except Exception as error:  # cut files, broken chunks, colour profiles: Pillow raises many kinds
        raise Refused(refused.BROKEN_PHOTO) from error
    master, size = _master(_fit(upright, MASTER_PIXELS))
    small = upright.copy()
    small.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    preview, _ = _within(small, PREVIEW_BYTES, best=82, worst=40)
    return Photo(master, preview, size[0], size[1], blur_of(upright), exposure_of(upright), detail_of(upright))


def _upright(picture: Image) -> Image:
    """Decoded, turned as the camera was held, sRGB, on white. Big JPEGs are decoded at a half, quarter or eighth."""
    from PIL import Image, ImageOps

    scale = (2 * MASTER_PIXELS / (picture.width * picture.height)) ** 0.5
    if scale < 1 and picture.mode in ("RGB", "YCbCr"):
        picture.draft("RGB", (round(picture.width * scale), round(picture.height * scale)))
    picture.load()
    picture = _fit(picture, 2 * MASTER_PIXELS) if picture.mode in ("RGB", "L") else picture
    picture = ImageOps.exif_transpose(picture)
    profile = picture.info.get("icc_profile")
    if picture.mode.startswith("I"):
        picture = _eight_bit(picture)
    if picture.mode in ("RGBA", "LA", "PA", "P") or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        picture = Image.new("RGB", layer.size, "white")
        picture.paste(layer, mask=layer.getchannel("A"))
    elif profile and picture.mode in ("RGB", "CMYK"):
        picture = _srgb(picture, profile)
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _eight_bit(picture: Image) -> Image:
    import numpy
    from PIL import Image

    return Image.fromarray((numpy.asarray(picture).clip(0, 65535) // 257).astype("uint8"))


def _srgb(picture: Image, profile: bytes) -> Image:
    """Phones write wide-gamut colours: redness is judged on these pictures, so they are converted, not relabelled."""
    from PIL import ImageCms

    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        return ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB") or picture
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture


def _fit(picture: Image, pixels: int) -> Image:
    from PIL.Image import Resampling

    scale = min((pixels / (picture.width * picture.height)) ** 0.5, LONGEST_SIDE / max(picture.size))
    if scale >= 1:
        return picture
    return picture.resize(
        (max(1, int(picture.width * scale)), max(1, int(picture.height * scale))), Resampling.LANCZOS, reducing_gap=2.0
    )


def _master(picture: Image) -> tuple[bytes, tuple[int, int]]:
    """The best quality within `MASTER_BYTES` that is not compressed further than `MOST_COMPRESSED`.

    A picture that is so plain that the best quality alone goes further is left alone. Where no quality keeps both
    bounds pixels go instead: blocks hide more than a smaller picture does.
    """
    while True:
        raw = picture.width * picture.height * 3
        low, high, found = 72, 95, b""
        while low <= high:
            quality = high if not found and high == 95 else (low + high) // 2
            jpeg = encode(picture, quality)
            if jpeg is not None and len(jpeg) <= MASTER_BYTES:
                found, low = jpeg, quality + 1
            else:
                high = quality - 1
        if found and (low > 95 or raw <= len(found) * MOST_COMPRESSED):
            return found, picture.size
        picture = _fit(picture, int(picture.width * picture.height * (0.96 if found else 0.8)))


def _within(picture: Image, limit: int, best: int, worst: int) -> tuple[bytes, tuple[int, int]]:
    """The best quality that fits; below `worst`, pixels go instead: blocks hide more than a smaller picture does."""
    while True:
        for quality in range(best, worst - 1, -3):
            jpeg = encode(picture, quality)
            if jpeg is not None and len(jpeg) <= limit:
                return jpeg, picture.size
        picture = _fit(picture, int(picture.width * picture.height * 0.75))


def encode(picture: Image, quality: int) -> bytes | None:
    """Progressive JPEG, nothing in it but the picture; None where it outgrew Pillow's buffer (a byte or two a pixel).

    Full colour resolution from 90 on: redness has edges too.
    """
    from PIL import Image

    bare = Image.new(picture.mode, picture.size)
    bare.paste(picture)
    out = BytesIO()
    try:
        bare.save(out, "JPEG", quality=quality, progressive=True, optimize=True, subsampling=0 if quality >= 90 else 2)
    except OSError:
        return None
    return out.getvalue()


def blur_of(picture: Image) -> float | None:
    """How blurred, 0 to 1, at 640 px: Crete-Roffet and others 2007, "The Blur Effect", SPIE 6492.

    The picture is blurred again along each axis; a sharp one loses much of its difference between neighbours, a
    blurred one little. The same numbers as skimage's `blur_effect`, without its 60 MB in a unit's process.
    """
    values = _looked_at(picture)
    return None if values is None else max(_blur_along(values, 0), _blur_along(values, 1))


def detail_of(picture: Image) -> float | None:
    """How much of the picture's detail is of the finest kind: the mean of the Laplacian at 640 px over that at 320 px.

    A blurred picture has next to none, whatever it shows. None where it is too small or too plain to tell.
    """
    values = _looked_at(picture)
    if values is None:
        return None
    height, width = values.shape[0] // 2 * 2, values.shape[1] // 2 * 2
    half = values[:height, :width].reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
    return _laplacian(values) / (_laplacian(half) + 0.001)


def _laplacian(values: Any) -> float:
    around = values[:-2, 1:-1] + values[2:, 1:-1] + values[1:-1, :-2] + values[1:-1, 2:]
    return float(abs(4 * values[1:-1, 1:-1] - around).mean())


def _looked_at(picture: Image) -> Any:
    """Grey values 0 to 1 at 640 px, or None where nothing can be told from them."""
    import numpy
    from PIL.Image import Resampling

    grey = picture.convert("L")
    if min(grey.size) < 64:
        return None
    scale = BLUR_SIDE / max(grey.size)
    if scale < 1:
        grey = grey.resize((round(grey.width * scale), round(grey.height * scale)), Resampling.LANCZOS)
    if min(grey.size) < 16:
        return None
    values = numpy.asarray(grey, dtype=numpy.float32) / 255
    return None if float(values.std()) < 0.004 else values


def _blur_along(values: Any, axis: int, window: int = 11) -> float:
    import numpy

    half = window // 2
    padding = [(0, 0), (0, 0)]
    padding[axis] = (half, half)
    windows = numpy.lib.stride_tricks.sliding_window_view(numpy.pad(values, padding, "symmetric"), window, axis)
    again = windows.mean(axis=-1)
    sharp, blurred = (numpy.abs(_edges(picture, axis)) for picture in (values, again))
    lost = numpy.maximum(0, sharp - blurred)
    inside = (slice(2, -1), slice(2, -1))
    total = float(sharp[inside].sum())
    return abs(total - float(lost[inside].sum())) / total if total else 1.0


def _edges(values: Any, axis: int) -> Any:
    """The Sobel derivative along `axis`."""
    import numpy

    padded = numpy.pad(values, 1, "symmetric")
    across = 1 - axis
    size = values.shape

    def part(array: Any, along: int, start: int) -> Any:
        return array[start : start + size[along]] if along == 0 else array[:, start : start + size[along]]

    difference = (part(padded, axis, 2) - part(padded, axis, 0)) / 2
    return sum(weight * part(difference, across, start) for start, weight in ((0, 0.25), (1, 0.5), (2, 0.25)))


def exposure_of(picture: Image) -> Exposure:
    """Dark where even the brightest twentieth is dim, bright where a quarter is burnt out, or one colour in a third.

    Black borders (retina, scopes) do not count. Of skin and of a retina the red goes first: nothing is white yet, and
    what tells one red from another is gone.
    """
    from PIL import ImageChops
    from PIL.Image import Resampling

    # Picked, not averaged: what is burnt out is so pixel by pixel.
    small = picture.resize((160, 160), Resampling.NEAREST)
    histogram = small.convert("L").histogram()
    seen = sum(histogram[12:]) or 1
    brightest, count = 255, 0
    while brightest > 0 and count + histogram[brightest] <= seen * 0.05:
        count += histogram[brightest]
        brightest -= 1
    if seen < 160 * 160 * 0.02 or brightest < 70:
        return Exposure.DARK
    red, green, blue = small.convert("RGB").split()
    strongest = ImageChops.lighter(ImageChops.lighter(red, green), blue).histogram()
    burnt = sum(histogram[250:]) > seen * 0.25 or sum(strongest[250:]) > seen * 0.35
    return Exposure.BRIGHT if burnt else Exposure.GOOD
