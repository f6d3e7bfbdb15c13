"""The part of CBOR (RFC 8949) that signed prints need, read strictly: what is not needed is refused, not interpreted.

Whole numbers, byte strings, texts, lists and maps of a stated length, and tags. No floats, no endless items, no
bignums, no number in more bytes than it needs, no key twice: a reader for what strangers hold before a camera.
"""

from __future__ import annotations

from typing import Any, NamedTuple

DEEPEST = 6
_WIDTHS = {24: 1, 25: 2, 26: 4, 27: 8}


class Malformed(ValueError):
    """Not the CBOR that is expected here."""


class Tag(NamedTuple):
    """A tagged item."""

    number: int
    value: Any


def dumps(value: Any) -> bytes:
    """The deterministic encoding (RFC 8949, section 4.2.1) of int, bytes, str, list, dict and `Tag`."""
    if isinstance(value, Tag):
        return _head(6, value.number) + dumps(value.value)
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        raw = value.encode()
        return _head(3, len(raw)) + raw
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(dumps(one) for one in value)
    if isinstance(value, dict):
        pairs = sorted((dumps(key), dumps(one)) for key, one in value.items())
        return _head(5, len(pairs)) + b"".join(key + one for key, one in pairs)
    raise TypeError(type(value).__name__)


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    for code, width in _WIDTHS.items():
        if number < 1 << 8 * width:
            return bytes([major << 5 | code]) + number.to_bytes(width)
    raise ValueError("too large a number")


def loads(data: bytes) -> Any:
    """The one item that `data` is. Raises `Malformed`."""
    value, end = _item(data, 0, 0)
    if end != len(data):
        raise Malformed("more follows")
    return value


def _item(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    if depth > DEEPEST:
        raise Malformed("too deep")
    major, number, at = _read_head(data, at)
    if major == 0:
        return number, at
    if major == 1:
        return -1 - number, at
    if major in (2, 3):
        raw = data[at : at + number]
        if len(raw) != number:
            raise Malformed("cut off")
        return (raw if major == 2 else _text(raw)), at + number
    if major == 6:
        value, at = _item(data, at, depth + 1)
        return Tag(number, value), at
    # Each item takes a byte at least: a length that cannot be is refused before anything is made of it.
    if number > len(data) - at:
        raise Malformed("cut off")
    if major == 4:
        found = []
        for _ in range(number):
            value, at = _item(data, at, depth + 1)
            found.append(value)
        return found, at
    return _map(data, at, depth, number)


def _map(data: bytes, at: int, depth: int, number: int) -> tuple[dict[int | str, Any], int]:
    pairs: dict[int | str, Any] = {}
    for _ in range(number):
        key, at = _item(data, at, depth + 1)
        if not isinstance(key, (int, str)) or key in pairs:
            raise Malformed("key")
        pairs[key], at = _item(data, at, depth + 1)
    return pairs, at


def _read_head(data: bytes, at: int) -> tuple[int, int, int]:
    if at >= len(data):
        raise Malformed("cut off")
    major, number = data[at] >> 5, data[at] & 31
    at += 1
    if major == 7 or number > 27:
        raise Malformed("kind of item")
    if number >= 24:
        width = _WIDTHS[number]
        raw = data[at : at + width]
        if len(raw) != width:
            raise Malformed("cut off")
        number, at = int.from_bytes(raw), at + width
        if number < (24 if width == 1 else 1 << 4 * width):
            raise Malformed("number written too long")
    return major, number, at


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise Malformed("text") from error
