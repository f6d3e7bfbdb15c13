"""Recordings: kept as FLAC at 4 kHz, bounded before they are decoded, drawn."""

from __future__ import annotations

import resource
import struct
from io import BytesIO
from xml.etree import ElementTree

import numpy
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from qafila.clinic.imaging import listening, sound
from qafila.clinic.imaging.refused import Refused
from qafila.clinic.imaging.sniff import kind_of
from qafila.clinic.models import Attachment
from qafila.clinic.refusal import Refusal
from qafila.clinic.visits.facts import add_attachment
from qafila.journal import blobs
from tests.clinic.conftest import Crew


def heart(seconds: float = 5, rate: int = 16_000, channels: int = 1, form: str = "WAV") -> bytes:
    """Two low beats a second and a tone that 4 kHz cannot hold."""
    at = numpy.arange(int(seconds * rate)) / rate
    beat = 0.4 * numpy.sin(2 * numpy.pi * 60 * at) * (numpy.sin(2 * numpy.pi * at) > 0.7)
    one = beat + 0.1 * numpy.sin(2 * numpy.pi * 5000 * at)
    out = BytesIO()
    soundfile.write(out, numpy.stack([one * (n + 1) / channels for n in range(channels)], axis=1), rate, format=form)
    return out.getvalue()


def test_a_recording_becomes_flac_at_4_khz() -> None:
    for rate, channels, form in ((16_000, 1, "WAV"), (44_100, 2, "WAV"), (48_000, 1, "FLAC")):
        made = sound.prepare(heart(5, rate, channels, form))
        samples, kept = soundfile.read(BytesIO(made.flac), always_2d=True)
        assert (kept, samples.shape[1], made.channels) == (4000, channels, channels)
        assert abs(len(samples) - 20_000) <= 1 and made.doubts == ()
        spectrum = numpy.abs(numpy.fft.rfft(samples[:, -1]))
        hertz = numpy.fft.rfftfreq(len(samples), 1 / 4000)
        assert abs(hertz[spectrum.argmax()] - 60) < 2 and spectrum[hertz > 900].max() < spectrum.max() / 50
    twice = sound.prepare(stereo_of_one())
    assert twice.channels == 1


def stereo_of_one() -> bytes:
    mono, rate = soundfile.read(BytesIO(heart()))
    out = BytesIO()
    soundfile.write(out, numpy.stack([mono, mono], axis=1), rate, format="WAV")
    return out.getvalue()


def test_what_is_wrong_with_it_is_said() -> None:
    def wav(samples: numpy.ndarray) -> bytes:
        out = BytesIO()
        soundfile.write(out, samples, 8000, format="WAV")
        return out.getvalue()

    assert sound.prepare(wav(numpy.zeros(40_000))).doubts == ("quiet",)
    assert "clipped" in sound.prepare(wav(numpy.sign(numpy.sin(numpy.arange(40_000) / 20)))).doubts
    assert "short" in sound.prepare(heart(1)).doubts
    for bad in (wav(numpy.zeros(8000 * 61)), heart(0.2), heart()[:60], wav(numpy.zeros((8000, 5)))):
        with pytest.raises(Refused):
            sound.prepare(bad)


def bomb(total: int) -> bytes:
    """A FLAC header that promises so many samples of 24 bits and two channels."""
    packed = (48_000 << 44) | (1 << 41) | (23 << 36) | total
    info = struct.pack(">HH", 4096, 4096) + bytes(6) + struct.pack(">Q", packed) + bytes(16)
    return b"fLaC\x80\0\0\x22" + info + b"\xff\xf8" * 200


def test_a_flac_that_decodes_to_10_gb_is_refused_before_it_is_decoded() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for data in (bomb(10**10 // 6), bomb(0), bomb(2**36 - 1), b"fLaC" + bytes(10)):
        for reader in (sound.prepare, kind_of, lambda one: sound.picture(one, {"time": "t", "frequency": "f"})):
            with pytest.raises(Refused):
                reader(data)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


@given(st.data())
@settings(max_examples=60)
def test_damaged_recordings_are_refused_or_read(data: st.DataObject) -> None:
    whole = bytearray(data.draw(st.sampled_from((SMALL_WAV, SMALL_FLAC))))
    for _ in range(data.draw(st.integers(0, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    try:
        made = sound.prepare(cut)
    except Refused:
        return
    assert len(made.flac) < 2_000_000 and made.seconds <= 60


SMALL_WAV, SMALL_FLAC = heart(1, 8000), heart(1, 8000, 2, "FLAC")


def test_its_picture_is_a_small_svg_with_both_axes() -> None:
    drawn = sound.picture(sound.prepare(heart(15)).flac, {"time": "Temps", "frequency": "Fréquence"})
    ElementTree.fromstring(drawn)
    assert len(drawn) < 150_000 and "Temps (s)" in drawn and "Fréquence (Hz)" in drawn and "data:image/png" in drawn


def test_it_is_kept_with_its_site(crew: Crew) -> None:
    visit = crew.visit()
    with pytest.raises(Refusal):
        listening.keep_sound(visit, crew.nurse, heart(), "left_forearm")
    with pytest.raises(Refused):
        listening.keep_sound(visit, crew.nurse, b"\xff\xd8\xff", "mitral")
    row = listening.keep_sound(visit, crew.nurse, heart(15), "mitral", view="heart_sounds")
    assert Attachment.objects.get() == row and (row.site, row.view, row.media) == (
        "mitral",
        "heart_sounds",
        "audio/flac",
    )
    assert row.quality["seconds"] == 15.0 and row.size == len(blobs.read(row.sha256)) < 80_000


def test_a_file_of_the_body_becomes_as_small_and_a_voice_stays_as_it_was_spoken(crew: Crew) -> None:
    visit, whole = crew.visit(), heart(15)
    row = add_attachment(visit, crew.nurse, whole, "stethoscope.wav")
    assert (row.media, row.quality["doubts"]) == ("audio/flac", []) and row.size < 80_000
    voice = add_attachment(visit, crew.nurse, whole, "voice.wav", speech=True)
    assert voice.media == "audio/wav" and blobs.read(voice.sha256) == whole
    for speech in (False, True):
        with pytest.raises(Refused):
            add_attachment(visit, crew.nurse, bomb(10**10 // 6), "x.flac", speech=speech)
