"""EDF and WFDB by the optional packages `edfio` and `wfdb` (extra `formats`), in a process of its own.

`python -m qafila.clinic.imaging.ecg_formats.outside edf|wfdb` reads packed files from standard input and writes the
packed recording; where it cannot, its last line on standard error is one word of `ecg_import.REASONS`.
"""

from __future__ import annotations

import math
import re
import resource
import sys
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from qafila.clinic.imaging.ecg_formats.recording import MOST_LEADS, MOST_SAMPLES, Lead, Recording, recording
from qafila.clinic.imaging.refused import Refused

MEMORY = 1 << 30
CPU_SECONDS = 45
NAMES = {name.upper(): name for name in ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")}
MICROVOLTS = {"V": 1e6, "mV": 1e3, "uV": 1.0, "µV": 1.0, "nV": 1e-3}
FILE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,60}")


class Failed(Exception):
    """The word that says why."""


class Read(msgspec.Struct):
    """What the process gives back."""

    leads: list[tuple[str, list[int], float, float]]
    frequency: float
    taken: datetime | None = None


def packed(files: Mapping[str, bytes]) -> bytes:
    """Files by name as one message."""
    return msgspec.msgpack.encode(dict(files))


def unpacked(message: bytes, format: str) -> Recording | None:  # noqa: A002
    """The recording of the process's answer; None where it is none. Raises `Refused`."""
    try:
        found = msgspec.msgpack.decode(message, type=Read)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return recording([Lead(*lead) for lead in found.leads], found.frequency, format, taken=found.taken)


def lead_name(label: str) -> str | None:
    """The lead that a label means: `ECG V1`, `avr`, `MLII` is none."""
    word = re.fullmatch(r"(?:ECG|EKG|Lead)?[ _:-]*(aV[RLF]|V[1-6]|III|II|I)", label.strip(), re.IGNORECASE)
    return NAMES[word[1].upper()] if word else None


def edf(files: Mapping[str, bytes]) -> Read:
    """An EDF file by edfio: its digital values and their scale."""
    from io import BytesIO

    try:
        import edfio
    except ImportError as error:
        raise Failed("absent") from error
    found = edfio.read_edf(BytesIO(next(iter(files.values()))))
    leads: list[tuple[str, list[int], float, float]] = []
    rates: set[float] = set()
    for signal in found.signals[:200]:
        name = lead_name(signal.label)
        if name is None:
            continue
        unit = MICROVOLTS.get(signal.physical_dimension)
        if unit is None:
            raise Failed("scale")
        if len(leads) >= MOST_LEADS or len(signal.digital) > MOST_SAMPLES:
            raise Failed("long")
        step = (signal.physical_max - signal.physical_min) / (signal.digital_max - signal.digital_min) * unit
        offset = signal.physical_min * unit - signal.digital_min * step
        # a scale below nothing turns the lead over: DICOM wants it above
        values = signal.digital.astype(int).tolist()
        if step < 0:
            step, values = -step, [-value for value in values]
        leads.append((name, values, step, offset))
        rates.add(signal.sampling_frequency)
    if len(rates) != 1:
        raise Failed("twelve")
    return Read(leads, float(rates.pop()), _moment(found))


def _moment(found: Any) -> datetime | None:
    try:
        return datetime.combine(found.startdate, found.starttime)
    except Exception:  # noqa: BLE001 - edfio raises what the damaged or anonymised date makes it
        return None


def wfdb(files: Mapping[str, bytes]) -> Read:
    """A WFDB record by wfdb: the header and the signal files beside it, in a folder of their own."""
    header = files["ecg.hea"].decode("latin-1")
    lines = [line for line in header.splitlines() if line.strip() and not line.startswith("#")]
    first = lines[0].split()
    count, wanted = int(first[1]), {line.split()[0] for line in lines[1 : 1 + int(first[1])]}
    if "/" in first[0] or not 1 <= count <= MOST_LEADS or (len(first) > 3 and int(first[3]) > MOST_SAMPLES):
        raise Failed("long")
    given = {name: data for name, data in files.items() if name in wanted and FILE.fullmatch(name)}
    if set(given) != wanted:
        raise Failed("beside")
    try:
        import wfdb as library  # type: ignore[import-untyped]
    except ImportError as error:
        raise Failed("absent") from error
    with tempfile.TemporaryDirectory() as folder:
        for name, data in given.items():
            (Path(folder) / name).write_bytes(data)
        (Path(folder) / "ecg.hea").write_text(
            "\n".join([" ".join(["ecg", *first[1:]]), *lines[1:]]) + "\n", encoding="latin-1"
        )
        found = library.rdrecord(str(Path(folder) / "ecg"), physical=False)
    leads = []
    for column, label in enumerate(found.sig_name):
        lead = lead_name(label)
        if lead is None:
            continue
        unit = MICROVOLTS.get(found.units[column])
        gain, zero = float(found.adc_gain[column]), float(found.baseline[column])
        if unit is None or not gain > 0:
            raise Failed("scale")
        values = found.d_signal[:, column].astype(int).tolist()
        leads.append((lead, values, unit / gain, -zero * unit / gain))
    if len(leads[0][1]) > MOST_SAMPLES:
        raise Failed("long")
    return Read(leads, float(found.fs), _begun(found))


def _begun(found: Any) -> datetime | None:
    if found.base_date is None or found.base_time is None:
        return None
    return datetime.combine(found.base_date, found.base_time)


def main() -> int:
    """Standard input to standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    try:
        files = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=dict[str, bytes])
        found = {"edf": edf, "wfdb": wfdb}[sys.argv[1]](files)
        if not all(math.isfinite(lead[2]) and math.isfinite(lead[3]) for lead in found.leads):
            raise Failed("scale")
        sys.stdout.buffer.write(msgspec.msgpack.encode(found))
    except Failed as word:
        print(word, file=sys.stderr)  # noqa: T201 - how the parent is told
        return 1
    except (Exception, MemoryError, Refused):  # noqa: BLE001 - a library's damage is the file's
        print("broken", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
