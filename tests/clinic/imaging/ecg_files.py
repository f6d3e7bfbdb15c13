"""ECGs in devices' formats, written here: a drawn heart of nobody."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Mapping

import numpy

NAMES = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
CODES = {"I": 1, "II": 2, "III": 61, "aVR": 62, "aVL": 63, "aVF": 64, **{f"V{n}": n + 2 for n in range(1, 7)}}
WAVES = {  # lead → millivolts of P, Q, R, S, T
    "I": (0.10, -0.05, 0.8, -0.1, 0.20), "II": (0.15, -0.05, 1.1, -0.2, 0.30),
    "V1": (0.05, 0.0, 0.2, -1.0, 0.05), "V2": (0.08, 0.0, 0.5, -1.3, 0.35), "V3": (0.08, -0.02, 0.9, -0.8, 0.4),
    "V4": (0.08, -0.05, 1.5, -0.4, 0.4), "V5": (0.08, -0.08, 1.3, -0.2, 0.3), "V6": (0.08, -0.08, 1.0, -0.1, 0.25),
}  # fmt: skip
PLACES = ((-0.16, 0.025), (-0.025, 0.008), (0.0, 0.011), (0.028, 0.009), (0.26, 0.045))
"""Seconds from the R wave, and width, of P, Q, R, S, T."""


def millivolts(seconds: float = 10.0, frequency: float = 500.0, rate: float = 72.0) -> dict[str, numpy.ndarray]:
    """Lead → samples; a quiet line with 10 µV of seeded noise."""
    times = numpy.arange(int(seconds * frequency)) / frequency
    dice = numpy.random.default_rng(5)
    found = {}
    for name, waves in WAVES.items():
        line = dice.normal(0, 0.01, times.size)
        for beat in numpy.arange(0.5, seconds + 1, 60 / rate):
            for height, (at, width) in zip(waves, PLACES, strict=True):
                line = line + height * numpy.exp(-(((times - beat - at) / width) ** 2) / 2)
        found[name] = line
    one, two = found["I"], found["II"]
    found |= {"III": two - one, "aVR": -(one + two) / 2, "aVL": one - two / 2, "aVF": two - one / 2}
    return {name: found[name] for name in NAMES}


def counts(step_uv: float = 2.5, **how: float) -> dict[str, list[int]]:
    """The same as whole numbers of `step_uv`."""
    return {name: numpy.rint(line * 1000 / step_uv).astype(int).tolist() for name, line in millivolts(**how).items()}


def scp(leads: Mapping[str, list[int]], *, huffman: bool = False, differences: int = 0, step_nv: int = 2500) -> bytes:
    """SCP-ECG with sections 0, 1, 3, 6 (and 2 where Huffman coded)."""
    parts = [written(values, differences, huffman=huffman) for values in leads.values()]
    count = len(next(iter(leads.values())))
    about = b"".join(
        bytes([tag]) + struct.pack("<H", len(value)) + value
        for tag, value in ((25, struct.pack("<HBB", 2026, 3, 9)), (26, bytes([14, 5, 30])), (27, struct.pack("<H", 5)),
                           (28, struct.pack("<H", 150)), (255, b""))
    )  # fmt: skip
    three = bytes([len(leads), 4 | len(leads) << 3 & 0xF8]) + b"".join(
        struct.pack("<IIB", 1, count, CODES[name]) for name in leads
    )
    six = struct.pack("<HHBB", step_nv, 2000, differences, 0) + struct.pack(f"<{len(parts)}H", *map(len, parts))
    bodies = {1: about, 3: three, 6: six + b"".join(parts)}
    if huffman:
        bodies[2] = struct.pack("<H", 19999)
    numbers = range(12)
    zero = 16 + 10 * len(numbers)
    place, pointers, sections = 6 + zero + 1, b"", b""
    for number in numbers:
        if number == 0:
            pointers += struct.pack("<HII", 0, zero, 7)
            continue
        body = bodies.get(number)
        if body is None:
            pointers += struct.pack("<HII", number, 0, 0)
            continue
        body += b"\0" * (len(body) % 2)
        pointers += struct.pack("<HII", number, 16 + len(body), place)
        sections += struct.pack("<HHIBB6x", 0, number, 16 + len(body), 13, 13) + body
        place += 16 + len(body)
    head = struct.pack("<HHIBB", 0, 0, zero, 13, 13) + b"SCPECG" + pointers
    return struct.pack("<HI", 0, 6 + len(head) + len(sections)) + head + sections


def written(values: list[int], differences: int, *, huffman: bool) -> bytes:
    """A lead's data block."""
    line = list(values)
    if differences == 1:
        line = [values[0], *(b - a for a, b in itertools.pairwise(values))]
    if differences == 2:
        line = [*values[:2], *(c - 2 * b + a for a, b, c in zip(values, values[1:], values[2:], strict=False))]
    if not huffman:
        return struct.pack(f"<{len(line)}h", *line)
    bits = "".join(map(symbol, line))
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def symbol(value: int) -> str:
    """A number in the default Huffman table."""
    if value == 0:
        return "0"
    if abs(value) <= 8:
        return "1" * abs(value) + "0" + ("1" if value < 0 else "0")
    if -128 <= value <= 127:
        return "1111111110" + format(value & 0xFF, "08b")
    return "1111111111" + format(value & 0xFFFF, "016b")


