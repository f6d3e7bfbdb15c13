"""Drawn pictures for demonstrations and courses: synthetic, of nobody, and marked so in the picture itself."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

MARK = "SYNTHETIC - teaching picture"


def retina(seed: int = 1, side: int = 1200) -> bytes:
    """A fundus-like JPEG: disc, macula, branching vessels, a few exudates and haemorrhages.

    The same seed gives the same picture.
    """
    import numpy
    from PIL import Image, ImageDraw, ImageFilter

    dice = numpy.random.default_rng(seed)
    y, x = numpy.mgrid[0:side, 0:side] / side - 0.5
    glow = numpy.exp(-((x - 0.05) ** 2 + y**2) / 0.16)
    disc, macula = (
        numpy.exp(-((((x + 0.22) / 0.055) ** 2 + ((y + 0.01) / 0.065) ** 2) ** 2)),
        numpy.exp(-((x - 0.1) ** 2 + y**2) / 0.006),
    )
    texture = _cloud(dice, side, 9) * 0.05 + _cloud(dice, side, 60) * 0.012
    light = 0.45 + 0.5 * glow + texture - 0.22 * macula
    colours = numpy.stack([light * 205 + disc * 70, light * 92 + disc * 130, light * 42 + disc * 70], axis=-1)
    picture = Image.fromarray(colours.clip(0, 255).astype("uint8"))
    vessels = Image.new("L", picture.size, 0)
    pen = ImageDraw.Draw(vessels)
    for angle in (-1.15, -0.75, 0.75, 1.15, -2.2, 2.2):
        _vessel(pen, dice, (0.28 * side, 0.49 * side), angle, side * 0.011, side)
    picture.paste((112, 26, 18), mask=vessels.filter(ImageFilter.GaussianBlur(1.2)).point(lambda v: int(v * 0.75)))
    spots = ImageDraw.Draw(picture)
    for n in range(22):
        across, down, size = (
            dice.normal(0.6, 0.11) * side,
            dice.normal(0.5, 0.13) * side,
            dice.uniform(2, 7) * side / 1200,
        )
        spots.ellipse(
            (across - size, down - size * 0.8, across + size, down + size * 0.8),
            fill=(240, 214, 130) if n % 2 else (120, 22, 16),
        )
    field = Image.fromarray(((numpy.hypot(x, y) < 0.475) * 255).astype("uint8")).filter(ImageFilter.GaussianBlur(2))
    return _jpeg(Image.composite(picture.filter(ImageFilter.GaussianBlur(0.7)), Image.new("RGB", picture.size), field))


def skin(seed: int = 1, width: int = 1400, height: int = 1050) -> bytes:
    """A skin-like JPEG: pores, hairs, one uneven brown patch, and a centimetre scale beside it."""
    import numpy
    from PIL import Image, ImageDraw, ImageFilter

    dice = numpy.random.default_rng(seed)
    side = max(width, height)
    y, x = numpy.mgrid[0:height, 0:width]
    tone = (
        1
        + 0.10 * _cloud(dice, side, 6)[:height, :width]
        + 0.025 * _cloud(dice, side, 90)[:height, :width]
        + 0.04 * dice.standard_normal((height, width))
    )
    angle, away = (
        numpy.arctan2(y - height * 0.47, x - width * 0.5),
        numpy.hypot(y - height * 0.47, (x - width * 0.5) * 0.85),
    )
    edge = (
        height
        * 0.17
        * (1 + 0.10 * numpy.sin(3 * angle + seed) + 0.06 * numpy.sin(7 * angle) + 0.03 * numpy.sin(13 * angle + 1))
    )
    patch = 1 / (1 + numpy.exp((away - edge) / 9)) * (0.75 + 0.25 * _cloud(dice, side, 14)[:height, :width])
    colours = numpy.stack([tone * (198 - 96 * patch), tone * (148 - 96 * patch), tone * (118 - 76 * patch)], axis=-1)
    picture = Image.fromarray(colours.clip(0, 255).astype("uint8"))
    pen = ImageDraw.Draw(picture)
    for _ in range(60):
        left, top, turn, length = (
            dice.uniform(0, width),
            dice.uniform(0, height),
            dice.normal(0.6, 0.3),
            dice.uniform(40, 110),
        )
        bend = [
            (left + length * t * numpy.cos(turn + t * 0.5), top + length * t * numpy.sin(turn + t * 0.5))
            for t in (0, 0.25, 0.5, 0.75, 1)
        ]
        pen.line(bend, fill=(74, 52, 42), width=1)
    picture = picture.filter(ImageFilter.GaussianBlur(0.6))
    _scale(picture)
    return _jpeg(picture)


def _scale(picture: Image) -> None:
    from PIL import ImageDraw, ImageFont

    pen, (width, height) = ImageDraw.Draw(picture), picture.size
    top, step = round(height * 0.80), width // 14
    pen.rectangle((step, top, step * 8, top + step * 0.9), fill="white")
    for millimetre in range(1, 70):
        across, long = step + millimetre * step / 10, 0.45 if millimetre % 10 == 0 else 0.2
        pen.line((across, top, across, top + step * long), fill="black", width=2)
    for n in range(1, 7):
        pen.text(
            (step * (n + 1), top + step * 0.66),
            str(n),
            fill="black",
            font=ImageFont.load_default(step * 0.34),
            anchor="mm",
        )


def _cloud(dice: Any, side: int, cells: int) -> Any:
    """Smooth noise about zero, `cells` lumps across."""
    import numpy
    from PIL import Image

    lumps = Image.fromarray(dice.standard_normal((cells, cells)).astype("float32"))
    return numpy.asarray(lumps.resize((side, side), Image.Resampling.BICUBIC))


def _vessel(pen: Any, dice: Any, at: tuple[float, float], angle: float, thick: float, side: int) -> None:
    """A vessel from `at` that bends towards the macula's side, thins and branches."""
    import math

    while thick > side * 0.0012:
        step = side * 0.02
        angle += float(dice.normal(-0.035 * math.sin(angle), 0.09))
        there = (at[0] + step * math.cos(angle), at[1] + step * math.sin(angle))
        pen.line((*at, *there), fill=255, width=max(1, round(thick)))
        pen.ellipse((there[0] - thick / 2, there[1] - thick / 2, there[0] + thick / 2, there[1] + thick / 2), fill=255)
        at, thick = there, thick * 0.965
        if dice.random() < 0.13:
            _vessel(pen, dice, at, angle + float(dice.choice((-0.6, 0.6))), thick * 0.62, side)
            thick *= 0.86


def _jpeg(picture: Image) -> bytes:
    from PIL import ImageDraw, ImageFont

    out = BytesIO()
    spot = (picture.width - 16, picture.height - 14)
    ImageDraw.Draw(picture).text(
        spot, MARK, fill="white", font=ImageFont.load_default(26), anchor="rs", stroke_width=2, stroke_fill="black"
    )
    picture.save(out, "JPEG", quality=92)
    return out.getvalue()
