"""The 12-lead ECG of a DICOM file, and its paper: 25 mm/s, 10 mm/mV.

The file itself stays the master; what is drawn here is drawn anew for each reader. `ecg_plot` places and draws the
traces; this module closes its columns up (so that beats of the rhythm strip stand under those of the leads), lays one
grid under all, and has `paper` write the SVG small.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING, Any

from qafila.clinic.imaging import refused
from qafila.clinic.imaging.dataset import open_dicom
from qafila.clinic.imaging.refused import Refused, gettext_noop
from qafila.kernel.text import isolate, strip_controls

if TYPE_CHECKING:
    from ecg_plot import ECGChart
    from numpy import ndarray
    from pydicom import Dataset, FileDataset

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
RECORDED = frozenset(("I", "II", "V1", "V2", "V3", "V4", "V5", "V6"))
"""The eight leads that are measured; the other four limb leads follow from I and II."""
SPEED, GAIN = 25.0, 10.0
"""Millimetres a second, millimetres a millivolt."""
SPEEDS, GAINS = (12.5, 25.0, 50.0), (5.0, 10.0, 20.0)
STRIP_SECONDS = 10.0
SHORTEST_SECONDS = 2.5
MOST_CHANNELS, MOST_VALUES = 64, 8_000_000
MILLIVOLTS = {"V": 1000.0, "mV": 1.0, "uV": 1e-3, "nV": 1e-6}
NUMBERED = {1: "I", 2: "II", 61: "III", 62: "aVR", 63: "aVL", 64: "aVF", **{n + 2: f"V{n}" for n in range(1, 7)}}
"""Lead numbers shared by SCP-ECG (EN 1064 table 5.6.3-9) and ISO/IEEE 11073-10102 (`2:n`), as in DICOM CID 3001."""
MDC_BASE = 131328
WORDS: Mapping[str, str] = {
    "title": gettext_noop("12-lead ECG"),
    "speed": gettext_noop("25 mm/s"),
    "gain": gettext_noop("10 mm/mV"),
    "pulse": gettext_noop("pulse 1 mV, 0.2 s"),
    "filter": gettext_noop("filter"),
}
"""What stands on the paper, by key; pass the same keys translated."""


@dataclass(frozen=True)
class Ecg:
    """One simultaneous recording. Holds nothing about the patient."""

    millivolts: ndarray
    """Leads x samples, in the order of `LEADS`; NaN where the device marked a gap."""
    frequency: float
    """Samples a second."""
    computed: tuple[str, ...]
    """Leads that the file did not hold and that were computed from I and II."""
    low_cut: float | None
    """Hz, as the device states it for lead II; None if it does not."""
    high_cut: float | None

    @property
    def seconds(self) -> float:
        """Length of the recording."""
        return float(self.millivolts.shape[1] / self.frequency)


def read(data: bytes) -> Ecg:
    """The longest original recording that has all leads at once; averaged beats and derived groups are passed over.

    Raises `Refused` and nothing else.
    """
    found = open_dicom(data)
    try:
        if not found.get("WaveformSequence"):
            raise Refused(refused.NO_ECG)
        groups = [(n, group) for n, group in enumerate(found.WaveformSequence) if _is_rhythm(group)]
        if not groups:
            raise Refused(refused.NOT_TWELVE)
        number, group = max(groups, key=lambda pair: _seconds(pair[1]))
        ecg = _recording(found, number, group)
    except Refused:
        raise
    except (
        Exception
    ) as error:  # damaged values surface as AttributeError, ValueError, struct.error, deep inside pydicom and numpy
        raise Refused(refused.BROKEN_DICOM) from error
    if ecg.seconds < SHORTEST_SECONDS:
        raise Refused(refused.SHORT_ECG, seconds=SHORTEST_SECONDS)
    return ecg


def _is_rhythm(group: Dataset) -> bool:
    names = {lead_of(channel) for channel in group.ChannelDefinitionSequence}
    return names >= RECORDED and group.get("WaveformOriginality", "ORIGINAL") == "ORIGINAL"


def _seconds(group: Dataset) -> float:
    return int(group.NumberOfWaveformSamples) / float(group.SamplingFrequency)


def lead_of(channel: Dataset) -> str | None:
    """Which of `LEADS` a channel is: by its code (SCP-ECG, MDC), else by the code's meaning."""
    source = channel.ChannelSourceSequence[0]
    code, scheme, meaning = (str(source.get(key, "")) for key in ("CodeValue", "CodingSchemeDesignator", "CodeMeaning"))
    number = re.fullmatch(r"(?:5\.6\.3-9-|2:)(\d{1,3})", code)
    if number:
        return NUMBERED.get(int(number[1]))
    if scheme == "MDC" and code.isdecimal() and len(code) == 6:
        return NUMBERED.get(int(code) - MDC_BASE)
    word = re.search(
        r"(?<![A-Za-z0-9])(aV[RLF]|V[1-6]|III|II|I)(?![A-Za-z0-9])", re.sub("_", " ", meaning or code), re.IGNORECASE
    )
    return next((lead for lead in LEADS if word and lead.lower() == word[1].lower()), None)


