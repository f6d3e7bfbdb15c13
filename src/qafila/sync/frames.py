"""A frame: what one node says to another, compressed and signed, the same bytes on a network and on a stick.

    "QFLA", version, kind, codec, dictionary, number, time (ms), length unpacked, length packed,
    sender, receiver, body (zstd of MessagePack), Ed25519 signature over all before it

`codec` says how records inside are packed (`sync.codec`), `dictionary` what zstd was helped by (0: nothing). A
receiver without that dictionary refuses with the reason "dictionary"; the sender then seals without one.

`version` is that of the conversation (`sync.versions`): an answer has that of its request.

Nothing of a frame is used, and nothing unpacked, before its signature has been verified; lengths are compared with
the limits before anything is allocated.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import zstandard
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from qafila.sync import pki, versions
from qafila.sync.codec import CODECS, COLUMNS
from qafila.sync.dictionaries import load as dictionaries
from qafila.sync.messages import KINDS, SHAPES, Kind, Message

Headers = Sequence[tuple[str, str]]
"""Of HTTP: what the hub has to know before it reads a frame."""
MAGIC = b"QFLA"
PATH = "/sync"
"""Where frames are posted."""
GOES_ON = "qafila-goes-on"
"""Header of a request whose body is the rest of an interrupted frame: its mark in hexadecimal, a space, and the byte
of the frame with which the body begins."""
PRESSING = "qafila-pressing"
"""Header of a request that carries an urgent case."""
MAX_RAW = 4 * 1024 * 1024
MAX_FRAME = 1024 * 1024
MARK = 8
_HEAD = struct.Struct(">4sBBBBQqIIBB")
_SIGNATURE = 64
_MAX_NODE = 16
_DECODERS = {kind: msgspec.msgpack.Decoder(shape) for kind, shape in SHAPES.items()}
"""Made here, not at the first frame: two threads that teach msgspec the same shape at once may end the process."""
_NODE = re.compile(r"[A-Za-z0-9._-]+")

REASONS = {
    "truncated": "the frame is cut short",
    "not_a_frame": "these bytes are no frame",
    "too_old": "the frame is of a version that this node does not speak any more",
    "too_new": "the frame is of a version that this node does not speak yet",
    "dictionary": "the frame was packed with a dictionary that this node does not have",
    "altered": "the frame was altered on its way, or another key signed it",
    "unknown_sender": "the sender is not enrolled here",
    "revoked": "the sender's certificate was taken back",
    "other_receiver": "the frame is meant for another node",
    "too_large": "the frame is larger than a node takes",
    "unreadable": "the frame's content cannot be read",
    "unexpected": "the frame is no answer to what was asked",
}


class FrameError(Exception):
    """A frame that is refused; nothing of it was used. `reason` is a key of `REASONS`."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(REASONS.get(reason, reason))


@dataclass(frozen=True)
class Frame:
    """An opened frame."""

    kind: Kind
    sender: str
    receiver: str
    number: int
    """A reply bears the number of what it answers."""
    time_ms: int
    codec: int
    dictionary: int
    """With which it was compressed: whoever sent it can read an answer with the same."""
    message: Message
    version: int = 1
    """In which it was written: whoever sent it can read an answer in the same."""


@dataclass(frozen=True)
class _Head:
    version: int
    kind: int
    codec: int
    dictionary: int
    number: int
    time_ms: int
    raw: int
    sender: str
    receiver: str
    body: bytes
    signed: bytes
    signature: bytes


