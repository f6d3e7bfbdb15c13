"""Heart rate and intervals of an ECG by neurokit2, in a process of its own: it loads scipy and pandas.

`python -m qafila.clinic.imaging.measure` reads DICOM files from standard input, each behind its length in four bytes
(big end first), and writes a line of JSON for each as soon as it is measured: its values, or null where it cannot be.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import itertools
import json
import math
import os
import resource
import statistics
import sys
import types
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qafila.clinic.imaging.ecg import LEADS, Ecg, read
from qafila.clinic.imaging.refused import Refused

if TYPE_CHECKING:
    from numpy import ndarray

MEMORY, CPU_SECONDS = 2 << 30, 60
LEAD = "II"
FEWEST = 3
"""Beats; of fewer no interval is said."""
PLAUSIBLE = {"rate": (20.0, 300.0), "pr": (60.0, 500.0), "qrs": (40.0, 250.0), "qt": (180.0, 800.0)}
"""Outside of these something else was taken for the wave: not computed."""
PROMINENCE, WAVELETS = "prominence", "dwt"
"""Emrich J et al., EUSIPCO 2024; Martinez JP et al., IEEE Trans Biomed Eng 2004;51:570-81. Each point is taken from
the one that finds it within 20 ms of a recorder's own annotations (tests/clinic/imaging/test_measure.py)."""
POINTS = {
    "p_on": (PROMINENCE, "ECG_P_Onsets"), "p_off": (PROMINENCE, "ECG_P_Offsets"),
    "qrs_on": (PROMINENCE, "ECG_R_Onsets"), "qrs_off": (PROMINENCE, "ECG_R_Offsets"),
    "t_off": (WAVELETS, "ECG_T_Offsets"),
}  # fmt: skip

NOT_NEEDED = frozenset(("matplotlib", "sklearn"))
"""What neurokit2 draws and learns with, and loads all of with itself: a third of its time and 60 MB."""


class _Unloaded(types.ModuleType):
    """A module of which only the name is there: what is taken from it may be held, and fails where it is used."""

    def __getattr__(self, name: str) -> _Unloaded:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Unloaded(f"{self.__name__}.{name}")


class Without(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads some packages in name alone."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """A place for what is not needed."""
        needed = name.partition(".")[0] not in NOT_NEEDED
        return None if needed else importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """Its name."""
        return _Unloaded(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing else."""


def measured(ecg: Ecg) -> dict[str, Any]:
    """`rate` a minute; `pr`, `qrs`, `qt` in ms, each None where not computed; the points of each beat in ms.

    `lead`, `beats`, `seconds` and `by` say from what and with what.
    """
    import neurokit2  # type: ignore[import-untyped]

    line = _line(ecg, LEAD)
    found: dict[str, Any] = {
        "rate": None, "pr": None, "qrs": None, "qt": None, "lead": LEAD, "beats": 0, "seconds": round(ecg.seconds, 1),
        "by": f"neurokit2 {neurokit2.__version__}", "points": [],
    }  # fmt: skip
    if line is None:
        return found
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found |= _waves(neurokit2, line, ecg.frequency)
    for name, (low, high) in PLAUSIBLE.items():
        value = found[name]
        found[name] = value if value is not None and low <= value <= high else None
    return found


def _line(ecg: Ecg, lead: str) -> ndarray | None:
    """The lead, or None where it has gaps: what stands in a gap was not measured."""
    import numpy

    line = ecg.millivolts[LEADS.index(lead)]
    return None if numpy.isnan(line).any() else line


def _waves(neurokit2: Any, line: ndarray, frequency: float) -> dict[str, Any]:
    rate = round(frequency)
    clean = neurokit2.ecg_clean(line, sampling_rate=rate)
    peaks = [int(one) for one in neurokit2.ecg_peaks(clean, sampling_rate=rate)[1]["ECG_R_Peaks"]]
    if len(peaks) < FEWEST:
        return {"beats": len(peaks)}
    waves = {
        method: neurokit2.ecg_delineate(clean, peaks, sampling_rate=rate, method=method)[1]
        for method in (PROMINENCE, WAVELETS)
    }
    beats = [_beat(waves, n, peak, 1000 / frequency) for n, peak in enumerate(peaks)]
    between = [(b - a) / frequency for a, b in itertools.pairwise(peaks)]
    return {
        "beats": len(peaks), "points": beats, "rate": round(60 / statistics.median(between)),
        "pr": _span(beats, "p_on", "qrs_on"), "qrs": _span(beats, "qrs_on", "qrs_off"),
        "qt": _span(beats, "qrs_on", "t_off"),
    }  # fmt: skip


def _beat(waves: dict[str, dict[str, list[float]]], number: int, peak: int, ms: float) -> dict[str, int]:
    """The points of a beat that were found, in ms from the start of the recording."""
    found = {"r": round(peak * ms)}
    for name, (method, key) in POINTS.items():
        places = waves[method].get(key, [])
        value = places[number] if number < len(places) else math.nan
        if value is not None and math.isfinite(value):
            found[name] = round(float(value) * ms)
    return found


def _span(beats: list[dict[str, int]], first: str, last: str) -> int | None:
    """The median over the beats that have both points."""
    spans = [beat[last] - beat[first] for beat in beats if first in beat and last in beat and beat[last] > beat[first]]
    return round(statistics.median(spans)) if len(spans) >= FEWEST else None


def main() -> int:
    """Standard input to standard output."""
    # Behind the pages of a small computer.
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    sys.meta_path.insert(0, Without())
    while length := sys.stdin.buffer.read(4):
        data = sys.stdin.buffer.read(int.from_bytes(length, "big"))
        try:
            line = json.dumps(measured(read(data)), allow_nan=False)
        except (Refused, Exception, MemoryError) as error:  # noqa: BLE001 - a recording that defeats the library is no fault
            print(type(error).__name__, file=sys.stderr)  # noqa: T201 - how the parent is told
            line = "null"
        print(line, flush=True)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
