"""Samples as differences: the same bytes again, whatever they were; an ECG smaller, a picture as it is."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydicom.data import get_testdata_file

from qafila.journal.blobs import CHUNK
from qafila.sync import samples
from qafila.sync.frames import FrameError


def zipped(data: bytes) -> int:
    return len(zstandard.compress(data))


@given(st.binary(max_size=4000), st.integers(1, samples.MOST))
def test_differences_are_undone_at_every_lag(data: bytes, lag: int) -> None:
    words = samples._words(data)
    packed = samples._differences(words, lag) + data[len(words) * 2 :]
    assert len(packed) == len(data) and samples.unpack(packed, lag) == data


@given(st.binary(max_size=64), st.integers(0, 4000))
def test_whatever_is_packed_comes_out_again(some: bytes, times: int) -> None:
    data = (some * times)[:CHUNK]
    lag, packed = samples.pack(data)
    assert samples.unpack(packed, lag) == data


@given(st.binary(max_size=2000), st.integers(-10, 10_000_000_000))
def test_any_bytes_of_any_lag_are_as_many_bytes_or_refused(data: bytes, lag: int) -> None:
    if 0 <= lag <= samples.MOST:
        assert len(samples.unpack(data, lag)) == len(data)
    else:
        with pytest.raises(FrameError):
            samples.unpack(data, lag)


def test_an_ecg_of_twelve_leads_takes_two_thirds_at_most() -> None:
    data = Path(str(get_testdata_file("waveform_ecg.dcm", download=False))).read_bytes()
    chunks = [data[at : at + CHUNK] for at in range(0, len(data), CHUNK)]
    packed = [samples.pack(chunk) for chunk in chunks]
    assert [samples.unpack(body, lag) for lag, body in packed] == chunks
    assert {lag for lag, _ in packed[1:-1]} == {12}
    assert sum(zipped(body) for _, body in packed) < sum(map(zipped, chunks)) * 2 / 3


def test_a_photograph_goes_as_it_is() -> None:
    held = BytesIO()
    Image.effect_noise((400, 400), 80).save(held, "JPEG", quality=95)
    data = held.getvalue()[4096 : 4096 + CHUNK]
    assert samples.pack(data) == (0, data)