def seal(
    message: Message,
    sender: str,
    receiver: str,
    number: int,
    time_ms: int,
    key: Ed25519PrivateKey,
    dictionary: int = dictionaries.LATEST,
    version: int = 0,
) -> bytes:
    """The frame's bytes; `dictionary` 0 for a receiver that lacks ours, `version` 0 for the latest.

    Raises `FrameError` where the message is larger than a receiver would take.
    """
    raw = msgspec.msgpack.encode(message)
    body = dictionaries.compress(raw, dictionary)
    if len(raw) > MAX_RAW or len(body) > MAX_FRAME - 1024:
        raise FrameError("too_large")
    names = sender.encode(), receiver.encode()
    head = _HEAD.pack(
        MAGIC, version or versions.VERSION, KINDS[type(message)], COLUMNS.number, dictionary, number, time_ms, len(raw),
        len(body), len(names[0]), len(names[1]),
    )  # fmt: skip
    signed = b"".join((head, *names, body))
    return signed + key.sign(signed)


def mark(data: bytes) -> bytes:
    """By what both ends know a frame, or its beginning of at least 64 bytes: eight bytes.

    Its head holds sender, number and time, so no two frames begin alike.
    """
    return hashlib.sha256(data[:64]).digest()[:MARK]


def open_frame(data: bytes, me: str, key_of: Callable[[str], bytes], spoken: range | None = None) -> Frame:
    """Verify and read a frame. `key_of` gives a sender's public key or raises `FrameError`; `spoken`: None for what
    this program speaks.

    Raises `FrameError`.
    """
    head = _head(data, versions.SPOKEN if spoken is None else spoken)
    if head.receiver != me:
        raise FrameError("other_receiver")
    key = key_of(head.sender)
    try:
        pki.public_key(key).verify(head.signature, head.signed)
    except (InvalidSignature, ValueError) as error:
        raise FrameError("altered") from error
    if head.codec not in CODECS:
        raise FrameError("too_new")
    if head.dictionary not in (dictionaries.NONE, *dictionaries.KNOWN):
        raise FrameError("dictionary")
    try:
        kind = Kind(head.kind)
        message = _DECODERS[kind].decode(_unpack(head))
    except (ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise FrameError("unreadable") from error
    return Frame(
        kind, head.sender, head.receiver, head.number, head.time_ms, head.codec, head.dictionary, message, head.version
    )


def _head(data: bytes, spoken: range) -> _Head:
    if len(data) > MAX_FRAME:
        raise FrameError("too_large")
    if data[:4] != MAGIC[: len(data[:4])]:
        raise FrameError("not_a_frame")
    if len(data) < _HEAD.size + _SIGNATURE:
        raise FrameError("truncated")
    _, version, kind, codec, dictionary, number, time_ms, raw, packed, one, two = _HEAD.unpack_from(data)
    if version not in spoken:
        raise FrameError("too_old" if version < spoken.start else "too_new")
    if raw > MAX_RAW or packed > MAX_FRAME:
        raise FrameError("too_large")
    if not 0 < one <= _MAX_NODE or not 0 < two <= _MAX_NODE:
        raise FrameError("not_a_frame")
    end = _HEAD.size + one + two + packed
    if len(data) < end + _SIGNATURE:
        raise FrameError("truncated")
    if len(data) > end + _SIGNATURE:
        raise FrameError("not_a_frame")
    try:
        sender = data[_HEAD.size : _HEAD.size + one].decode("ascii")
        receiver = data[_HEAD.size + one : _HEAD.size + one + two].decode("ascii")
    except UnicodeDecodeError as error:
        raise FrameError("not_a_frame") from error
    if not _NODE.fullmatch(sender) or not _NODE.fullmatch(receiver):
        raise FrameError("not_a_frame")
    body = data[end - packed : end]
    return _Head(version, kind, codec, dictionary, number, time_ms, raw, sender, receiver, body, data[:end], data[end:])


def _unpack(head: _Head) -> bytes:
    try:
        # The compressed stream states its own size: it must be the one that was signed and checked above.
        if zstandard.frame_content_size(head.body) != head.raw:
            raise FrameError("too_large")
        raw = dictionaries.decompress(head.body, head.dictionary)
    except zstandard.ZstdError as error:
        raise FrameError("unreadable") from error
    if len(raw) != head.raw:
        raise FrameError("unreadable")
    return raw
