"""Typed columns: many values of one field as few, similar bytes.

A column on the wire is a text (the same for every row), the number of such a text that stood in the frame before, or a
list [how, …]. Whole numbers are one number (the same
for every row), or the planes of their bytes: all lowest bytes, then all second ones.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from qafila.kernel.ids import short_code

Wire = Any
MAX_BYTES = 16 * 1024 * 1024
"""What one frame may grow to when it is unpacked."""
HEX32 = re.compile(r"[0-9a-f]{32}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_DECIMAL = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,9})?")
_DIGITS = re.compile(r"\d{1,18}")
_LONG = 40
_CODE = 11
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_DAY_MS = 86_400_000
Texts = Sequence[str]


def pack_ints(values: Sequence[int]) -> int | bytes:
    """Whole numbers of at most 63 bits and a sign."""
    if not values:
        return b""
    first = values[0]
    if values.count(first) == len(values):
        return first
    folded = [v << 1 if v >= 0 else (-v << 1) - 1 for v in values]
    width = (max(folded).bit_length() + 7) // 8
    rows = b"".join([v.to_bytes(width, "little") for v in folded])
    return b"".join([rows[i::width] for i in range(width)])


def unpack_ints(wire: Wire, count: int) -> list[int]:
    """`count` numbers. Raises `ValueError`."""
    if isinstance(wire, int):
        return [wire] * count
    if not isinstance(wire, bytes):
        raise ValueError("no numbers")
    if not count:
        return []
    width, rest = divmod(len(wire), count)
    if rest or not 0 < width <= 8:
        raise ValueError("not as many numbers as rows")
    folded: Sequence[int] = wire
    if width > 1:
        rows = bytearray(len(wire))
        for plane in range(width):
            rows[plane::width] = wire[plane * count : (plane + 1) * count]
        folded = [int.from_bytes(rows[i : i + width], "little") for i in range(0, len(rows), width)]
    return [-((v + 1) >> 1) if v & 1 else v >> 1 for v in folded]


@dataclass(slots=True)
class Row:
    """What columns lean on: the record's own clock and ids, and its place in the frame."""

    place: int
    ms: int
    subject: str
    patient: str
    actor: str


@dataclass
class Tables:
    """What the columns of a frame share: texts, ids that no record of the frame is about, long text."""

    strings: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)
    """Of the frame's records, in order."""
    read: int = 0
    """Characters of long text taken so far."""
    grown: int = 0
    whole: str = ""
    same: list[str] = field(default_factory=list)
    """Texts that filled a whole column, in the order in which they were met; at first those of the sources."""
    _string_at: dict[str, int] = field(default_factory=dict)
    _same_at: dict[str, int] = field(default_factory=dict)
    _outside_at: dict[str, int] = field(default_factory=dict)
    places: dict[str, list[int]] = field(default_factory=dict)
    """Where in the frame an id is a record's subject, for the packer."""

    def string(self, text: str) -> int:
        """Its number."""
        if text not in self._string_at:
            self._string_at[text] = len(self.strings)
            self.strings.append(text)
        return self._string_at[text]

    def alike(self, text: str) -> str | int:
        """The text at its first time, its number from then on."""
        if text in self._same_at:
            return self._same_at[text]
        self._same_at[text] = len(self._same_at)
        return text

    def begin(self, texts: Iterable[str]) -> None:
        """Texts that both ends know before the first column."""
        for text in texts:
            if text not in self._same_at:
                self._same_at[text] = len(self.same)
                self.same.append(text)

    def outsider(self, value: str) -> int:
        """Its number."""
        if value not in self._outside_at:
            self._outside_at[value] = len(self.outside)
            self.outside.append(value)
        return self._outside_at[value]

    def grow(self, amount: int) -> None:
        """Count what is about to be allocated. Raises `ValueError` where a frame would blow up."""
        self.grown += amount
        if self.grown > MAX_BYTES:
            raise ValueError("unpacks to more than a node takes")


NONE, SUBJECT, PATIENT, ACTOR, AGAIN, BACK, OUTSIDE = 0, 1, 2, 3, 4, 5, 6
"""How an id is told: empty, one of the record's own, as in the row before, the subject of an earlier record (odd
numbers), one of the table (even numbers)."""


