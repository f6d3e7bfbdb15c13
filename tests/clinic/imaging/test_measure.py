"""Heart rate and the points of each beat agree with a recorder's own annotations; each ECG is measured once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file

from qafila.clinic.imaging.measuring import measure_waiting
from qafila.clinic.imaging.models import EcgMeasures
from qafila.clinic.imaging.queries import measures_of
from qafila.clinic.visits import acts as visits
from qafila.journal import blobs
from qafila.journal.models import Lane
from qafila.kernel import clock
from tests.clinic.conftest import Crew

NEAR_MS = 20
NAMES = {
    "p_on": "P Onset", "p_off": "P Offset", "qrs_on": "QRS Onset", "r": "Fiducial Point", "qrs_off": "QRS Offset",
    "t_off": "T Offset",
}  # fmt: skip
PATH = Path(str(get_testdata_file("waveform_ecg.dcm", download=False)))
AVERAGED = 501
"""The fiducial point of the set that was made on the averaged beat, not on the rhythm."""


def annotated() -> tuple[list[dict[str, int]], dict[str, int]]:
    """The points of each beat (ms: the recording has 1000 Hz), and the recorder's values."""
    found = pydicom.dcmread(PATH)
    beats: dict[int, dict[str, int]] = {}
    values: dict[str, int] = {}
    for one in found.WaveformAnnotationSequence:
        name = one.ConceptNameCodeSequence[0].CodeMeaning if "ConceptNameCodeSequence" in one else ""
        if one.get("TemporalRangeType") == "POINT":
            beats.setdefault(one.AnnotationGroupNumber, {})[name] = int(one.ReferencedSamplePositions)
        elif "NumericValue" in one:
            values[name] = int(one.NumericValue)
    return [beat for beat in beats.values() if beat["Fiducial Point"] != AVERAGED], values


def test_a_recorders_annotations(crew: Crew) -> None:
    file = visits.add_attachment(crew.visit(), crew.nurse, PATH.read_bytes(), "ecg.dcm")
    assert measures_of(file).state == "waiting"
    assert measure_waiting() == 1 and measure_waiting() == 0
    row = EcgMeasures.objects.get()
    assert row.state == "done"
    beats, values = annotated()
    assert len(beats) == len(row.values["points"]) == 10
    off = {
        f"{name} of beat {n}": found[name] - beat[said]
        for n, (beat, found) in enumerate(zip(beats, row.values["points"], strict=True))
        for name, said in NAMES.items()
    }
    assert all(abs(one) <= NEAR_MS for one in off.values()), off
    assert row.values["rate"] == pytest.approx(60_000 / values["RR Interval"], abs=1)
    for ours, theirs in (("pr", "PR Interval"), ("qt", "QT Interval"), ("qrs", "QRS Duration")):
        assert row.values[ours] == pytest.approx(values[theirs], abs=NEAR_MS)


def test_what_cannot_be_measured_keeps_nobody_waiting(crew: Crew) -> None:
    good = visits.add_attachment(crew.visit(), crew.nurse, PATH.read_bytes(), "ecg.dcm")
    assert measures_of(good).state == "waiting"
    broken = blobs.put(b"no recording", "application/dicom", good.person_id, Lane.BULK)
    EcgMeasures.objects.create(sha256=broken.sha256, person=good.person_id, at=clock.now() - timedelta(hours=1))
    assert measure_waiting() == 2
    assert dict(EcgMeasures.objects.values_list("sha256", "state")) == {good.sha256: "done", broken.sha256: "failed"}
