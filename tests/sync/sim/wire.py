"""Sealing frames: as the real ones in some seeds; else with a checksum that refuses what a signature would refuse, and
records in rows, which are packed in a tenth of the time that columns take."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from qafila.sync import codec, frames
from qafila.sync.frames import Frame, FrameError
from qafila.sync.messages import KINDS, SHAPES, Kind, Message

_HEAD = struct.Struct(">BBQq2s2s")
_SUM = 4
_decoders = {kind: msgspec.msgpack.Decoder(shape) for kind, shape in SHAPES.items()}


def light(message: Message, sender: str, receiver: str, number: int, time_ms: int, version: int = 1) -> bytes:
    head = _HEAD.pack(version, KINDS[type(message)], number, time_ms, sender.encode(), receiver.encode())
    data = head + msgspec.msgpack.encode(message)
    return data + zlib.crc32(data).to_bytes(_SUM, "big")


def open_light(data: bytes, me: str, spoken: range) -> Frame:
    if len(data) < _HEAD.size + _SUM:
        raise FrameError("truncated")
    if zlib.crc32(data[:-_SUM]) != int.from_bytes(data[-_SUM:], "big"):
        raise FrameError("altered")
    theirs, kind, number, time_ms, sender, receiver = _HEAD.unpack_from(data)
    if theirs not in spoken:
        raise FrameError("too_old" if theirs < spoken.start else "too_new")
    if receiver.rstrip(b"\0").decode() != me:
        raise FrameError("other_receiver")
    try:
        message = _decoders[Kind(kind)].decode(data[_HEAD.size : -_SUM])
    except (ValueError, msgspec.MsgspecError) as error:
        raise FrameError("unreadable") from error
    return Frame(Kind(kind), sender.rstrip(b"\0").decode(), me, number, time_ms, 2, 0, message, theirs)


@cache
def _key(node: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(node.encode().ljust(32, b"."))


def _public(node: str) -> bytes:
    return _key(node).public_key().public_bytes_raw()


class Wire:
    """How the nodes of one fleet seal and open."""

    def __init__(self, real: bool) -> None:
        self.real = real

    def seal(self, message: Message, sender: str, receiver: str, number: int, time_ms: int, version: int) -> bytes:
        if self.real:
            return frames.seal(message, sender, receiver, number, time_ms, _key(sender), version=version)
        return light(message, sender, receiver, number, time_ms, version)

    def opener(self, me: str, spoken: range) -> Callable[[bytes], Frame]:
        if not self.real:
            return lambda data: open_light(data, me, spoken)
        return lambda data: frames.open_frame(data, me, _public, spoken)


@contextmanager
def packing(*, columns: bool) -> Iterator[None]:
    """How the nodes of one fleet pack records: both ways give back the very same."""
    usual = codec.COLUMNS
    codec.COLUMNS = usual if columns else codec.ROWS  # type: ignore[assignment]
    try:
        yield
    finally:
        codec.COLUMNS = usual
