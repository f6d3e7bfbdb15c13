"""Photographs: upright, without hidden data, within their sizes, and blur and light judged."""

from io import BytesIO

import numpy
import pytest
import skimage.data
from PIL import Image, ImageCms, ImageFilter
from skimage.measure import blur_effect

from qafila.clinic.imaging import photo, refused
from qafila.clinic.imaging.photo import BLURRED, BRIGHT, DARK, Exposure, prepare
from qafila.clinic.imaging.refused import Refused
from tests.clinic.imaging.imaging_files import camera_jpeg, png_bomb

RETINA = Image.fromarray(skimage.data.retina())
ASTRONAUT = Image.fromarray(skimage.data.astronaut())


def written(picture: Image.Image, form: str = "JPEG", **options: object) -> bytes:
    out = BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def test_a_retina_is_kept_sharp_and_small() -> None:
    made = prepare(camera_jpeg(RETINA, orientation=1))
    assert len(made.master) <= 300 * 1024
    assert len(made.preview) <= 12 * 1024
    assert 1_900_000 < made.width * made.height <= 2_000_000
    master, preview = Image.open(BytesIO(made.master)), Image.open(BytesIO(made.preview))
    assert master.info.get("progressive")
    assert preview.info.get("progressive")
    assert master.size == (made.width, made.height)
    assert max(preview.size) == 320
    assert made.warnings == ()
    assert made.exposure is Exposure.GOOD
    before = numpy.asarray(RETINA.resize(master.size, Image.Resampling.LANCZOS), dtype=float)
    assert numpy.abs(numpy.asarray(master, dtype=float) - before).mean() < 2


def test_no_hidden_data_is_left_and_the_picture_stands_upright() -> None:
    picture = ASTRONAUT.crop((0, 0, 512, 300))
    made = prepare(camera_jpeg(picture, orientation=6))
    assert (made.width, made.height) == (300, 512)
    upright = numpy.asarray(picture.transpose(Image.Transpose.ROTATE_270), dtype=float)
    for jpeg in (made.master, made.preview):
        opened = Image.open(BytesIO(jpeg))
        assert not opened.getexif()
        assert not {"exif", "icc_profile", "comment", "xmp", "photoshop"} & set(opened.info)
        for word in (b"Exif", b"GPS", b"PhoneMaker", b"Owner", b"comment"):
            assert word not in jpeg
    assert numpy.abs(numpy.asarray(Image.open(BytesIO(made.master)), dtype=float) - upright).mean() < 4


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA", "I;16", "CMYK"])
def test_every_way_of_storing_colour_is_taken(mode: str) -> None:
    deep = Image.fromarray(numpy.asarray(ASTRONAUT.convert("L")).astype("uint16") * 257)
    picture = deep if mode == "I;16" else ASTRONAUT.convert(mode)
    made = prepare(written(picture, "JPEG" if mode == "CMYK" else "PNG"))
    assert (made.width, made.height) == (512, 512)
    grey = numpy.asarray(Image.open(BytesIO(made.master)).convert("L"), dtype=float)
    assert abs(grey.mean() - numpy.asarray(ASTRONAUT.convert("L")).mean()) < 6


def test_what_is_transparent_becomes_white_and_a_profile_is_applied() -> None:
    clear = prepare(written(Image.new("RGBA", (100, 100), (255, 0, 0, 0)), "PNG"))
    assert Image.open(BytesIO(clear.master)).getpixel((50, 50)) == (255, 255, 255)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for icc in (profile, b"not a profile"):
        assert prepare(written(ASTRONAUT, icc_profile=icc)).width == 512


def test_sizes_hold_for_noise_and_for_strange_shapes() -> None:
    noise = Image.fromarray(numpy.random.default_rng(1).integers(0, 256, (1500, 2000, 3), dtype="uint8"))
    for data in (
        written(noise, quality=90),
        written(Image.new("RGB", (60_000, 3)), "PNG"),
        written(Image.new("RGB", (1, 1)), "PNG"),
        png_bomb(7000, 7000),
    ):
        made = prepare(data)
        assert len(made.master) <= 300 * 1024
        assert len(made.preview) <= 12 * 1024
        assert made.width >= 1
        assert made.height >= 1


def test_the_blur_measure_is_scikit_images_own() -> None:
    for picture in (RETINA, ASTRONAUT, ASTRONAUT.filter(ImageFilter.GaussianBlur(3))):
        grey = picture.convert("L")
        if max(grey.size) > 640:
            grey = grey.resize((640, 640), Image.Resampling.LANCZOS)
        assert photo.blur_of(picture) == pytest.approx(blur_effect(numpy.asarray(grey) / 255.0), abs=0.005)


def test_blur_and_light_are_told_to_the_photographer() -> None:
    assert prepare(written(RETINA.filter(ImageFilter.GaussianBlur(8)))).warnings == (BLURRED,)
    assert prepare(written(ASTRONAUT)).warnings == ()
    assert DARK in prepare(written(ASTRONAUT.point(lambda v: v // 6))).warnings
    assert BRIGHT in prepare(written(ASTRONAUT.point(lambda v: min(255, v * 4)))).warnings
    assert prepare(written(Image.new("RGB", (800, 600), "grey"))).blur is None


def test_a_cut_photograph_is_refused() -> None:
    for data in (camera_jpeg(RETINA)[:-60_000], written(ASTRONAUT, "PNG")[:-5_000], b"\xff\xd8\xff", b"nothing"):
        with pytest.raises(Refused) as caught:
            prepare(data)
        assert caught.value.reason == refused.BROKEN_PHOTO
