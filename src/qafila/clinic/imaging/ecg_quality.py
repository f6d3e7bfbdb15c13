"""Whether an ECG can be read: leads that are flat, noisy, cut off, adrift, and limb electrodes that changed places.

The kinds of fault are those of Langley P et al., Comput Cardiol 2011;38:281-4 (ECGs taken by people in the field); the
signs of changed limb electrodes are those of Kligfield P et al., AHA/ACC/HRS standardization part I, Circulation
2007;115:1306-24, and, for the ground electrode, Haisty WK et al., Am J Cardiol 1993;71:1490-4. The limits are this
program's own (docs/clinical/ecg.md): a draft until a clinician approves them. An exchange of left arm and left leg
is not found: no single ECG shows it for certain.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from qafila.clinic.imaging.ecg import LEADS, Ecg

if TYPE_CHECKING:
    from numpy import ndarray

FLAT_MV, FLAT_SECONDS = 0.02, 2.5
"""A lead that keeps within this for so long: longer than the pause between beats at 30 a minute."""
NOISE_MV = 0.035
"""RMS of what a mean over 20 ms (one turn of 50 Hz mains) takes away, in the calmest third of the recording."""
CUT_SECONDS, CUT_MV = 0.02, 1.0
"""So long at its very highest or lowest, and so far out: no wave has a top that flat."""
DRIFT_MV = 1.5
"""How far the line wanders within ten seconds (means of a second)."""
SILENT_MV = 0.10
"""Highest to lowest of a limb lead that only a misplaced ground electrode leaves so small (Haisty 1993)."""
SHORT_SECONDS = 8.0
MEASURED = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")


class Fault(StrEnum):
    """What is wrong; the value is what is stored."""

    ALL_FLAT = "all_flat"
    FLAT = "flat"
    GAP = "gap"
    CUT = "cut"
    NOISE = "noise"
    DRIFT = "drift"
    ARMS = "arms_swapped"
    RIGHT_LEG = "ground_swapped"
    SHORT = "short"


@dataclass(frozen=True)
class Finding:
    """One fault and the leads that show it."""

    fault: Fault
    leads: tuple[str, ...] = ()


def findings(ecg: Ecg) -> list[Finding]:
    """What is to be put right before the recording is sent, the worst first; empty: nothing was found."""
    lines = dict(zip(LEADS, ecg.millivolts, strict=True))
    judged = [name for name in LEADS if name not in ecg.computed]
    found: list[Finding] = []
    gaps = tuple(name for name in judged if _gaps(lines[name]))
    whole = {name: _filled(lines[name]) for name in LEADS}
    flat = tuple(name for name in judged if _flat(whole[name], ecg.frequency))
    if set(flat) >= set(MEASURED):
        return [Finding(Fault.ALL_FLAT)]
    swapped = _swapped(whole, flat, ecg.frequency)
    silent = {lead for one in swapped if one.fault is Fault.RIGHT_LEG for lead in one.leads}
    for fault, leads in (
        (Fault.FLAT, tuple(name for name in flat if name not in silent)),
        (Fault.GAP, gaps),
        (Fault.CUT, tuple(name for name in judged if _cut(whole[name], ecg.frequency))),
        (Fault.NOISE, tuple(name for name in judged if _noisy(whole[name], ecg.frequency))),
        (Fault.DRIFT, tuple(name for name in judged if _adrift(whole[name], ecg.frequency))),
    ):
        if leads:
            found.append(Finding(fault, leads))
    found += swapped
    return [*found, Finding(Fault.SHORT)] if ecg.seconds < SHORT_SECONDS else found


def _gaps(line: ndarray) -> bool:
    import numpy

    return bool(numpy.isnan(line).any())


def _filled(line: ndarray) -> ndarray:
    import numpy

    return numpy.nan_to_num(line)


def _flat(line: ndarray, frequency: float) -> bool:
    """Whether the line keeps within `FLAT_MV` for `FLAT_SECONDS` anywhere, by windows half that long."""
    width = max(1, int(FLAT_SECONDS * frequency / 2))
    spans = [float(part.max() - part.min()) for part in _windows(line, width)]
    return any(max(pair) < FLAT_MV for pair in itertools.pairwise(spans))


def _noisy(line: ndarray, frequency: float) -> bool:
    """The calmest third, so that QRS complexes do not count as noise."""
    import numpy

    turn = max(1, round(frequency * 0.02))
    smooth = numpy.convolve(line, numpy.full(turn, 1 / turn), "same")
    rest = (line - smooth)[turn:-turn]
    parts = [float(numpy.sqrt((part**2).mean())) for part in _windows(rest, max(1, int(frequency * 0.05)))]
    return bool(parts) and float(numpy.percentile(parts, 30)) > NOISE_MV


def _cut(line: ndarray, frequency: float) -> bool:
    """Whether the line stays at its extreme, far from the middle."""
    import numpy

    middle = float(numpy.median(line))
    for extreme in (float(line.max()), float(line.min())):
        if abs(extreme - middle) >= CUT_MV and _longest(line == extreme) >= max(4, CUT_SECONDS * frequency):
            return True
    return False


def _longest(held: Any) -> int:
    """Length of the longest run of true values."""
    import numpy

    edges = numpy.flatnonzero(numpy.diff(numpy.concatenate(([0], held.astype(int), [0]))))
    return int((edges[1::2] - edges[::2]).max()) if edges.size else 0


def _adrift(line: ndarray, frequency: float) -> bool:
    means = [float(part.mean()) for part in _windows(line, int(frequency))]
    return bool(means) and max(means) - min(means) > DRIFT_MV


def _windows(line: ndarray, width: int) -> list[ndarray]:
    return [line[at : at + width] for at in range(0, len(line) - width + 1, width)]


def _swapped(lines: dict[str, ndarray], flat: tuple[str, ...], frequency: float) -> list[Finding]:
    """Electrodes that changed places, by the limb leads alone; the chest leads show that the heart lies as usual."""
    span = {name: _span(lines[name]) for name in LEADS}
    silent = tuple(name for name in ("I", "II", "III") if span[name] < SILENT_MV)
    loud = [name for name in ("I", "II", "III") if span[name] >= 3 * SILENT_MV]
    if len(silent) == 1 and len(loud) == 2 and not set(flat) & set(MEASURED[2:]):
        return [Finding(Fault.RIGHT_LEG, silent)]
    nets = {name: net(lines[name], beats(lines, frequency), frequency) for name in ("I", "aVR", "V6")}
    if all(value is not None for value in nets.values()):
        one, right, six = (nets[name] or 0.0 for name in ("I", "aVR", "V6"))
        # upside down in I, upright in aVR, and still upright in V6: the arms, not the heart
        if one < -0.15 and right > 0.0 and six > 0.25:
            return [Finding(Fault.ARMS, ("I", "aVR"))]
    return []


def _span(line: ndarray) -> float:
    import numpy

    low, high = numpy.percentile(line, (0.2, 99.8))
    return float(high - low)


def beats(lines: dict[str, ndarray], frequency: float) -> list[int]:
    """Samples at which QRS complexes stand: where the measured leads together are steepest, 0.3 s apart at least."""
    import numpy

    steep = sum(numpy.abs(numpy.gradient(lines[name])) for name in MEASURED)
    width = max(1, round(frequency * 0.08))
    power = numpy.convolve(steep, numpy.full(width, 1 / width), "same")
    limit = 0.5 * float(numpy.percentile(power, 98))
    rest, found = power.copy(), list[int]()
    apart = max(1, int(frequency * 0.3))
    while limit > 0 and float(rest.max()) >= limit and len(found) < 100:
        top = int(rest.argmax())
        found.append(top)
        rest[max(0, top - apart) : top + apart] = 0
    return sorted(found)


def net(line: ndarray, places: list[int], frequency: float) -> float | None:
    """Mean over the beats of highest plus lowest within 80 ms, in mV from the level before. None without beats."""
    import numpy

    reach, before = int(frequency * 0.08), int(frequency * 0.12)
    found = []
    for place in places:
        part = line[max(0, place - reach) : place + reach]
        rest = line[max(0, place - before - reach) : max(1, place - reach)]
        if len(part) < reach or not len(rest):
            continue
        level = float(numpy.median(rest))
        found.append(float(part.max() + part.min()) - 2 * level)
    return float(numpy.median(found)) if len(found) >= 3 else None
