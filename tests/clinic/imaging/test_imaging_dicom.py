"""DICOM at a glance: every shipped file is drawn or refused with its reason; identity stays apart."""

import subprocess
import sys
from io import BytesIO

import numpy
import pytest
from PIL import Image
from pydicom import dcmread

from qafila.clinic.imaging import refused
from qafila.clinic.imaging.dicom import Glance, Identity, glance, identity
from qafila.clinic.imaging.refused import Refused
from tests.clinic.imaging.imaging_files import PYDICOM, SHIPPED, outcome, shipped

REASONS = (refused.BROKEN_DICOM, refused.NOT_DICOM, refused.NO_PICTURE, refused.NO_DECODER, refused.TOO_MANY_PIXELS)


def shown(name: str) -> numpy.ndarray:
    return numpy.asarray(Image.open(BytesIO(glance(shipped(name)).preview)), dtype=float)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.name)
def test_every_shipped_file_is_drawn_or_refused_with_its_reason(path) -> None:
    seen = outcome(glance, path.read_bytes())
    if isinstance(seen, Refused):
        assert seen.reason in REASONS
        assert "%" not in str(seen)
        return
    assert isinstance(seen, Glance)
    picture = Image.open(BytesIO(seen.preview))
    assert picture.format == "JPEG"
    assert picture.size == (seen.width, seen.height)
    assert max(picture.size) <= 1024


def test_most_of_the_pictures_are_drawn_whatever_their_compression() -> None:
    names = (
        "MR_small",
        "MR_small_RLE",
        "MR_small_bigendian",
        "MR_small_expb",
        "MR_small_implicit",
        "MR_small_jp2klossless",
    )
    first, *others = (shown(name + ".dcm") for name in names)
    assert all(numpy.array_equal(first, other) for other in others)
    for name in (
        "SC_rgb_jpeg_dcmtk.dcm",
        "SC_rgb_rle.dcm",
        "SC_rgb_dcmtk_+eb+cy+n1.dcm",
        "SC_rgb_gdcm_KY.dcm",
        "SC_rgb_rle_16bit.dcm",
    ):
        red = shown(name)[5, 50]
        assert red[0] > 230
        assert red[1] < 40
        assert red[2] < 40
    assert shown("examples_palette.dcm").shape == (350, 800, 3)


@pytest.mark.parametrize("name", ["JPEG-lossy.dcm", "SC_rgb_jpeg_gdcm.dcm"])
def test_a_compression_without_decoder_is_named(name: str) -> None:
    with pytest.raises(Refused, match="JPEG") as caught:
        glance(shipped(name))
    assert caught.value.reason == refused.NO_DECODER


def test_jpeg_ls_without_loss_is_the_picture_itself() -> None:
    assert glance(shipped("MR_small_jpeg_ls_lossless.dcm")).preview == glance(shipped("MR_small.dcm")).preview


def test_the_middle_frame_is_shown_with_the_count_and_tags() -> None:
    seen = glance(shipped("examples_ybr_color.dcm"))
    assert (seen.frames, seen.frame, seen.modality, seen.study_date) == (30, 16, "US", "2016-05-03")
    head = glance(shipped("J2K_pixelrep_mismatch.dcm"))
    assert (head.modality, head.body_part, head.study_date) == ("CT", "HEAD", "2019-10-19")


def test_the_window_of_the_file_is_used_and_monochrome1_is_turned() -> None:
    def with_window(**tags: object) -> numpy.ndarray:
        found = dcmread(PYDICOM / "test_files" / "CT_small.dcm")
        for key, value in tags.items():
            setattr(found, key, value)
        out = BytesIO()
        found.save_as(out)
        return numpy.asarray(Image.open(BytesIO(glance(out.getvalue()).preview)), dtype=float)

    plain, bone = with_window(), with_window(WindowCenter=400, WindowWidth=50)
    assert plain.max() > 240
    assert plain.min() < 15
    assert bone.mean() < plain.mean()
    assert numpy.abs(with_window(PhotometricInterpretation="MONOCHROME1") - (255 - plain)).mean() < 3
    wide = with_window(PixelSpacing=[2, 1])
    assert wide.shape == (256, 128)


def test_identity_is_given_apart_and_never_with_the_picture() -> None:
    who = identity(shipped("CT_small.dcm"))
    assert who == Identity("CompressedSamples^CT1", "1CT1", "O", "")
    assert identity(shipped("waveform_ecg.dcm")) == Identity("Anonymous", "642341", "F", "1971-01-23")
    arabic = identity((PYDICOM / "charset_files" / "chrArab.dcm").read_bytes())
    assert arabic.name == "قباني^لنزار"
    seen = glance(shipped("CT_small.dcm"))
    assert "CT1" not in repr(seen)
    assert b"CT1" not in seen.preview


def test_damaged_identity_is_empty_not_an_error() -> None:
    found = dcmread(PYDICOM / "test_files" / "CT_small.dcm")
    found.PatientSex = "X"
    found["PatientBirthDate"]._value = "31.12.70"
    out = BytesIO()
    found.save_as(out)
    who = identity(out.getvalue())
    assert who.sex == ""
    assert who.birth == ""


def test_what_pydicom_says_of_a_patients_values_reaches_no_log() -> None:
    data = shipped("CT_small.dcm").replace(b"1.2.840.10008.5.1.4.1.1.2", b"Zaynab.10008.5.1.4.1.1.2Z")  # no UID
    assert b"Zaynab" in data
    script = (
        "import logging, sys; logging.basicConfig(level=0); logging.captureWarnings(True)\n"
        "from qafila.clinic.imaging import dicom, sniff\n"
        "data = sys.stdin.buffer.read(); sniff.kind_of(data); dicom.identity(data); dicom.glance(data)"
    )
    said = subprocess.run(
        [sys.executable, "-c", script],
        input=data,
        capture_output=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert b"Zaynab" not in said.stderr + said.stdout
