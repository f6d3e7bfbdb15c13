"""Shapes: what records of one kind of act have in common, said once in a frame; what is left goes into columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
import orjson

from qafila.journal import canon
from qafila.journal.header import Header

MAX_DEPTH = 6
TEXT, NUMBER, FRACTION, OTHER = "s", "i", "f", "j"
LITERALS = {"T": "true", "F": "false", "N": "null"}
Fields = list[Any]
"""Name, class, name, class…: a class is one of the letters above, or the `Fields` of an object."""


class Source(msgspec.Struct, array_like=True, frozen=True):
    """Where records come from."""

    node: str
    run: int
    custodian: str
    programme: str


class Shape(msgspec.Struct, array_like=True, frozen=True):
    """What a group of records shares."""

    source: int
    """Which of the frame's sources."""
    act: str
    kind: str
    schema: int
    op: str
    lane: int
    base: list[Any]
    """Name, number of stamps, name, …"""
    refs: int
    fields: Fields | None


def shape_of(
    header: Header, fields: dict[str, Any] | None, lane: int, sources: dict[Source, int]
) -> tuple[Shape, list[Any]]:
    """The shape of a record, and the values that it leaves open. A source that is new gets the next number."""
    source = Source(header.node, header.run, header.custodian, header.programme)
    number = sources.setdefault(source, len(sources))
    values: list[Any] = []
    known = None if fields is None else _fields(fields, values, 0)
    base = [x for name, stamps in sorted(header.base.items()) for x in (name, len(stamps))]
    return Shape(number, header.act, header.kind, header.schema, header.op, lane, base, len(header.refs), known), values


def _fields(fields: dict[str, Any], values: list[Any], depth: int) -> Fields:
    out: Fields = []
    for name, value in sorted(fields.items()):
        out.append(name)
        if isinstance(value, dict) and value and depth < MAX_DEPTH:
            out.append(_fields(value, values, depth + 1))
            continue
        letter = _letter(value)
        out.append(letter)
        if letter in (TEXT, NUMBER):
            values.append(value)
        elif letter not in LITERALS:
            values.append(canon.dumps(value).decode())
    return out


def _letter(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "N" if value is None else "T" if value else "F"
    if isinstance(value, str):
        return TEXT
    if isinstance(value, int):
        return NUMBER if -(1 << 60) < value < 1 << 60 else OTHER
    return FRACTION if isinstance(value, float) else OTHER


def open_letters(fields: Fields | None, depth: int = 0) -> Iterator[str]:
    """The classes of the values that a shape leaves open, in order. Raises `ValueError`."""
    if depth > MAX_DEPTH or len(fields or ()) % 2:
        raise ValueError("no shape")
    for letter in (fields or ())[1::2]:
        if isinstance(letter, list):
            yield from open_letters(letter, depth + 1)
        elif letter in (TEXT, NUMBER, FRACTION, OTHER):
            yield letter
        elif letter not in LITERALS:
            raise ValueError("no shape")


def known_texts(sources: Iterable[Source]) -> Iterator[str]:
    """What fields often repeat of where they come from."""
    for source in sources:
        yield from (source.node, source.custodian, source.programme)


def template(fields: Fields) -> str:
    """The canonical JSON of the shape's fields with a `%s` for every open value."""
    parts = []
    for name, letter in zip(fields[::2], fields[1::2], strict=True):
        value = template(letter) if isinstance(letter, list) else LITERALS.get(letter, "%s")
        parts.append(f"{_json(name)}:{value}")
    return "{" + ",".join(parts) + "}"


def header_templates(shape: Shape, source: Source) -> tuple[str, str]:
    """The header before and after the part that is each record's own; `%s` for every stamp and reference."""
    names, counts = shape.base[::2], shape.base[1::2]
    if any(not isinstance(c, int) or not 0 <= c <= 64 for c in counts) or not 0 <= shape.refs <= 256:
        raise ValueError("no shape")
    base = ",".join(f"{_json(name)}:[{_marks(count)}]" for name, count in zip(names, counts, strict=True))
    start = f"[{_json(source.node)},{source.run},%d,%d,"
    middle = f"%s,{_json(shape.act)},{_json(shape.kind)},{shape.schema},{_json(shape.op)},%s,%s,"
    end = f"{{{base}}},[{_marks(shape.refs)}],{_json(source.custodian)},{_json(source.programme)},"
    return start + middle, end


def _marks(count: int) -> str:
    return ",".join(["%s"] * count)


def _json(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("no shape")
    return orjson.dumps(value).decode().replace("%", "%%")


def discriminator(columns: Sequence[Sequence[Any]], letters: Sequence[str]) -> Sequence[Any] | None:
    """The column by whose values a group is best split: few different words, so that others become the same."""
    best, most = None, 1
    for column, letter in zip(columns, letters, strict=True):
        if letter != TEXT:
            continue
        words = set(column)
        if most < len(words) <= min(24, len(column) // 3) and all(w[:1].isalpha() and len(w) < 24 for w in words):
            best, most = column, len(words)
    return best
