"""Auscultation: a recording as FLAC at 4 kHz, what is wrong with it, and its picture (waveform and spectrogram).

Heart and lung sounds lie below 2 kHz (most of them below 1 kHz), so that 4,000 samples a second hold all of them.
"""

from __future__ import annotations

import struct
from base64 import b64encode
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from typing import Any

from qafila.clinic.imaging import refused
from qafila.clinic.imaging.refused import Refused

RATE = 4000
MOST_S = 60
LEAST_S = 3
DECODED_BYTES = 60 * 1024 * 1024
"""What a sound may decode to, by its own header, before anything is decoded."""
HIGHEST_HZ = 1000
"""Upper edge of the spectrogram."""
QUIET, CLIPPED = 0.01, 0.001
"""Loudest sample below which nothing was heard; share of samples at the limit above which it is distorted."""


@dataclass(frozen=True)
class Sound:
    """What is kept of a recording."""

    flac: bytes
    seconds: float
    channels: int
    doubts: tuple[str, ...]
    """Codes: `quiet`, `clipped`, `short`."""

    @property
    def quality(self) -> dict[str, Any]:
        """What stands with the file: its length, its channels, what is doubted."""
        return {"seconds": round(self.seconds, 1), "channels": self.channels, "doubts": list(self.doubts)}


def prepare(data: bytes) -> Sound:
    """Turn a WAV or FLAC into a `Sound`. Raises `Refused` and nothing else."""
    import numpy
    import soundfile

    check_bounds(data)
    try:
        with soundfile.SoundFile(BytesIO(data)) as file:
            if not (0 < file.channels <= 2 and 2000 <= file.samplerate <= 96_000):
                raise Refused(refused.ODD_SOUND)
            samples = file.read(MOST_S * file.samplerate + 1, dtype="float32", always_2d=True)
            rate = file.samplerate
    except (soundfile.LibsndfileError, RuntimeError, ValueError, OSError) as error:
        raise Refused(refused.BROKEN_SOUND) from error
    if len(samples) > MOST_S * rate:
        raise Refused(refused.LONG_SOUND, limit=MOST_S)
    if len(samples) < rate // 2 or not numpy.isfinite(samples).all():
        raise Refused(refused.BROKEN_SOUND)
    if samples.shape[1] == 2 and float(numpy.abs(samples[:, 0] - samples[:, 1]).max()) < 1e-4:
        samples = samples[:, :1]
    doubts = _doubts(samples, rate)
    small = numpy.stack([_resampled(samples[:, n], rate) for n in range(samples.shape[1])], axis=1)
    out = BytesIO()
    soundfile.write(out, small, RATE, format="FLAC", subtype="PCM_16")
    return Sound(out.getvalue(), len(small) / RATE, samples.shape[1], doubts)