def _recording(found: FileDataset, number: int, group: Dataset) -> Ecg:
    import numpy

    channels = list(group.ChannelDefinitionSequence)
    samples, frequency = int(group.NumberOfWaveformSamples), float(group.SamplingFrequency)
    bits = int(group.WaveformBitsAllocated)
    if len(channels) > MOST_CHANNELS or samples * len(channels) > MOST_VALUES:
        raise Refused(refused.TOO_MANY_FRAMES)
    if len(channels) != group.NumberOfWaveformChannels or samples * len(channels) * bits // 8 > len(group.WaveformData):
        raise Refused(refused.BROKEN_DICOM)
    if not 50 <= frequency <= 100_000:
        raise Refused(refused.BROKEN_DICOM)
    values = numpy.array(found.waveform_array(number), dtype=float)
    values[_gaps(found, number, group)] = numpy.nan
    rows: dict[str, ndarray] = {}
    cuts: tuple[float | None, float | None] = (None, None)
    for column, channel in enumerate(channels):
        lead = lead_of(channel)
        if lead is None or lead in rows:
            continue
        rows[lead] = values[:, column] * _unit(channel)
        if lead == "II":
            cuts = _positive(channel.get("FilterLowFrequency")), _positive(channel.get("FilterHighFrequency"))
    computed = tuple(lead for lead in LEADS if lead not in rows)
    one, two = rows["I"], rows["II"]
    # Einthoven and Goldberger: exact for simultaneous leads
    limb = {"III": two - one, "aVR": -(one + two) / 2, "aVL": one - two / 2, "aVF": two - one / 2}
    millivolts = numpy.array([rows.get(lead, limb.get(lead)) for lead in LEADS], dtype=float)
    if numpy.isinf(millivolts).any() or numpy.nanmax(numpy.abs(millivolts), initial=0) > 50:
        raise Refused(refused.BROKEN_DICOM)
    return Ecg(millivolts, frequency, computed, *cuts)


def _gaps(found: FileDataset, number: int, group: Dataset) -> Any:
    """Where the device wrote its padding value instead of a measurement."""
    from pydicom.waveforms.numpy_handler import multiplex_array

    padding = group.get("WaveformPaddingValue")
    raw = multiplex_array(found, number, as_raw=True)
    if padding is None:
        return raw != raw
    return raw == (
        int.from_bytes(padding[:: -1 if found.original_encoding[1] else 1], "big", signed=True)
        if isinstance(padding, bytes)
        else padding
    )


def _unit(channel: Dataset) -> float:
    """Millivolts in one of the channel's units."""
    units = channel.get("ChannelSensitivityUnitsSequence")
    if channel.get("ChannelSensitivity") is None or not units or units[0].get("CodeValue") not in MILLIVOLTS:
        raise Refused(refused.NO_SCALE)
    return MILLIVOLTS[units[0].CodeValue]


def _positive(value: Any) -> float | None:
    return float(value) if value is not None and float(value) > 0 else None


def strip_svg(data: bytes, labels: Mapping[str, str] = WORDS, speed: float = SPEED, gain: float = GAIN) -> str:
    """The paper as SVG in its true size: `width` and `height` in mm, the viewBox in twentieths of a millimetre.

    Three rows of four leads, 2.5 s each and one after the other in time, and 10 s of lead II below. Raises `Refused`.
    """
    from qafila.clinic.imaging.paper import write_svg

    ecg = read(data)
    if (speed, gain) != (SPEED, GAIN):
        labels = {**labels, "speed": f"{speed:g} mm/s", "gain": f"{gain:g} mm/mV"}
    return write_svg(_chart(ecg, speed, gain), _words(ecg, labels))


def strip_png(data: bytes, labels: Mapping[str, str] = WORDS, dpi: int = 150) -> bytes:
    """The same paper as a PNG that carries its dots per inch. Loads matplotlib: for prints, not for pages."""
    ecg = read(data)
    figure = _figure(_chart(ecg), [strip_controls(word) for word in _words(ecg, labels)[1:]])
    out = BytesIO()
    figure.savefig(out, format="png", dpi=dpi, metadata={"Software": None})
    return out.getvalue()