def pack_ids(values: Texts, rows: Sequence[Row], tables: Tables, own: bool = True) -> int | bytes:
    """Ids; `own`: the record's subject, patient and actor are known when they are read."""
    found: list[set[int]] = []
    before = None
    for value, row in zip(values, rows, strict=True):
        ways = {AGAIN} if value == before else set()
        before = value
        if not value:
            ways.add(NONE)
        if own:
            ways |= {n for n, v in ((SUBJECT, row.subject), (PATIENT, row.patient), (ACTOR, row.actor)) if v == value}
        places = tables.places.get(value, ())
        earlier = bisect_left(places, row.place)
        if earlier:
            ways.add(BACK + 2 * (row.place - places[earlier - 1]))
        found.append(ways)
    shared = set.intersection(*found)
    if shared:
        return min(shared)
    codes = []
    for ways, value in zip(found, values, strict=True):
        codes.append(min(ways) if ways else OUTSIDE + 2 * tables.outsider(value))
    return pack_ints(codes)


def unpack_ids(wire: Wire, rows: Sequence[Row], tables: Tables) -> list[str]:
    """The ids. Raises `ValueError`, `IndexError`."""
    out: list[str] = []
    before = ""
    for code, row in zip(unpack_ints(wire, len(rows)), rows, strict=True):
        if code == AGAIN:
            pass
        elif code == SUBJECT:
            before = row.subject
        elif code == PATIENT:
            before = row.patient
        elif code == ACTOR:
            before = row.actor
        elif code == NONE:
            before = ""
        elif code < 0:
            raise ValueError("no id")
        elif code & 1:
            place = row.place - ((code - BACK) >> 1)
            if place < 0:
                raise ValueError("an id before the first")
            before = tables.subjects[place]
        else:
            before = tables.outside[(code - OUTSIDE) >> 1]
        out.append(before)
    return out


def instant(ms: int) -> str:
    """As the journal writes it."""
    minute, rest = divmod(ms, 60_000)
    return f"{_minute(minute)}{rest // 1000:02}.{rest % 1000:03}Z"


@lru_cache(maxsize=5000)
def _minute(number: int) -> str:
    return (_EPOCH + timedelta(minutes=number)).isoformat()[:17]


def pack_texts(
    values: Texts, rows: Sequence[Row], tables: Tables, before: Sequence[Texts | None], quoted: bool
) -> Wire:
    """A column of texts; `before`: columns of the same rows that are read earlier. `quoted`: texts, not JSON."""
    if quoted and all(map(HEX32.fullmatch, values)):
        return ["u", pack_ids(values, rows, tables)]
    if (
        quoted
        and len(values[0]) == 11
        and all(v == short_code(UUID(r.subject)) for v, r in zip(values, rows, strict=True))
    ):
        return ["k"]
    if values.count(values[0]) == len(values) and not _DATE.match(values[0]):
        return tables.alike(values[0])
    return (_times(values, rows) if quoted else None) or _numbers(values, before) or _words(values, tables)


