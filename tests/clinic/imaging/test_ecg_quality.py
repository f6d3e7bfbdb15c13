"""Each fault is found in a recording that has it, and none in those that have not."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file

from qafila.clinic.imaging.ecg import LEADS, Ecg, read
from qafila.clinic.imaging.ecg_quality import Fault, Finding, findings
from tests.clinic.imaging import ecg_files as files

CLEAN = numpy.array(list(files.millivolts().values()))


def of(lines: numpy.ndarray, frequency: float = 500.0) -> list[Finding]:
    return findings(Ecg(lines, frequency, (), None, None))


def faults(lines: numpy.ndarray) -> set[Fault]:
    return {one.fault for one in of(lines)}


def limbs(one: numpy.ndarray, two: numpy.ndarray) -> numpy.ndarray:
    """All leads with the limb leads that follow from these two."""
    made = CLEAN.copy()
    made[:6] = one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2
    return made


@pytest.mark.parametrize("rate", [35, 60, 100, 170])
def test_nothing_is_found_in_a_good_one(rate: float) -> None:
    assert of(numpy.array(list(files.millivolts(rate=rate).values()))) == []


def test_nothing_is_found_in_a_real_one() -> None:
    path = get_testdata_file("waveform_ecg.dcm", download=False)
    with open(str(path), "rb") as file:
        assert findings(read(file.read())) == []


def test_a_lead_that_fell_off() -> None:
    made = CLEAN.copy()
    made[8, 2000:] = 0.3
    assert of(made) == [Finding(Fault.FLAT, ("V3",))]
    assert of(numpy.zeros_like(CLEAN)) == [Finding(Fault.ALL_FLAT)]


def test_mains_and_muscle() -> None:
    times = numpy.arange(CLEAN.shape[1]) / 500
    made = CLEAN.copy()
    made[6] += 0.1 * numpy.sin(2 * numpy.pi * 50 * times + 1)
    made[11] += numpy.random.default_rng(1).normal(0, 0.08, times.size)
    assert of(made) == [Finding(Fault.NOISE, ("V1", "V6"))]


def test_cut_off_and_adrift() -> None:
    made = CLEAN.copy()
    made[9] = numpy.clip(made[9] * 2.5, -9, 1.4)
    made[10] += numpy.linspace(0, 3, made.shape[1])
    assert {one.fault: one.leads for one in of(made)} == {Fault.CUT: ("V4",), Fault.DRIFT: ("V5",)}
    made = CLEAN.copy()
    made[7, 100:140] = numpy.nan
    assert faults(made) == {Fault.GAP}


def test_arms_that_changed_places() -> None:
    one, two, three = CLEAN[0], CLEAN[1], CLEAN[2]
    swapped = limbs(-one, three)
    assert of(swapped) == [Finding(Fault.ARMS, ("I", "aVR"))]
    # in dextrocardia V6 is small and turned over, too: that is the heart
    swapped[11] = -0.3 * swapped[11]
    assert faults(swapped) == set()
    assert faults(limbs(two, one)) == set()


def test_the_ground_electrode_on_an_arm() -> None:
    one, noise = CLEAN[0], numpy.random.default_rng(2).normal(0, 0.008, CLEAN.shape[1])
    assert of(limbs(one, noise)) == [Finding(Fault.RIGHT_LEG, ("II",))]


def test_short() -> None:
    assert faults(CLEAN[:, :2500]) == {Fault.SHORT}


@settings(max_examples=60)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([50.0, 250.0, 500.0, 1000.0]),
    st.integers(130, 3000),
    st.sampled_from([0.0, 1e-3, 1.0, 50.0]),
)
def test_any_recording_is_judged(seed: int, frequency: float, count: int, size: float) -> None:
    lines = numpy.random.default_rng(seed).normal(0, size, (12, count)).clip(-50, 50)
    for one in findings(Ecg(lines, frequency, (), None, None)):
        assert set(one.leads) <= set(LEADS)