def _words(ecg: Ecg, labels: Mapping[str, str]) -> tuple[str, ...]:
    """Title, then the words of the foot line."""
    said = {**WORDS, **labels}
    cuts = f"{ecg.low_cut:g}–{ecg.high_cut:g} Hz" if ecg.low_cut and ecg.high_cut else ""
    words = [said["title"], said["speed"], said["gain"], said["pulse"]]
    if cuts:
        words.append(f"{said['filter']} {isolate(cuts)}")
    if ecg.computed:
        words.append("I, II → " + ", ".join(ecg.computed))
    return tuple(words)


def _chart(ecg: Ecg, speed: float = SPEED, gain: float = GAIN) -> ECGChart:
    """ecg_plot's own 12-lead layout at true scale, its columns closed up."""
    import ecg_plot
    import numpy

    from qafila.clinic.imaging.paper import FONT, INK

    shown = ecg.millivolts[:, : int(STRIP_SECONDS * ecg.frequency)]
    # whole five millimetres keep every baseline on a thick line; no trace is ever cut off
    thick = gain / 5
    low = min(-2.0, float(numpy.floor(thick * numpy.nanmin(shown, initial=0) - 0.04))) / thick
    high = max(2.0, float(numpy.ceil(thick * numpy.nanmax(shown, initial=0) + 0.04))) / thick
    style = ecg_plot.Style(
        grid=False,
        axes=False,
        lead_names=False,
        background="none",
        font_size=FONT,
        line_width=INK,
        line_color="#111111",
    )
    chart = ecg_plot.plot(
        shown, sample_rate=ecg.frequency, lead_names=LEADS, layout="12lead", time_mode="sequential", rhythm_lead="II",
        speed=speed, gain=gain, amplitude_range=(low, high), style=style,
    )  # fmt: skip
    columns = sorted({panel.x for panel in chart.panels})
    for n, panel in enumerate(chart.panels):
        gap = panel.x - columns[0] - columns.index(panel.x) * chart.panels[0].width
        chart.panels[n] = replace(panel, x=panel.x - gap)
    chart.width_mm = max(panel.x + panel.width for panel in chart.panels) + 6
    _draw_together(chart, shown, ecg.frequency, gain)
    return chart


def _draw_together(chart: ECGChart, shown: ndarray, frequency: float, gain: float) -> None:
    """Rows only as far apart as their own traces need, in steps of 5 mm: ecg_plot takes the tallest for all."""
    import numpy

    rows = sorted({panel.y for panel in chart.panels})
    reach = {y: [10.0, 10.0] for y in rows}
    for panel in chart.panels:
        part = shown[panel.lead, int(panel.start * frequency) : int(panel.end * frequency)] * gain
        up, down = numpy.nanmax(part, initial=0), -numpy.nanmin(part, initial=0)
        held = reach[panel.y]
        held[0], held[1] = max(held[0], 5 * numpy.ceil(up / 5 + 0.04)), max(held[1], 5 * numpy.ceil(down / 5 + 0.04))
    first = next(panel for panel in chart.panels if panel.y == rows[0])
    baseline = first.baseline - max(0.0, 5 * ((first.baseline - first.y - reach[rows[0]][0]) // 5))
    bottom = max(panel.y + panel.height for panel in chart.panels)
    places = {}
    for number, y in enumerate(rows):
        if number:
            baseline += float(reach[rows[number - 1]][1] + reach[y][0])
        places[y] = baseline
    for n, panel in enumerate(chart.panels):
        shift = places[panel.y] - panel.baseline
        chart.panels[n] = replace(panel, y=panel.y + shift, baseline=panel.baseline + shift)
    chart.height_mm -= bottom - (baseline + float(reach[rows[-1]][1]))


def _figure(chart: ECGChart, foot: Sequence[str]) -> Any:
    from matplotlib.collections import LineCollection

    from qafila.clinic.imaging.paper import FONT, GRID, grid_lines, lead_names

    figure, axes = chart.to_matplotlib()
    for text in list(axes.texts):  # ecg_plot's own are in English and stand elsewhere
        text.remove()
    for step, colour, width in GRID:
        axes.add_collection(
            LineCollection(grid_lines(chart, step), colors=colour, linewidths=_points(width), zorder=-1), autolim=False
        )
    for x, y, name in [*lead_names(chart), (12, chart.height_mm - 3, " · ".join(foot))]:
        axes.text(x, y, name, fontsize=_points(FONT), color="#111111")
    return figure


def _points(millimetres: float) -> float:
    """Typographic points."""
    return millimetres * 72 / 25.4
