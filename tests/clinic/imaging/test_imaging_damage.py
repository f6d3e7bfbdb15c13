"""Damaged and hostile bytes: a result or `Refused`, never another error, and memory stays bounded."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

import skimage.data
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from qafila.clinic.imaging.dicom import glance, identity
from qafila.clinic.imaging.ecg import strip_svg
from qafila.clinic.imaging.photo import prepare
from qafila.clinic.imaging.refused import Refused
from qafila.clinic.imaging.sniff import kind_of
from tests.clinic.imaging.imaging_files import SHIPPED, camera_jpeg, png_bomb, shipped

ALL: tuple[Callable[[bytes], object], ...] = (kind_of, prepare, glance, identity, strip_svg)
SMALL = sorted((p for p in SHIPPED if p.stat().st_size < 40_000), key=lambda p: p.name)
PICTURE = Image.fromarray(skimage.data.astronaut()[:120, :160])
relaxed = settings(deadline=None, max_examples=80, suppress_health_check=list(HealthCheck))


def survives(data: bytes, readers: tuple[Callable[[bytes], object], ...] = ALL) -> None:
    for reader in readers:
        with suppress(Refused):
            reader(data)


def flipped(data: bytes, flips: list[tuple[float, int]]) -> bytes:
    out = bytearray(data)
    for place, bits in flips:
        out[int(place * (len(out) - 1))] ^= bits
    return bytes(out)


flips = st.lists(st.tuples(st.floats(0, 1), st.integers(1, 255)), min_size=1, max_size=12)


@relaxed
@given(
    st.binary(max_size=600),
    st.sampled_from(
        [b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"fLaC", b"RIFF____WAVE", b"%PDF-", bytes(128) + b"DICM"]
    ),
)
def test_random_bytes_behind_any_signature(data: bytes, start: bytes) -> None:
    survives(start + data)


@relaxed
@given(st.sampled_from(SMALL), flips)
def test_flipped_dicom(path, changes: list[tuple[float, int]]) -> None:
    survives(flipped(path.read_bytes(), changes), (kind_of, glance, identity))


@relaxed
@given(st.sampled_from(SMALL), st.floats(0, 0.2), flips)
def test_flipped_dicom_headers(path, near: float, changes: list[tuple[float, int]]) -> None:
    survives(flipped(path.read_bytes(), [(place * near, bits) for place, bits in changes]), (kind_of, glance))


@relaxed
@given(st.sampled_from(SMALL), st.floats(0, 1))
def test_cut_dicom(path, share: float) -> None:
    data = path.read_bytes()
    survives(data[: int(share * len(data))], (kind_of, glance, identity))


@settings(relaxed, max_examples=25)
@given(st.floats(0, 1), flips)
def test_cut_and_flipped_ecg(share: float, changes: list[tuple[float, int]]) -> None:
    data = shipped("waveform_ecg.dcm")
    survives(data[: int(share * len(data))], (kind_of, strip_svg))
    survives(flipped(data, [(place * 0.03, bits) for place, bits in changes]), (kind_of, strip_svg))


@relaxed
@given(st.booleans(), st.floats(0, 1), flips)
def test_cut_and_flipped_photographs(png: bool, share: float, changes: list[tuple[float, int]]) -> None:
    from io import BytesIO

    out = BytesIO()
    PICTURE.save(out, "PNG")
    data = out.getvalue() if png else camera_jpeg(PICTURE)
    survives(data[: int(share * len(data))], (kind_of, prepare))
    survives(flipped(data, changes), (kind_of, prepare))


def test_a_cut_ecg_is_always_refused() -> None:
    data = shipped("waveform_ecg.dcm")
    for length in (131, 140, 400, 3_000, 20_000, 100_000, 200_000, 240_000):
        for reader in (strip_svg, glance):
            try:
                reader(data[:length])
            except Refused:
                continue
            raise AssertionError(f"{reader.__name__} took {length} bytes of {len(data)}")


def test_a_bomb_costs_no_memory() -> None:
    script = (
        "import re, sys\n"
        "from qafila.clinic.imaging import sniff, photo\n"
        "from qafila.clinic.imaging.refused import Refused\n"
        "data = sys.stdin.buffer.read()\n"
        "for reader in (sniff.kind_of, photo.prepare):\n"
        "    try: reader(data)\n"
        "    except Refused: pass\n"
        "    else: sys.exit(3)\n"
        "peak = int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])\n"
        "sys.exit(4 if peak > 60_000 else 0)\n"
    )
    subprocess.run(
        [sys.executable, "-c", script],
        input=png_bomb(10_000, 10_000),
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
