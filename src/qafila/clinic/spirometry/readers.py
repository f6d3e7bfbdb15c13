"""A spirometer's own file: a table (CSV) of manoeuvres, or an HL7 v2 observation message (ORU).

CSV: a head line of `phase, fvc, fev1, pef, fef2575, bev, seconds, last, cough, glottis, glottis_early, leak, blocked,
step, volumes` in any order, one manoeuvre a line, `volumes` litres parted by spaces. HL7: OBX segments whose sub-id is
the manoeuvre and whose code is one of `CODES` (docs/clinical/spirometry.md).
"""

from __future__ import annotations

import csv
import io
import math
import re

from qafila.clinic.refusal import Refusal
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.spirometry.curves import completed
from qafila.clinic.spirometry.session import MOST_BLOWS, MOST_POINTS, PHASES, Manoeuvre

BYTES = 2 * 1024 * 1024
LARGEST = {"fvc": 12, "fev1": 10, "pef": 25, "fef2575": 20, "bev": 5, "seconds": 60, "last": 12, "step": 1}
MARKS = ("cough", "glottis", "glottis_early", "leak", "blocked")
YES = frozenset({"1", "y", "yes", "true", "x"})
CODES = {
    "19868-9": "fvc", "FVC": "fvc", "20150-9": "fev1", "FEV1": "fev1", "PEF": "pef", "FEF2575": "fef2575",
    "FEF25-75": "fef2575", "BEV": "bev", "VEXT": "bev", "FET": "seconds", "EOTV": "last", "COUGH": "cough",
    "VOLUMES": "volumes", "STEP": "step", "PHASE": "phase",
}  # fmt: skip
UNITS = {
    "": 1.0,
    "L": 1.0,
    "l": 1.0,
    "mL": 1e-3,
    "ml": 1e-3,
    "L/s": 1.0,
    "l/s": 1.0,
    "L/min": 1 / 60,
    "s": 1.0,
    "ms": 1e-3,
}

NOT_READ = N_("This file is no table and no HL7 message of a spirometer as described: nothing was taken from it.")
TOO_LARGE = N_("This file is too large for a session of spirometry.")
TOO_MANY = N_("A session has at most %(most)s manoeuvres.")
NO_BLOWS = N_("There is no manoeuvre in it.")
ODD_VALUE = N_("Manoeuvre %(n)s: %(what)s is not a possible value.")


def read(data: bytes) -> tuple[list[Manoeuvre], str]:
    """The manoeuvres, completed from their curves, and what the file was. Raises `Refusal` and nothing else."""
    if len(data) > BYTES:
        raise Refusal(Message(TOO_LARGE))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    kind = "hl7" if text.lstrip("\x0b\r\n ").startswith("MSH") else "csv"
    rows = _hl7(text) if kind == "hl7" else _csv(text)
    if not rows:
        raise Refusal(Message(NO_BLOWS))
    if len(rows) > MOST_BLOWS:
        raise Refusal(Message(TOO_MANY, most=MOST_BLOWS))
    return [completed(manoeuvre(row, n)) for n, row in enumerate(rows, 1)], kind


def _csv(text: str) -> list[dict[str, str]]:
    head = text.lstrip().partition("\n")[0]
    delimiter = max((",", ";", "\t"), key=head.count)
    try:
        reader = csv.DictReader(io.StringIO(text), delimiter=delimiter)
        names = [(name or "").strip().lower() for name in reader.fieldnames or ()]
        if "fvc" not in names and "volumes" not in names:
            raise Refusal(Message(NOT_READ))
        reader.fieldnames = names
        rows: list[dict[str, str]] = []
        for row in reader:
            if len(rows) > MOST_BLOWS:
                break
            kept = {key: value for key, value in row.items() if isinstance(key, str) and isinstance(value, str)}
            if any(value.strip() for value in kept.values()):
                rows.append(kept)
    except csv.Error as error:
        raise Refusal(Message(NOT_READ)) from error
    return rows


def _hl7(text: str) -> list[dict[str, str]]:
    """OBX-4 is the manoeuvre, OBX-3 the code, OBX-5 the value, OBX-6 its unit; all else is passed over."""
    rows: dict[str, dict[str, str]] = {}
    for segment in re.split(r"[\r\n]+", text)[:20_000]:
        parts = segment.split("|")
        if parts[0] != "OBX" or len(parts) < 7:
            continue
        name = next((CODES[code] for code in parts[3].split("^")[:4] if code in CODES), None)
        if name is None or len(rows) > MOST_BLOWS:
            continue
        row, value = rows.setdefault(parts[4] or "1", {}), parts[5]
        unit = parts[6].split("^")[0]
        if name in LARGEST:
            if unit not in UNITS:
                raise Refusal(Message(ODD_VALUE, n=len(rows), what=f"{unit:.10}"))
            row[name] = f"{_number(value, len(rows), name) * UNITS[unit]:.6g}"
        else:
            row[name] = value.replace("^", " ").replace("~", " ")
    return list(rows.values())


def manoeuvre(row: dict[str, str], number: int) -> Manoeuvre:
    """A manoeuvre from texts by name; an empty text is not known. Raises `Refusal` for a value that cannot be."""
    phase = row.get("phase", "").strip().lower() or "pre"
    if phase not in PHASES:
        raise Refusal(Message(ODD_VALUE, n=number, what=f"{phase:.20}"))
    values: dict[str, float] = {}
    for name, most in LARGEST.items():
        text = row.get(name, "").strip()
        if text:
            values[name] = _number(text, number, name)
            if not 0 <= values[name] <= most:
                raise Refusal(Message(ODD_VALUE, n=number, what=f"{name} {text:.20}"))
    words = row.get("volumes", "").split(None, MOST_POINTS)
    if len(words) > MOST_POINTS:
        raise Refusal(Message(TOO_LARGE))
    volumes = tuple(_number(word, number, "volumes") for word in words)
    if any(not -1 <= one <= 15 for one in volumes):
        raise Refusal(Message(ODD_VALUE, n=number, what="volumes"))
    step = values.pop("step", 0.0)
    if volumes and not 0.001 <= step <= 0.2:
        raise Refusal(Message(ODD_VALUE, n=number, what="step"))
    if values.get("fev1", 0) > values.get("fvc", 99):
        raise Refusal(Message(ODD_VALUE, n=number, what="FEV1 > FVC"))
    marks = {name: row.get(name, "").strip().lower() in YES for name in MARKS}
    return Manoeuvre(phase=phase, **values, **marks, step=step if volumes else 0.0, volumes=volumes)  # type: ignore[arg-type]


def _number(text: str, number: int, name: str) -> float:
    try:
        found = float(text.strip().replace("\u066b", ".").replace(",", ".")[:24])
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise Refusal(Message(ODD_VALUE, n=number, what=f"{name} {text.strip():.20}"))
    return found
