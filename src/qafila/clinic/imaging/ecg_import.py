"""An ECG in whatever format a device writes it, as the DICOM file that is kept as master."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from qafila.clinic.imaging import ecg, refused
from qafila.clinic.imaging.ecg_formats import aecg, scp, table
from qafila.clinic.imaging.ecg_formats.recording import BYTES, Recording
from qafila.clinic.imaging.ecg_write import dicom_of
from qafila.clinic.imaging.refused import Refused
from qafila.packs.ecg_layout import layouts

SECONDS = 60
"""Given to the process that reads EDF and WFDB."""
EDF = re.compile(rb"0 {7}[ -~]{80}[ -~]{80}\d\d\.\d\d\.\d\d\d\d\.\d\d\.\d\d")
"""The first 184 bytes of every EDF file (Kemp 1992)."""
HEA = re.compile(rb"\A(?:#[^\n]*\n)*[\w-]+(?:/\d+)? \d+ [\d.]+")
REASONS = {
    "broken": refused.BROKEN_ECG,
    "absent": refused.NO_FORMATS,
    "long": refused.LONG_ECG,
    "scale": refused.NO_SCALE,
    "twelve": refused.NOT_TWELVE,
    "beside": refused.BESIDE_ECG,
}
"""What the process says → words."""


@dataclass(frozen=True)
class Converted:
    """The master, and of what it was made."""

    dicom: bytes
    source: bytes
    """The device's file as it was; of WFDB its signal file follows the header."""
    format: str
    media: str
    taken: datetime | None


def converted(data: bytes, name: str = "", beside: Mapping[str, bytes] | None = None) -> Converted | None:
    """The ECG as DICOM; None: the file is of none of these formats.

    `beside`: the files that a WFDB header names. Raises `Refused` and nothing else.
    """
    if scp.is_scp(data):
        return _made(scp.read(data), data, "application/octet-stream")
    if aecg.is_aecg(data):
        return _made(aecg.read(data), data, "application/xml")
    if EDF.match(data[:184]):
        return _outside("edf", {"ecg.edf": data}, "EDF", data)
    if name.lower().endswith(".hea") and HEA.match(data[:4096]):
        files = {"ecg.hea": data, **(beside or {})}
        return _outside("wfdb", files, "WFDB", data + b"".join((beside or {}).values()))
    if name.lower().endswith((".csv", ".tsv", ".txt")):
        layout = table.layout_of(data, list(layouts()))
        if layout is None:
            raise Refused(refused.NO_LAYOUT)
        return _made(table.read(data, layout), data, "text/csv")
    return None


def _made(recording: Recording, source: bytes, media: str) -> Converted:
    dicom = dicom_of(recording, source)
    ecg.read(dicom)
    return Converted(dicom, source, recording.format, media, recording.taken)


def _outside(kind: str, files: Mapping[str, bytes], name: str, source: bytes) -> Converted:
    """Read in a process of its own with bounded memory: the libraries are large, and not ours."""
    from qafila.clinic.imaging.ecg_formats.outside import packed, unpacked

    if sum(map(len, files.values())) > BYTES:
        raise Refused(refused.TOO_BIG, limit=BYTES // 1024 // 1024)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "qafila.clinic.imaging.ecg_formats.outside", kind],
            input=packed(files),
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Refused(refused.BROKEN_ECG, format=name) from error
    recording = unpacked(done.stdout, name) if done.returncode == 0 else None
    if recording is None:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise Refused(REASONS.get(said, refused.BROKEN_ECG), format=name)
    return _made(recording, source, "application/octet-stream")
