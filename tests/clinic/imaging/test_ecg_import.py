"""ECGs of other formats: kept sample by sample, refused in words where damaged, memory bounded."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qafila.clinic.imaging import ecg, refused
from qafila.clinic.imaging.ecg_formats import aecg, scp, table
from qafila.clinic.imaging.ecg_formats.recording import BYTES
from qafila.clinic.imaging.ecg_import import converted
from qafila.clinic.imaging.refused import Refused
from qafila.packs.ecg_layout import layouts
from tests.clinic.imaging import ecg_files as files

LEADS = files.counts()
SHORT = {name: values[:1500] for name, values in LEADS.items()}


def raw(dicom: bytes) -> dict[str, list[int]]:
    from io import BytesIO

    import pydicom
    from pydicom.waveforms.numpy_handler import multiplex_array

    found = pydicom.dcmread(BytesIO(dicom))
    values = multiplex_array(found, 0, as_raw=True)
    names = [ecg.lead_of(channel) for channel in found.WaveformSequence[0].ChannelDefinitionSequence]
    return {name or "?": values[:, n].tolist() for n, name in enumerate(names)}


@pytest.mark.parametrize("differences", [0, 1, 2])
@pytest.mark.parametrize("huffman", [False, True])
def test_scp_ecg_is_kept_sample_by_sample(differences: int, huffman: bool) -> None:
    found = converted(files.scp(LEADS, huffman=huffman, differences=differences))
    assert found is not None and raw(found.dicom) == LEADS
    shown = ecg.read(found.dicom)
    assert shown.frequency == 500 and shown.computed == () and (shown.low_cut, shown.high_cut) == (0.05, 150)
    assert numpy.allclose(shown.millivolts[0], numpy.array(LEADS["I"]) * 0.0025)
    assert found.taken is not None and found.taken.isoformat() == "2026-03-09T14:05:30"


def test_every_number_of_the_huffman_table() -> None:
    values = [*range(-300, 301), 32767, -32768, 0, 1, -1]
    assert scp.decoded(files.written(values, 0, huffman=True), len(values)) == values


def edf_file() -> object:
    return converted(files.edf(LEADS))


def wfdb_file() -> object:
    header, beside = files.wfdb(LEADS)
    return converted(header, "100.hea", beside)


@pytest.mark.parametrize(
    "made",
    [
        lambda: converted(files.aecg(LEADS)),
        lambda: converted(files.table(LEADS), "export.csv"),
        edf_file,
        wfdb_file,
    ],
    ids=["aecg", "csv", "edf", "wfdb"],
)
def test_other_formats_give_the_same_millivolts(made: Callable[[], object]) -> None:
    found = made()
    shown = ecg.read(found.dicom)  # type: ignore[attr-defined]
    assert shown.frequency == pytest.approx(500)
    wanted = numpy.array(list(LEADS.values())) * 0.0025
    # a table of millivolts is kept to its layout's microvolt
    assert numpy.abs(shown.millivolts - wanted[:, : shown.millivolts.shape[1]]).max() <= 0.0006


def test_a_table_of_eight_leads_gives_twelve() -> None:
    found = converted(files.counted(LEADS), "x.csv")
    assert found is not None and raw(found.dicom)["V3"] == LEADS["V3"]
    shown = ecg.read(found.dicom)
    assert shown.computed == ("III", "aVR", "aVL", "aVF")


def test_the_same_file_gives_the_same_object() -> None:
    first, second = converted(files.scp(SHORT)), converted(files.scp(SHORT))
    assert first is not None and second is not None and first.dicom == second.dicom


def why(data: bytes, name: str = "", beside: dict[str, bytes] | None = None) -> str:
    with pytest.raises(Refused) as error:
        converted(data, name, beside)
    return error.value.reason


def test_what_is_refused_says_why() -> None:
    eight = {name: LEADS[name] for name in ("I", "II", "V1")}
    assert why(files.scp(eight)) == refused.NOT_TWELVE
    assert why(files.scp(LEADS)[:4000]) == refused.BROKEN_ECG
    assert why(files.scp(LEADS, step_nv=0)) == refused.NO_SCALE
    assert why(b"a,b\n1,2\n", "x.csv") == refused.NO_LAYOUT
    assert why(files.aecg(SHORT, more='<!DOCTYPE a [<!ENTITY b "c">]>')) == refused.BROKEN_ECG
    assert why(files.aecg(SHORT).replace(b"1 ", b"99999999 ", 3)) == refused.STEEP_ECG
    header, beside = files.wfdb(SHORT)
    assert why(header, "100.hea") == refused.BESIDE_ECG
    assert why(header.replace(b"100.dat", b"../../etc/x"), "100.hea", beside) == refused.BESIDE_ECG
    assert why(files.edf(LEADS)[:9000]) == refused.BROKEN_ECG
    for other in (b"", b"no ECG", b"\xff\xd8\xff\xe0 a picture"):
        assert converted(other) is None


@pytest.mark.parametrize("inside", [b"<a>" * 200_000, b"<a/>" * 800_000], ids=["deep", "wide"])
def test_a_tree_too_deep_or_too_wide_costs_little(inside: bytes) -> None:
    data = b'<AnnotatedECG xmlns="urn:hl7-org:v3">' + inside
    tracemalloc.start()
    try:
        assert why(data) == refused.BROKEN_ECG
        assert tracemalloc.get_traced_memory()[1] < 3 * BYTES
    finally:
        tracemalloc.stop()


def test_oversized_files_are_not_looked_into() -> None:
    for data in (files.scp(SHORT), files.aecg(SHORT)):
        assert why(data + b"\0" * BYTES) == refused.TOO_BIG
    assert why(files.table(SHORT) + b"\n" * BYTES, "x.csv") == refused.TOO_BIG


PLAIN = (files.scp(SHORT), files.scp(SHORT, huffman=True, differences=2), files.aecg(SHORT), files.table(SHORT))


@settings(max_examples=150)
@given(
    st.integers(0, 3),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6),
    st.floats(0, 1),
    st.booleans(),
)
def test_damaged_files_are_read_or_refused(which: int, flips: list[tuple[float, int]], cut: float, head: bool) -> None:
    data = bytearray(PLAIN[which])
    reach = 600 if head else len(data)
    for place, value in flips:
        data[int(place * reach)] = value
    if cut < 0.5:
        del data[int(cut * 2 * len(data)) :]
    read = (scp.read, scp.read, aecg.read, lambda b: table.read(b, layouts()[1]))[which]
    try:
        found = read(bytes(data))
    except Refused as error:
        assert str(error)
    else:
        assert len(found.leads) <= 12
