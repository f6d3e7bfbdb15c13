"""What a volume-time curve says: FVC, FEV1 and the rest, by back-extrapolation (ATS/ERS 2019)."""

from __future__ import annotations

import msgspec

from qafila.clinic.spirometry.session import Manoeuvre

SMOOTH_SECONDS = 0.08
"""Width over which the steepest slope is taken (ATS/ERS 2019: 80 ms)."""
SHORTEST = 10


def flows(volumes: tuple[float, ...], step: float) -> list[float]:
    """Litres a second at each point: the mean slope over two steps."""
    last = len(volumes) - 1
    return [
        (volumes[min(last, n + 1)] - volumes[max(0, n - 1)]) / (step * (min(last, n + 1) - max(0, n - 1)))
        for n in range(len(volumes))
    ]


def completed(blow: Manoeuvre) -> Manoeuvre:
    """The manoeuvre with what its curve says where the device gave no number. Without a curve: as it is."""
    found = measured(blow.volumes, blow.step)
    known = {name: value for name, value in found.items() if getattr(blow, name) is None}
    return msgspec.structs.replace(blow, **known) if known else blow


def measured(volumes: tuple[float, ...], step: float) -> dict[str, float]:
    """`fvc`, `fev1`, `pef`, `fef2575`, `bev`, `seconds`, `last`; empty for a curve too short or without flow."""
    if step <= 0 or len(volumes) < SHORTEST:
        return {}
    width = max(1, round(SMOOTH_SECONDS / step))
    slopes = [(volumes[n + width] - volumes[n]) / (width * step) for n in range(len(volumes) - width)]
    if not slopes or max(slopes) <= 0:
        return {}
    steepest = max(range(len(slopes)), key=slopes.__getitem__)
    slope, middle = slopes[steepest], steepest + width / 2
    zero = middle * step - (_at(volumes, middle) - volumes[0]) / slope
    fvc = max(volumes) - volumes[0]
    found = {
        "fvc": fvc,
        "pef": max(flows(volumes, step)),
        "bev": max(0.0, _at(volumes, max(0.0, zero / step)) - volumes[0]),
        "seconds": (len(volumes) - 1) * step - zero,
    }
    if found["seconds"] >= 1:
        found["fev1"] = _at(volumes, (zero + 1) / step) - volumes[0]
        found["last"] = volumes[-1] - _at(volumes, len(volumes) - 1 - 1 / step)
    quarter, three = (_when(volumes, volumes[0] + share * fvc) for share in (0.25, 0.75))
    if three > quarter:
        found["fef2575"] = fvc / 2 / ((three - quarter) * step)
    return {name: round(value, 3) for name, value in found.items()}


def _at(volumes: tuple[float, ...], place: float) -> float:
    """The volume at a place between two points."""
    low = min(int(place), len(volumes) - 1)
    high = min(low + 1, len(volumes) - 1)
    return volumes[low] + (volumes[high] - volumes[low]) * (place - low)


def _when(volumes: tuple[float, ...], volume: float) -> float:
    """The place at which a volume is first reached."""
    for n in range(1, len(volumes)):
        if volumes[n] >= volume:
            rise = volumes[n] - volumes[n - 1]
            return n - 1 + ((volume - volumes[n - 1]) / rise if rise > 0 else 1.0)
    return float(len(volumes) - 1)