def check_bounds(data: bytes) -> None:
    """Refuse a FLAC whose header says that it decodes to more than is taken, or does not say how long it is.

    STREAMINFO: RFC 9639 section 8.2. Raises `Refused`.
    """
    if not data.startswith(b"fLaC"):
        return
    if len(data) < 42 or data[4] & 0x7F != 0:
        raise Refused(refused.BROKEN_SOUND)
    packed = struct.unpack_from(">Q", data, 18)[0]
    channels, bits = (packed >> 41 & 7) + 1, (packed >> 36 & 31) + 1
    total = packed & 0xF_FFFF_FFFF
    if total == 0 or total * channels * -(-bits // 8) > DECODED_BYTES:
        raise Refused(refused.BIG_SOUND)


def _doubts(samples: Any, rate: int) -> tuple[str, ...]:
    import numpy

    loudness = numpy.abs(samples)
    found = []
    if float(loudness.max()) < QUIET:
        found.append("quiet")
    if float((loudness > 0.995).mean()) > CLIPPED:
        found.append("clipped")
    if len(samples) < LEAST_S * rate:
        found.append("short")
    return tuple(found)


def _resampled(samples: Any, rate: int) -> Any:
    """At 4 kHz: what lies above 2 kHz is taken away in the frequency domain, the last tenth of it gently."""
    import numpy

    if rate == RATE:
        return samples
    count = round(len(samples) * RATE / rate)
    spectrum = numpy.fft.rfft(samples)
    bins = min(count, len(samples)) // 2 + 1
    kept = numpy.zeros(count // 2 + 1, dtype=complex)
    kept[:bins] = spectrum[:bins]
    if rate > RATE:
        edge = bins // 10
        kept[bins - edge : bins] *= numpy.cos(numpy.linspace(0, numpy.pi / 2, edge))
    return numpy.clip(numpy.fft.irfft(kept, count) * count / len(samples), -1, 1)


def picture(flac: bytes, words: dict[str, str]) -> str:
    """Waveform and spectrogram over the same seconds, as SVG; `words`: `time` and `frequency`.

    Raises `Refused`.
    """
    import numpy
    import soundfile

    check_bounds(flac)
    try:
        samples, rate = soundfile.read(BytesIO(flac), frames=MOST_S * RATE, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise Refused(refused.BROKEN_SOUND) from error
    mono = numpy.nan_to_num(samples[:, 0])
    seconds = len(mono) / rate
    if seconds < 0.1:
        raise Refused(refused.BROKEN_SOUND)
    left, width, tall = 46, 900, 150
    marks = "".join(
        f'<line x1="{left + width * s / seconds:.1f}" y1="8" x2="{left + width * s / seconds:.1f}" y2="372" class="g"/>'
        f'<text x="{left + width * s / seconds:.1f}" y="388" text-anchor="middle">{s}</text>'
        for s in range(0, int(seconds) + 1, 1 if seconds <= 20 else 5)
    )
    top, bottom = 190, 370
    hertz = "".join(
        f'<text x="{left - 6}" y="{bottom - (bottom - top) * hz / HIGHEST_HZ + 4:.1f}" text-anchor="end">{hz}</text>'
        for hz in (0, 250, 500, 750, 1000)
    )
    shade = b64encode(_spectrogram(mono, rate, width, bottom - top)).decode()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 10} 410" font-family="sans-serif"'
        ' font-size="11" direction="ltr"><style>.g{stroke:#0002}.w{fill:#0e5a5e}</style>'
        f'<rect width="{left + width + 10}" height="410" fill="#fff"/>'
        f'<path class="w" d="{_outline(mono, left, width, 8 + tall // 2, tall // 2)}"/>'
        f'<image x="{left}" y="{top}" width="{width}" height="{bottom - top}" preserveAspectRatio="none"'
        f' href="data:image/png;base64,{shade}"/>{marks}{hertz}'
        f'<text x="{left + width}" y="404" text-anchor="end">{words["time"]} (s)</text>'
        f'<text x="{left}" y="{top - 8}">{words["frequency"]} (Hz)</text></svg>'
    )


def _outline(mono: Any, left: int, width: int, middle: int, half: int) -> str:
    """The loudest and the softest of each column as one closed path, scaled to the loudest of all."""
    import numpy

    edges = numpy.linspace(0, len(mono), width + 1).astype(int)
    scale = half / max(float(numpy.abs(mono).max()), 1e-4)
    columns = [mono[a : max(b, a + 1)] for a, b in pairwise(edges)]
    upper = [f"{left + n} {middle - float(c.max()) * scale - 0.4:.1f}" for n, c in enumerate(columns)]
    lower = [f"{left + n} {middle - float(c.min()) * scale + 0.4:.1f}" for n, c in enumerate(columns)]
    return f"M{' L'.join(upper)} L{' L'.join(reversed(lower))}Z"


def _spectrogram(mono: Any, rate: int, width: int, height: int) -> bytes:
    """A PNG: windows of 64 ms, 60 dB from white to dark, 0 to 1,000 Hz upwards."""
    import numpy
    from PIL import Image

    size = max(64, int(rate * 0.064))
    starts = numpy.linspace(0, max(0, len(mono) - size), min(width, 900)).astype(int)
    windows = numpy.stack([numpy.pad(mono[s : s + size], (0, max(0, size - len(mono[s : s + size])))) for s in starts])
    power = numpy.abs(numpy.fft.rfft(windows * numpy.hanning(size), 1024, axis=1)) ** 2
    shown = power[:, : max(2, int(1024 * HIGHEST_HZ / rate) + 1)]
    level = 10 * numpy.log10(shown / max(float(shown.max()), 1e-12) + 1e-6)
    dark = numpy.clip((level + 60) / 60, 0, 1).T[::-1]
    colours = numpy.stack([255 - 245 * dark, 255 - 185 * dark, 255 - 185 * dark], axis=-1).astype("uint8")
    out = BytesIO()
    Image.fromarray(colours).resize((width, height), Image.Resampling.BILINEAR).quantize(64).save(out, "PNG")
    return out.getvalue()
