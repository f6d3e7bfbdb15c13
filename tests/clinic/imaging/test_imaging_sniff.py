"""What a file is: by content only, within limits, every refusal with its reason."""

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from qafila.clinic.imaging import dataset, refused
from qafila.clinic.imaging.refused import Refused
from qafila.clinic.imaging.sniff import Kind, kind_of
from tests.clinic.imaging.imaging_files import SHIPPED, outcome, png_bomb, shipped


def picture(form: str) -> bytes:
    out = BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, form)
    return out.getvalue()


PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"
FLAC = b"fLaC\x00\x00\x00\x22" + bytes(17) + b"\x64" + bytes(16)
WAV = b"RIFF" + struct.pack("<I", 36) + b"WAVEfmt " + bytes(28)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (picture("JPEG"), Kind.JPEG),
        (picture("PNG"), Kind.PNG),
        (PDF, Kind.PDF),
        (FLAC, Kind.FLAC),
        (WAV, Kind.WAV),
        (shipped("CT_small.dcm"), Kind.DICOM_IMAGE),
        (shipped("waveform_ecg.dcm"), Kind.DICOM_ECG),
        (shipped("rtplan.dcm"), Kind.DICOM_OTHER),
        (shipped("test-SR.dcm"), Kind.DICOM_OTHER),
        (shipped("image_dfl.dcm"), Kind.DICOM_IMAGE),
    ],
)
def test_the_kind_is_read_from_the_bytes_whatever_the_name_says(data: bytes, kind: Kind) -> None:
    for name in ("", "photo.jpg", "page.html", "نتيجة.dcm"):
        assert kind_of(data, name) is kind


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", refused.EMPTY),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', refused.ACTIVE),
        (b'\xef\xbb\xbf<?xml version="1.0"?><svg/>', refused.ACTIVE),
        ("<svg/>".encode("utf-16"), refused.ACTIVE),
        (b"  \n<!DOCTYPE html><html><body onload=x></html>", refused.ACTIVE),
        (b"GIF89a<script>", refused.ACTIVE),
        (b"PK\x03\x04" + bytes(60), refused.ARCHIVE),
        (b"\xd0\xcf\x11\xe0" + bytes(60), refused.ARCHIVE),
        (picture("GIF"), refused.OTHER_PHOTO),
        (picture("WEBP"), refused.OTHER_PHOTO),
        (bytes([0, 0, 0, 24]) + b"ftypheic" + bytes(40), refused.OTHER_PHOTO),
        (b"just some words", refused.UNKNOWN),
        (PDF[:-20], refused.BROKEN_PDF),
        (WAV[:40], refused.BROKEN_SOUND),
        (FLAC[:20], refused.BROKEN_SOUND),
        (picture("PNG")[:20], refused.BROKEN_PHOTO),
        (picture("JPEG")[:40], refused.BROKEN_PHOTO),
    ],
)
def test_anything_else_is_refused_with_its_reason_though_renamed_to_jpg(data: bytes, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        kind_of(data, "photo.jpg")
    assert caught.value.reason == reason


def test_a_file_named_dicom_that_is_none_is_told_so() -> None:
    with pytest.raises(Refused) as caught:
        kind_of(b"just some words", "ct.dcm")
    assert caught.value.reason == refused.NOT_DICOM


def test_limits_are_named_in_the_refusal() -> None:
    with pytest.raises(Refused, match="larger than 25 MB"):
        kind_of(b"\xff\xd8\xff" + bytes(26 * 1024 * 1024))
    with pytest.raises(Refused, match="larger than 60 MB"):
        kind_of(bytes(128) + b"DICM" + bytes(61 * 1024 * 1024))
    bomb = png_bomb(10_000, 10_000)
    assert len(bomb) < 40_000
    with pytest.raises(Refused, match="more than 50 million pixels"):
        kind_of(bomb)
    with pytest.raises(Refused, match="more than 50 million pixels"):
        kind_of(png_bomb(60_000, 6_000))


def test_a_deflated_dicom_bomb_is_stopped_before_it_unfolds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "INFLATED_BYTES", 5_000_000)
    plain = shipped("image_dfl.dcm")
    start = dataset._end_of_meta(plain)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = plain[:start] + packer.compress(bytes(50_000_000)) + packer.flush()
    with pytest.raises(Refused) as caught:
        kind_of(bomb)
    assert caught.value.reason == refused.TOO_BIG


def test_a_dicom_header_that_promises_too_much_is_refused_from_the_header() -> None:
    for rows, frames, reason in (
        (60_000, 1, refused.TOO_MANY_PIXELS),
        (128, 2_000_000, refused.TOO_MANY_FRAMES),
        (256, 1, refused.BROKEN_DICOM),
    ):
        found = dataset.open_dicom(shipped("CT_small.dcm"))
        found.Rows, found.Columns, found.NumberOfFrames = rows, rows, frames
        out = BytesIO()
        found.save_as(out)
        with pytest.raises(Refused) as caught:
            kind_of(out.getvalue())
        assert caught.value.reason == reason


def test_a_pdf_inside_dicom_is_seen_as_one() -> None:
    found = dataset.open_dicom(shipped("rtplan.dcm"))
    found.SOPClassUID = found.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.104.1"
    found.EncapsulatedDocument = PDF + b"\0" * (len(PDF) % 2)
    out = BytesIO()
    found.save_as(out)
    assert kind_of(out.getvalue()) is Kind.DICOM_PDF


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.name)
def test_every_shipped_dicom_file_has_a_kind_or_a_reason(path) -> None:
    found = outcome(kind_of, path.read_bytes())
    if isinstance(found, Refused):
        assert found.reason in (refused.BROKEN_DICOM, refused.UNKNOWN)
    else:
        assert isinstance(found, Kind)
