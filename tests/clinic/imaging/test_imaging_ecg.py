"""The ECG: the right recording, in millivolts, on paper at its true scale, with nobody's name."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from io import BytesIO

import numpy
import pytest
from PIL import Image
from pydicom import Dataset, dcmread
from scipy.spatial import KDTree

from qafila.clinic.imaging import refused
from qafila.clinic.imaging.ecg import LEADS, Ecg, lead_of, read, strip_png, strip_svg
from qafila.clinic.imaging.paper import TOLERANCE, kept
from qafila.clinic.imaging.refused import Refused
from tests.clinic.imaging.imaging_files import shipped

DATA = shipped("waveform_ecg.dcm")
SVG = "{http://www.w3.org/2000/svg}"


def rewritten(change) -> bytes:
    found = dcmread(BytesIO(DATA))
    change(found)
    out = BytesIO()
    found.save_as(out)
    return out.getvalue()


def only(names: tuple[str, ...]):
    """Keep these channels of the rhythm group alone."""

    def change(found: Dataset) -> None:
        group = found.WaveformSequence[0]
        columns = [n for n, channel in enumerate(group.ChannelDefinitionSequence) if lead_of(channel) in names]
        raw = numpy.frombuffer(group.WaveformData, "<i2").reshape(-1, 12)[:, columns]
        group.WaveformData = raw.tobytes()
        group.ChannelDefinitionSequence = [group.ChannelDefinitionSequence[n] for n in columns]
        group.NumberOfWaveformChannels = len(columns)

    return change


def traces(svg: str) -> list[numpy.ndarray]:
    """Each trace's points in millimetres, by the SVG's own declared size."""
    root = ET.fromstring(svg)
    per_unit = float(root.get("width", "").removesuffix("mm")) / float(root.get("viewBox", "").split()[2])
    found = []
    for path in root.iter(SVG + "path"):
        if path.get("class") == "trace":
            numbers = numpy.array([float(n) for n in re.findall(r"-?\d+", path.get("d", ""))]).reshape(-1, 2)
            found.append(numpy.cumsum(numbers, axis=0) * per_unit)
    return found


def densely(points: numpy.ndarray) -> numpy.ndarray:
    """The line through `points`, a point every fiftieth of a millimetre or closer."""
    along = numpy.concatenate([[0], numpy.cumsum(numpy.hypot(*numpy.diff(points, axis=0).T))])
    steps = numpy.linspace(0, along[-1], int(along[-1] * 50) + 2)
    return numpy.column_stack([numpy.interp(steps, along, points[:, n]) for n in (0, 1)])


def test_the_ten_second_rhythm_is_read_not_the_averaged_beat() -> None:
    ecg = read(DATA)
    assert ecg.millivolts.shape == (12, 10_000)
    assert ecg.frequency == 1000
    assert ecg.seconds == 10
    assert ecg.computed == ()
    assert (ecg.low_cut, ecg.high_cut) == (0.05, 300)
    raw = dcmread(BytesIO(DATA)).waveform_array(0)
    assert numpy.allclose(ecg.millivolts, raw.T / 1000)
    assert ecg.millivolts[LEADS.index("V5")].max() == pytest.approx(1.9625)
    # Einthoven's law holds in the device's own numbers, so the leads are not mixed up
    assert numpy.abs(ecg.millivolts[1] - ecg.millivolts[0] - ecg.millivolts[2]).max() < 0.01


def test_one_millivolt_is_ten_millimetres_and_one_second_twenty_five() -> None:
    svg, ecg = strip_svg(DATA), read(DATA)
    drawn = traces(svg)
    assert len(drawn) == 13
    order = [
        LEADS.index(name) for name in ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6", "II")
    ]
    for n, (lead, points) in enumerate(zip(order, drawn, strict=True)):
        start, length = (0, 10_000) if n == 12 else (n // 3 * 2500, 2500)
        part = ecg.millivolts[lead, start : start + length]
        assert numpy.ptp(points[:, 0]) == pytest.approx((length - 1) / 1000 * 25, rel=0.01)
        assert numpy.ptp(points[:, 1]) == pytest.approx(numpy.ptp(part) * 10, abs=0.15)
        # every sample, not the extremes alone, lies on the line drawn: less than half a line's width away
        left, baseline = (12, 113) if n == 12 else (12 + 62.5 * (n // 3), (23, 58, 83)[n % 3])
        samples = numpy.column_stack([left + numpy.arange(length) / 1000 * 25, baseline - part * 10])
        assert KDTree(densely(points)).query(samples)[0].max() < 0.1
    assert 9.9 < max(numpy.ptp(points[:, 1]) for points in drawn) < 40


def test_the_pulse_is_ten_by_five_millimetres_and_the_grid_one_and_five() -> None:
    root = ET.fromstring(strip_svg(DATA))
    per_unit = float(root.get("width", "").removesuffix("mm")) / float(root.get("viewBox", "").split()[2])
    assert float(root.get("height", "").removesuffix("mm")) / float(
        root.get("viewBox", "").split()[3]
    ) == pytest.approx(per_unit)
    by_class = {path.get("class"): path.get("d", "") for path in root.iter(SVG + "path")}
    pulse = (
        numpy.cumsum(numpy.array([float(n) for n in re.findall(r"-?\d+", by_class["pulse"])]).reshape(-1, 2), axis=0)
        * per_unit
    )
    assert numpy.ptp(pulse[:, 1]) == pytest.approx(10, rel=0.01)
    assert numpy.ptp(pulse[1:5, 0]) == pytest.approx(5, rel=0.01)
    for millimetres in (1, 5):
        upright = sorted({int(x) for x in re.findall(r"M(\d+) \d+V", by_class[f"grid-{millimetres}mm"])})
        assert numpy.diff(upright) * per_unit == pytest.approx(millimetres, rel=0.01)


def test_beats_of_the_rhythm_strip_stand_under_those_of_the_leads() -> None:
    drawn = traces(strip_svg(DATA))
    top = [points[points[:, 1].argmin(), 0] for points in (drawn[1], drawn[12][drawn[12][:, 0] < drawn[1][-1, 0]])]
    assert top[0] == pytest.approx(top[1], abs=0.06)


def test_the_words_on_the_paper_are_those_given_and_nobodys_name() -> None:
    svg = strip_svg(DATA, {"title": "تخطيط القلب", "speed": "25 مم/ث", "gain": "10 مم/م.ف"})
    assert "تخطيط القلب" in svg
    assert "25 مم/ث" in svg
    assert "0.05–300 Hz" in svg
    assert "10 mm/mV" not in svg
    named = rewritten(lambda found: setattr(found, "PatientName", "Zaynab^Testova"))
    for secret in ("Zaynab", "Testova", "642341", "Galliera", "1971"):
        assert secret not in strip_svg(named)
    texts = [text.text for text in ET.fromstring(svg).iter(SVG + "text")]
    assert texts[:13] == ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6", "II"]
    assert not re.search(r"<script|<style|style=|href|on\w+=", svg)


def test_the_svg_is_small_fits_a_landscape_page_and_needs_no_matplotlib() -> None:
    svg = strip_svg(DATA)
    assert len(svg.encode()) < 90_000
    root = ET.fromstring(svg)
    assert float(root.get("width", "").removesuffix("mm")) <= 297
    assert float(root.get("height", "").removesuffix("mm")) <= 210
    script = (
        "import sys; from qafila.clinic.imaging import ecg; ecg.strip_svg(sys.stdin.buffer.read()); "
        "assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], input=DATA, check=True, env={"PYTHONPATH": ":".join(sys.path)})


def test_the_png_carries_its_scale() -> None:
    picture = Image.open(BytesIO(strip_png(DATA)))
    assert picture.info["dpi"][0] == pytest.approx(150, abs=0.5)
    assert picture.width / 150 * 25.4 == pytest.approx(268, abs=0.5)
    assert not {"Author", "Title", "Software"} & set(picture.info)


def test_no_dropped_point_lies_off_the_line() -> None:
    dice = numpy.random.default_rng(3)
    points = numpy.column_stack([numpy.arange(4000) * 0.025, numpy.cumsum(dice.normal(0, 0.03, 4000))])
    left = points[kept(points, TOLERANCE)]
    assert len(left) < len(points) / 2
    assert numpy.abs(numpy.interp(points[:, 0], left[:, 0], left[:, 1]) - points[:, 1]).max() <= TOLERANCE


def test_eight_measured_leads_are_enough_and_it_is_said() -> None:
    data = rewritten(only(("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")))
    eight, twelve = read(data), read(DATA)
    assert eight.computed == ("III", "aVR", "aVL", "aVF")
    assert numpy.abs(eight.millivolts - twelve.millivolts).max() < 0.01
    assert "I, II → III, aVR, aVL, aVF" in strip_svg(data)


@pytest.mark.parametrize(
    ("scheme", "code", "meaning", "lead"),
    [
        ("SCPECG", "5.6.3-9-62", "", "aVR"),
        ("MDC", "2:8", "", "V6"),
        ("MDC", "131389", "", "III"),
        ("MDC", "MDC_ECG_LEAD_V3", "", "V3"),
        ("99X", "x", "Lead aVF (augmented)", "aVF"),
        ("99X", "x", "lead iii", "III"),
        ("99X", "x", "AVL", "aVL"),
        ("99X", "x", "V10", None),
        ("99X", "x", "Respiration", None),
        ("SCPECG", "5.6.3-9-99", "", None),
    ],
)
def test_leads_are_known_by_code_or_by_meaning(scheme: str, code: str, meaning: str, lead: str | None) -> None:
    source, channel = Dataset(), Dataset()
    source.CodingSchemeDesignator, source.CodeValue, source.CodeMeaning = scheme, code, meaning
    channel.ChannelSourceSequence = [source]
    assert lead_of(channel) == lead


def test_a_gap_marked_by_the_device_stays_a_gap() -> None:
    def change(found: Dataset) -> None:
        group = found.WaveformSequence[0]
        values = numpy.frombuffer(group.WaveformData, "<i2").reshape(-1, 12).copy()
        values[1000:1100] = -32768
        group.WaveformData = values.tobytes()
        group.add_new("WaveformPaddingValue", "OW", (-32768).to_bytes(2, "little", signed=True))

    data = rewritten(change)
    assert numpy.isnan(read(data).millivolts[:, 1000:1100]).all()
    assert not numpy.isnan(read(data).millivolts[:, 1100:]).any()
    assert len(traces(strip_svg(data))) == 13 + 4


def scale_in(unit: str | None):
    def change(found: Dataset) -> None:
        for channel in found.WaveformSequence[0].ChannelDefinitionSequence:
            if unit is None:
                del channel.ChannelSensitivityUnitsSequence
            else:
                channel.ChannelSensitivityUnitsSequence[0].CodeValue = unit
                channel.ChannelSensitivity = 0.00125

    return change


def test_millivolts_are_read_as_such_and_no_scale_is_no_drawing() -> None:
    assert numpy.allclose(read(rewritten(scale_in("mV"))).millivolts, read(DATA).millivolts)
    for unit in (None, "mm[Hg]"):
        with pytest.raises(Refused) as caught:
            read(rewritten(scale_in(unit)))
        assert caught.value.reason == refused.NO_SCALE


def drop_rhythm(found: Dataset) -> None:
    del found.WaveformSequence[0]


def shorten(found: Dataset) -> None:
    found.WaveformSequence[0].NumberOfWaveformSamples = 2000


def lie(found: Dataset) -> None:
    found.WaveformSequence[0].NumberOfWaveformSamples = 20_000


def stop(found: Dataset) -> None:
    found.WaveformSequence[0].SamplingFrequency = 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (drop_rhythm, refused.NOT_TWELVE),
        (only(("I", "II", "V1")), refused.NOT_TWELVE),
        (shorten, refused.SHORT_ECG),
        (lie, refused.BROKEN_DICOM),
        (stop, refused.BROKEN_DICOM),
    ],
)
def test_an_ecg_that_cannot_be_drawn_is_refused_with_its_reason(change, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        strip_svg(rewritten(change))
    assert caught.value.reason == reason


def test_a_picture_is_no_ecg() -> None:
    with pytest.raises(Refused) as caught:
        read(shipped("CT_small.dcm"))
    assert caught.value.reason == refused.NO_ECG


def test_a_tall_ecg_is_never_cut_off() -> None:
    from qafila.clinic.imaging.ecg import _chart

    tall = Ecg(read(DATA).millivolts * 3, 1000.0, (), None, None)
    panel = _chart(tall).panels[10]
    assert panel.baseline - panel.y > tall.millivolts.max() * 10
    assert panel.y + panel.height - panel.baseline > -tall.millivolts.min() * 10
