"""SCP-ECG (EN 1064): sections 0, 1, 3 and 6, plain or with the default Huffman table, with or without differences.

What a resting recorder may also do, and is refused here in words: subtract a reference beat (section 5), lower the
rate between beats (bimodal), or bring Huffman tables of its own.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime

from qafila.clinic.imaging import refused
from qafila.clinic.imaging.ecg_formats.recording import (
    BYTES,
    MOST_LEADS,
    MOST_SAMPLES,
    Lead,
    Recording,
    broken,
    recording,
)
from qafila.clinic.imaging.refused import Refused

NAME = "SCP-ECG"
LEADS = {1: "I", 2: "II", 61: "III", 62: "aVR", 63: "aVL", 64: "aVF", **{n + 2: f"V{n}" for n in range(1, 7)}}
"""EN 1064, section 3, lead codes."""
DEFAULT_TABLE = 19999
HEADER = 16
"""Bytes of a section's own head: check sum, number, length, two versions, six reserved."""
SMALL = 8
"""The default table writes -8 to 8 in at most ten bits; 8 and 16 whole bits follow after nine and ten ones."""


@dataclass(frozen=True)
class Section:
    """Where a section's data lie in the file."""

    start: int
    end: int


def is_scp(data: bytes) -> bool:
    """Whether the first section is SCP-ECG's: its reserved bytes hold the name (EN 1064 section 0)."""
    return len(data) > 38 and data[16:22] == b"SCPECG"