def aecg(leads: Mapping[str, list[int]], step_uv: float = 2.5, frequency: float = 500.0, more: str = "") -> bytes:
    """HL7 aECG with one rhythm series."""
    sequences = "".join(
        f'<component><sequence><code code="MDC_ECG_LEAD_{name.upper()}" codeSystem="2.16.840.1.113883.6.24"/>'
        f'<value xsi:type="SLIST_PQ"><origin value="0" unit="uV"/><scale value="{step_uv}" unit="uV"/>'
        f"<digits>{' '.join(map(str, values))}</digits></value></sequence></component>"
        for name, values in leads.items()
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{more}<AnnotatedECG xmlns="urn:hl7-org:v3" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><component><series><code code="RHYTHM"/>'
        '<effectiveTime><low value="20260309140530"/></effectiveTime><component><sequenceSet><component><sequence>'
        '<code code="TIME_ABSOLUTE"/><value xsi:type="GLIST_TS"><head value="20260309140530"/>'
        f'<increment value="{1 / frequency}" unit="s"/></value></sequence></component>{sequences}'
        "</sequenceSet></component></series></component></AnnotatedECG>"
    ).encode()


def table(leads: Mapping[str, list[int]], step_uv: float = 2.5) -> bytes:
    """CSV of seconds and millivolts."""
    rows = ["time," + ",".join(leads)]
    for n, row in enumerate(zip(*leads.values(), strict=True)):
        rows.append(f"{n / 500:.3f}," + ",".join(f"{value * step_uv / 1000:.4f}" for value in row))
    return "\n".join(rows).encode()


def counted(leads: Mapping[str, list[int]]) -> bytes:
    """CSV of counts, the eight measured leads."""
    measured = {name: leads[name] for name in ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")}
    head = "device;model 8\n" + ";".join(f"LEAD_{name}" for name in measured) + "\n"
    return (head + "\n".join(";".join(map(str, row)) for row in zip(*measured.values(), strict=True))).encode()


def edf(leads: Mapping[str, list[int]], step_uv: float = 2.5) -> bytes:
    """EDF by hand: one record a second."""
    fields = (
        [f"ECG {name}" for name in leads], [""] * len(leads), ["uV"] * len(leads),
        [f"{-32768 * step_uv:.0f}"] * len(leads), [f"{32767 * step_uv:.1f}"[:8]] * len(leads),
        ["-32768"] * len(leads), ["32767"] * len(leads), [""] * len(leads), ["500"] * len(leads), [""] * len(leads),
    )  # fmt: skip
    widths = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)
    count = len(next(iter(leads.values()))) // 500
    head = "0".ljust(8) + "X X X X".ljust(80) + "Startdate X X X X".ljust(80) + "09.03.2614.05.30"
    head += (
        str(256 * (len(leads) + 1)).ljust(8) + " " * 44 + str(count).ljust(8) + "1".ljust(8) + str(len(leads)).ljust(4)
    )
    head += "".join("".join(cell.ljust(width) for cell in row) for row, width in zip(fields, widths, strict=True))
    lines = numpy.array(list(leads.values()), dtype="<i2")[:, : count * 500].reshape(len(leads), count, 500)
    return head.encode() + lines.transpose(1, 0, 2).tobytes()


def wfdb(leads: Mapping[str, list[int]], step_uv: float = 2.5) -> tuple[bytes, dict[str, bytes]]:
    """A WFDB header and the signal file beside it (format 16)."""
    count, gain = len(next(iter(leads.values()))), 1000 / step_uv
    lines = [f"100 {len(leads)} 500 {count} 14:05:30 09/03/2026"]
    lines += [f"100.dat 16 {gain:g}(0)/mV 16 0 {values[0]} 0 0 {name}" for name, values in leads.items()]
    data = numpy.array(list(leads.values()), dtype="<i2").T.tobytes()
    return "\n".join(lines).encode(), {"100.dat": data}