def _times(values: Texts, rows: Sequence[Row]) -> Wire:
    try:
        if all(map(_DATE.fullmatch, values)):
            days = [date.fromisoformat(v).toordinal() - _EPOCH_DAY for v in values]
            return ["d", pack_ints([d - r.ms // _DAY_MS for d, r in zip(days, rows, strict=True)])]
        if all(map(_INSTANT.fullmatch, values)):
            at = [(datetime.fromisoformat(v) - _EPOCH) // timedelta(milliseconds=1) for v in values]
            return ["t", pack_ints([a - r.ms for a, r in zip(at, rows, strict=True)])]
    except ValueError:
        return None
    return None


def _numbers(values: Texts, before: Sequence[Texts | None]) -> Wire:
    if not all(map(_DECIMAL.fullmatch, values)):
        return _digits(values)
    places = {len(v.partition(".")[2]) for v in values}
    if len(places) > 1 or "-0" in {v.replace(".", "").rstrip("0") + "0" for v in values if v.startswith("-")}:
        return None
    width = places.pop()
    for index, other in enumerate(before):
        if other is not None and all(padded(o, width) == v for o, v in zip(other, values, strict=True)):
            return ["p", index, width]
    return ["n", width, pack_ints([int(v.replace(".", "")) for v in values])]


def _digits(values: Texts) -> Wire:
    prefix = _prefix(values)
    rest = [v[len(prefix) :] for v in values]
    if not all(map(_DIGITS.fullmatch, rest)) or len({len(r) for r in rest}) > 1 or not prefix.isascii():
        return None
    return ["x", prefix, len(rest[0]), pack_ints([int(r) for r in rest])]


def _prefix(values: Texts) -> str:
    first, last = min(values), max(values)
    same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:same]


def padded(text: str, places: int) -> str:
    """A decimal with that many places behind the point; "" where it is none."""
    if len(text) > 32 or not _DECIMAL.fullmatch(text):
        return ""
    whole, _, part = text.partition(".")
    return f"{whole}.{part:0<{places}}" if places else text


def _words(values: Texts, tables: Tables) -> Wire:
    if max(map(len, values)) > _LONG:
        tables.text += values
        return ["l", pack_ints([len(v) for v in values])]
    return ["e", pack_ints([tables.string(v) for v in values])]


def unpack_texts(wire: Wire, rows: Sequence[Row], tables: Tables, before: Sequence[Texts]) -> tuple[list[str], bool]:
    """The texts, and whether they need no escaping in JSON. Raises `ValueError` and what wrong types raise."""
    count = len(rows)
    if isinstance(wire, int) and wire >= 0:
        wire = tables.same[wire]
    elif isinstance(wire, str):
        tables.same.append(wire)
    if isinstance(wire, str):
        tables.grow(len(wire) * 4 * count)
        return [wire] * count, False
    how, *rest = wire
    if how not in _READ:
        raise ValueError("no such column")
    found = _READ[how](rest, rows, tables, before)
    if how == "e" or how == "l" or how == "x":
        tables.grow(4 * sum(map(len, found)))
    return found, how in "ukdtpn"


def _read_days(rest: list[Any], rows: Sequence[Row], tables: Tables, before: Sequence[Texts]) -> list[str]:
    days = unpack_ints(rest[0], len(rows))
    return [date.fromordinal(d + r.ms // _DAY_MS + _EPOCH_DAY).isoformat() for d, r in zip(days, rows, strict=True)]


def _read_instants(rest: list[Any], rows: Sequence[Row], tables: Tables, before: Sequence[Texts]) -> list[str]:
    return [instant(a + r.ms) for a, r in zip(unpack_ints(rest[0], len(rows)), rows, strict=True)]


def _read_decimals(rest: list[Any], rows: Sequence[Row], tables: Tables, before: Sequence[Texts]) -> list[str]:
    places = rest[0]
    if not isinstance(places, int) or not 0 <= places <= 9:
        raise ValueError("no decimal")
    numbers = unpack_ints(rest[1], len(rows))
    if not places:
        return list(map(str, numbers))
    texts = [f"{abs(n):0{places + 1}d}" for n in numbers]
    return [f"{'-' if n < 0 else ''}{t[:-places]}.{t[-places:]}" for n, t in zip(numbers, texts, strict=True)]


def _read_padded(rest: list[Any], rows: Sequence[Row], tables: Tables, before: Sequence[Texts]) -> list[str]:
    index, places = rest
    if not 0 <= index < len(before) or not 0 <= places <= 9:
        raise ValueError("no column to pad")
    return [padded(v, places) for v in before[index]]


def _read_digits(rest: list[Any], rows: Sequence[Row], tables: Tables, before: Sequence[Texts]) -> list[str]:
    prefix, width, numbers = rest
    if not isinstance(prefix, str) or not 0 <= width <= 18:
        raise ValueError("no number")
    tables.grow(len(prefix) * 4 * len(rows))
    return [f"{prefix}{n:0{width}d}" for n in unpack_ints(numbers, len(rows))]


def _read_words(rest: list[Any], rows: Sequence[Row], tables: Tables, before: Sequence[Texts]) -> list[str]:
    numbers = unpack_ints(rest[0], len(rows))
    if numbers and min(numbers) < 0:
        raise ValueError("no such text")
    return [tables.strings[n] for n in numbers]


def _read_long(rest: list[Any], rows: Sequence[Row], tables: Tables, before: Sequence[Texts]) -> list[str]:
    found = []
    for length in unpack_ints(rest[0], len(rows)):
        end = tables.read + length
        if length < 0 or end > len(tables.whole):
            raise ValueError("longer than the text there is")
        found.append(tables.whole[tables.read : end])
        tables.read = end
    return found


_READ: dict[str, Callable[[list[Any], Sequence[Row], Tables, Sequence[Texts]], list[str]]] = {
    "u": lambda rest, rows, tables, before: unpack_ids(rest[0], rows, tables),
    "k": lambda rest, rows, tables, before: [short_code(UUID(r.subject)) for r in rows],
    "d": _read_days,
    "t": _read_instants,
    "p": _read_padded,
    "n": _read_decimals,
    "x": _read_digits,
    "e": _read_words,
    "l": _read_long,
}


def quoted(texts: list[str], plain: bool) -> list[str]:
    """As JSON writes them."""
    if plain:
        return [f'"{t}"' for t in texts]
    seen: dict[str, str] = {}
    return [seen.get(t) or seen.setdefault(t, orjson.dumps(t).decode()) for t in texts]