def read(data: bytes) -> Recording:
    """The rhythm leads. Raises `Refused` and nothing else."""
    if len(data) > BYTES:
        raise Refused(refused.TOO_BIG, limit=BYTES // 1024 // 1024)
    try:
        return _read(data)
    except Refused:
        raise
    except (struct.error, IndexError, ValueError, OverflowError) as error:
        raise broken(NAME) from error


def _read(data: bytes) -> Recording:
    if struct.unpack_from("<I", data, 2)[0] > len(data):
        raise broken(NAME)
    sections = _sections(data)
    if 3 not in sections or 6 not in sections:
        raise broken(NAME)
    leads, subtracted = _leads(data, sections[3])
    huffman = _huffman(data, sections.get(2))
    if subtracted:
        raise Refused(refused.OTHER_ECG, format=NAME)
    taken, low, high = _about(data, sections.get(1))
    found, frequency = _rhythm(data, sections[6], leads, huffman)
    return recording(found, frequency, NAME, low_cut=low, high_cut=high, taken=taken)


def _sections(data: bytes) -> dict[int, Section]:
    """Number → place, from the pointers of section 0: ten bytes each, counted from 1."""
    length = struct.unpack_from("<I", data, 6 + 4)[0]
    found = {}
    for at in range(6 + HEADER, min(6 + length, len(data)) - 9, 10):
        number, size, place = struct.unpack_from("<HII", data, at)
        if size <= HEADER or number == 0:
            continue
        start = place - 1
        if start < 6 or start + size > len(data) or struct.unpack_from("<H", data, start + 2)[0] != number:
            raise broken(NAME)
        found[number] = Section(start + HEADER, start + size)
    return found


def _leads(data: bytes, section: Section) -> tuple[list[tuple[str, int]], bool]:
    """Name and number of samples of each lead, and whether a reference beat was subtracted."""
    count, flags = data[section.start], data[section.start + 1]
    if not 1 <= count <= MOST_LEADS or section.start + 2 + 9 * count > section.end:
        raise broken(NAME)
    leads, starts = [], set()
    for n in range(count):
        first, last, code = struct.unpack_from("<IIB", data, section.start + 2 + 9 * n)
        if not first <= last < first + MOST_SAMPLES:
            raise broken(NAME)
        starts.add(first)
        leads.append((LEADS.get(code, f"{code}"), last - first + 1))
    if len(starts) != 1:
        raise Refused(refused.NOT_TWELVE)
    return leads, bool(flags & 1)


def _huffman(data: bytes, section: Section | None) -> bool:
    """Whether the samples are written with the default table. Raises `Refused` for tables of the device's own."""
    if section is None:
        return False
    if struct.unpack_from("<H", data, section.start)[0] != DEFAULT_TABLE:
        raise Refused(refused.OTHER_ECG, format=NAME)
    return True


def _about(data: bytes, section: Section | None) -> tuple[datetime | None, float | None, float | None]:
    """Time of recording and filters (tags 25 to 28). Who it is of is not read: that is said where it is filed."""
    tags: dict[int, bytes] = {}
    at = section.start if section else 0
    while section and at + 3 <= section.end and data[at] != 255:
        length = struct.unpack_from("<H", data, at + 1)[0]
        if at + 3 + length > section.end:
            break
        tags.setdefault(data[at], data[at + 3 : at + 3 + length])
        at += 3 + length
    taken = None
    if len(tags.get(25, b"")) >= 4 and len(tags.get(26, b"")) >= 3:
        year, month, day = struct.unpack_from("<HBB", tags[25])
        try:
            taken = datetime(year, month, day, *tags[26][:3])
        except ValueError:
            taken = None
    low = struct.unpack("<H", tags[27][:2])[0] / 100 if len(tags.get(27, b"")) >= 2 else 0
    high = struct.unpack("<H", tags[28][:2])[0] if len(tags.get(28, b"")) >= 2 else 0
    return taken, low or None, float(high) or None


def _rhythm(data: bytes, section: Section, leads: list[tuple[str, int]], huffman: bool) -> tuple[list[Lead], float]:
    nanovolts, interval, differences, bimodal = struct.unpack_from("<HHBB", data, section.start)
    if bimodal or differences > 2:
        raise Refused(refused.OTHER_ECG, format=NAME)
    if not nanovolts or not interval:
        raise Refused(refused.NO_SCALE)
    sizes = struct.unpack_from(f"<{len(leads)}H", data, section.start + 6)
    at = section.start + 6 + 2 * len(leads)
    found = []
    for (name, count), size in zip(leads, sizes, strict=True):
        if at + size > section.end:
            raise broken(NAME)
        part = data[at : at + size]
        at += size
        if name not in LEADS.values():
            continue
        written = decoded(part, count) if huffman else list(struct.unpack_from(f"<{count}h", part))
        found.append(Lead(name, undone(written, differences), nanovolts / 1000))
    return found, 1_000_000 / interval


def decoded(part: bytes, count: int) -> list[int]:
    """`count` numbers from bits written with the default Huffman table. Raises `ValueError` where they run out."""
    window, held, at = 0, 0, 0
    out: list[int] = []
    while len(out) < count:
        while held < 32 and at < len(part):
            window, held, at = (window << 8) | part[at], held + 8, at + 1
        value, used = _symbol(window, held)
        held -= used
        window &= (1 << held) - 1
        out.append(value)
    return out


def _symbol(window: int, held: int) -> tuple[int, int]:
    """The number at the head of `held` bits, and how many bits it took."""
    ones = 0
    while ones < 10:
        if ones >= held:
            raise ValueError("no bits left")
        if not window >> (held - ones - 1) & 1:
            break
        ones += 1
    if ones == 0:
        return 0, 1
    if ones <= SMALL:
        used = ones + 2
        if used > held:
            raise ValueError("no bits left")
        return (-ones if window >> (held - used) & 1 else ones), used
    width = 8 if ones == 9 else 16
    used = 10 + width
    if used > held:
        raise ValueError("no bits left")
    value = window >> (held - used) & ((1 << width) - 1)
    return value - (1 << width) if value >> (width - 1) else value, used


def undone(written: list[int], differences: int) -> list[int]:
    """The samples themselves, from none, first or second differences."""
    out: list[int] = []
    for n, value in enumerate(written):
        if differences == 1 and n >= 1:
            value += out[-1]
        elif differences == 2 and n >= 2:
            value += 2 * out[-1] - out[-2]
        if not -(1 << 31) <= value < 1 << 31:
            raise ValueError("a sample that no recorder writes")
        out.append(value)
    return out
