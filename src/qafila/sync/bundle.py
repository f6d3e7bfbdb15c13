"""A bundle: what one node has for another in one file, on a USB stick that anybody may carry.

    header     "QFLB", version, number, time (ms), ephemeral X25519 key, fingerprint of the receiver's key, the lengths
               of two names, sender, receiver
    body       chunks of 64 kB, each sealed with ChaCha20-Poly1305; inside, one after another, the parts
    signature  Ed25519 of the sender over SHA-256 of header and body
    "BLFQ"

The key is derived (HKDF-SHA256) from X25519 of the ephemeral and the receiver's sealing key, and bound to the header.
The nonce of a chunk is its place and a mark of the last one (STREAM, Hoang et al. 2015), so that chunks cannot change
places and nothing can be cut off. A part is a sealed frame, as on a network, or one of the messages defined here.

A reader goes through the whole file twice: first everything is verified and nothing kept, then it is handed out.
"""

from __future__ import annotations

import hashlib
import os
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import msgspec
import orjson
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.utils.translation import gettext_lazy as _

from qafila.journal.ranges import Ranges, loads
from qafila.sync import codec, pki
from qafila.sync.frames import FrameError, open_frame, seal
from qafila.sync.messages import Chunk as FileChunk
from qafila.sync.messages import Given, Mail, Message, Offer, Push

MAGIC, END = b"QFLB", b"BLFQ"
VERSION = 1
CHUNK = 64 * 1024
MAX_PART = 4 * 1024 * 1024
_TAG = 16
_SIGNATURE = 64
_HEAD = struct.Struct(">4sBQq32s32sBB")
_PART = struct.Struct(">BI")
_FRAME, _GREETING, _RECEIPT = 1, 2, 3
_CONTEXT = b"qafila bundle 1\0"
_MAX_NODE = 16
_NODE = re.compile(r"[A-Za-z0-9._-]+")
_NAME = re.compile(r"[0-9a-f]{64}")
_MOST = 1 << 63

REASONS = {
    "not_a_bundle": _("This file is no bundle of this program."),
    "truncated": _("The bundle is cut short: the stick was taken out too early or is damaged. Write it again."),
    "altered": _("The bundle is damaged or was altered, or another node wrote it. Write it again."),
    "too_old": _("The bundle was written by a program that is too old for this node. Update the node that wrote it."),
    "version": _("The bundle is of a version that this node does not read. Update this node."),
    "unknown_sender": _("The bundle comes from a node that is not enrolled here."),
    "revoked": _("The bundle comes from a node whose certificate was taken back."),
    "other_receiver": _("The bundle is meant for another node."),
    "other_key": _("The bundle was encrypted for an earlier box of this node. Write it again."),
    "unreadable": _("The content of the bundle cannot be read. Check that both nodes run a current version."),
    "medium": _("The stick cannot be read. Take it out, put it in again, or use another one."),
}
"""Why a bundle is refused, in words for a person."""


class BundleError(Exception):
    """A bundle that is refused; nothing of it was used. `reason` is a key of `REASONS`."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)

    def __str__(self) -> str:
        return str(REASONS.get(self.reason, self.reason))


class Greeting(msgspec.Struct, array_like=True):
    """A unit's first part: what it has, and what it took from earlier sticks."""

    ack_no: int
    """As in `Hello`: the last acknowledgement of mail that the hub confirmed."""
    own: dict[str, Ranges]
    """Run (hexadecimal) → ranges of its own records."""
    confirmed: dict[str, Ranges]
    """Of these: what it takes to be safe on the hub."""
    mail: list[tuple[int, bytes]] = []
    """Numbers and marks of mail that came by stick."""
    files: list[str] = []
    """Own files that the hub has not confirmed."""
    wanted: list[str] = []
    """Files of the hub that it waits for."""
    life: int = 0
    """As in `Hello`: without the same one as the hub's, `ack_no` says nothing."""


class Receipt(msgspec.Struct, array_like=True):
    """The hub's first part: what it holds of the unit's."""

    held: dict[str, Ranges]
    lost: dict[str, Ranges] = {}
    """What the unit took to be safe here and is not (restored from a backup)."""
    aside: list[bytes] = []
    """Hashes of records that are kept in quarantine: acknowledged all the same."""
    number: int = 0
    """The last bundle of the unit that was taken in; the rest answers it."""
    base: int = 0
    """The `ack_no` of its greeting."""
    ack_no: int = -1
    """The acknowledgement that confirmed `mail`, where nothing else was acknowledged since `base`."""
    mail: list[int] = []
    files: list[str] = []
    """Whole on this hub."""
    life: int = 0
    """As in `Welcome`."""
    sums: dict[str, int] = {}
    """As in `Welcome`, of the runs in `held`."""


Part = Message | Greeting | Receipt
_OWN: dict[int, msgspec.msgpack.Decoder[Greeting] | msgspec.msgpack.Decoder[Receipt]] = {
    _GREETING: msgspec.msgpack.Decoder(Greeting),
    _RECEIPT: msgspec.msgpack.Decoder(Receipt),
}
_FRAMES = (Push, Mail, Offer, FileChunk, Given)


@dataclass(frozen=True)
class Header:
    """Who wrote a bundle, for whom and when. Not believed before the bundle is verified."""

    sender: str
    receiver: str
    number: int
    time_ms: int
    ephemeral: bytes
    fingerprint: bytes
    raw: bytes


class Writer:
    """Writes a bundle into an open file; nothing of it counts before `close`."""

    def __init__(
        self, file: BinaryIO, sender: str, receiver: str, number: int, time_ms: int, key: bytes,
        signer: Ed25519PrivateKey, spoken: int = 0,
    ) -> None:  # fmt: skip
        """`key`: the receiver's sealing key; `spoken`: the version of its conversation.
        Raises `ValueError` where the key is none."""
        ephemeral = X25519PrivateKey.generate()
        shared = ephemeral.exchange(pki.sealing_public_key(key))
        public = ephemeral.public_key().public_bytes_raw()
        names = sender.encode(), receiver.encode()
        head = _HEAD.pack(
            MAGIC, VERSION, number, time_ms, public, fingerprint(key), len(names[0]), len(names[1])
        ) + b"".join(names)  # fmt: skip
        self.header = Header(sender, receiver, number, time_ms, public, fingerprint(key), head)
        self._file, self._signer, self._spoken = file, signer, spoken
        self._cipher = _cipher(shared, key, self.header)
        self._hash = hashlib.sha256()
        self._buffer = bytearray()
        self._place = 0
        self.size = 0
        self._write(head)

    def add(self, part: Part) -> None:
        """One more part. Raises `FrameError` where it is larger than a receiver takes; the bundle goes on without."""
        if isinstance(part, Message):
            head = self.header
            tag = _FRAME
            body = seal(part, head.sender, head.receiver, self._place, head.time_ms, self._signer, version=self._spoken)
        else:
            tag, body = (_GREETING if isinstance(part, Greeting) else _RECEIPT), msgspec.msgpack.encode(part)
        if len(body) > MAX_PART:
            raise FrameError("too_large")
        self._buffer += _PART.pack(tag, len(body)) + body
        while len(self._buffer) > CHUNK:
            self._seal(CHUNK, last=False)

    def close(self) -> None:
        """Seal the last chunk and sign. The file stays open."""
        self._seal(CHUNK, last=True)
        self._file.write(self._signer.sign(_CONTEXT + self._hash.digest()) + END)
        self.size += _SIGNATURE + len(END)

    def _seal(self, length: int, *, last: bool) -> None:
        data = bytes(self._buffer[:length])
        del self._buffer[:length]
        self._write(self._cipher.encrypt(_nonce(self._place, last=last), data, None))
        self._place += 1

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._hash.update(data)
        self.size += len(data)


class Bundle:
    """A bundle that is read. `key_of` gives a sender's signing key or raises `BundleError`."""

    def __init__(self, file: BinaryIO, me: str, sealing: X25519PrivateKey, key_of: Callable[[str], bytes]) -> None:
        """Raises `BundleError`."""
        self.header = read_header(file)
        if self.header.receiver != me:
            raise BundleError("other_receiver")
        self._file = file
        self._key = key_of(self.header.sender)
        public = sealing.public_key().public_bytes_raw()
        if self.header.fingerprint != fingerprint(public):
            raise BundleError("other_key")
        try:
            ephemeral = X25519PublicKey.from_public_bytes(self.header.ephemeral)
            self._cipher = _cipher(sealing.exchange(ephemeral), public, self.header)
        except ValueError as error:
            raise BundleError("altered") from error
        try:
            self.size = file.seek(0, os.SEEK_END)
        except OSError as error:
            raise BundleError("medium") from error
        self._body = self.size - len(self.header.raw) - _SIGNATURE - len(END)
        if self._body < _TAG:
            raise BundleError("truncated")

    def verify(self, seen: Callable[[int], None] = lambda done: None) -> None:
        """Every tag, frame and message, and the signature over all. `seen` is told the bytes read so far.

        Raises `BundleError`. Keeps nothing.
        """
        if self._read(self.size - len(END), len(END)) != END:
            raise BundleError("truncated")
        digest = hashlib.sha256(self.header.raw)
        for part in self._parts(seen, digest.update):
            _check(part)
        signature = self._read(self.size - _SIGNATURE - len(END), _SIGNATURE)
        try:
            pki.public_key(self._key).verify(signature, _CONTEXT + digest.digest())
        except (InvalidSignature, ValueError) as error:
            raise BundleError("altered") from error

    def parts(self, seen: Callable[[int], None] = lambda done: None) -> Iterator[Part]:
        """The messages, in order; only after `verify`. Raises `BundleError` where the medium fails in between."""
        yield from self._parts(seen, lambda data: None)

    def _parts(self, seen: Callable[[int], None], hashed: Callable[[bytes], object]) -> Iterator[Part]:
        buffer = bytearray()
        for data in self._chunks(seen, hashed):
            buffer += data
            place = 0
            while len(buffer) - place >= _PART.size:
                tag, length = _PART.unpack_from(buffer, place)
                if length > MAX_PART:
                    raise BundleError("unreadable")
                if len(buffer) - place < _PART.size + length:
                    break
                start = place + _PART.size
                yield self._open(tag, bytes(buffer[start : start + length]))
                place = start + length
            del buffer[:place]
        if buffer:
            raise BundleError("unreadable")

    def _chunks(self, seen: Callable[[int], None], hashed: Callable[[bytes], object]) -> Iterator[bytes]:
        place, done = 0, 0
        while done < self._body:
            sealed = self._read(len(self.header.raw) + done, min(CHUNK + _TAG, self._body - done))
            done += len(sealed)
            hashed(sealed)
            try:
                data = self._cipher.decrypt(_nonce(place, last=done == self._body), sealed, None)
            except (InvalidTag, ValueError) as error:
                raise BundleError("altered") from error
            yield data
            seen(done)
            place += 1

    def _read(self, start: int, length: int) -> bytes:
        try:
            self._file.seek(start)
            data = self._file.read(length)
        except OSError as error:
            raise BundleError("medium") from error
        if len(data) != length:
            raise BundleError("truncated")
        return data

    def _open(self, tag: int, body: bytes) -> Part:
        if tag == _FRAME:
            try:
                frame = open_frame(body, self.header.receiver, self._key_of)
            except FrameError as error:
                reason = {"altered": "altered", "too_old": "too_old", "too_new": "version"}.get(error.reason)
                raise BundleError(reason or "unreadable") from error
            return frame.message
        if tag not in _OWN:
            raise BundleError("version")
        try:
            return _OWN[tag].decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise BundleError("unreadable") from error

    def _key_of(self, sender: str) -> bytes:
        if sender != self.header.sender:
            raise FrameError("altered")
        return self._key


def read_header(file: BinaryIO) -> Header:
    """What a file says about itself. Raises `BundleError`."""
    try:
        file.seek(0)
        data = file.read(_HEAD.size + 2 * _MAX_NODE)
    except OSError as error:
        raise BundleError("medium") from error
    if data[:4] != MAGIC[: len(data[:4])]:
        raise BundleError("not_a_bundle")
    if len(data) < _HEAD.size:
        raise BundleError("truncated")
    _, version, number, time_ms, ephemeral, mark, one, two = _HEAD.unpack_from(data)
    if version != VERSION:
        raise BundleError("version")
    if not 0 < one <= _MAX_NODE or not 0 < two <= _MAX_NODE or number >= _MOST:
        raise BundleError("not_a_bundle")
    raw = data[: _HEAD.size + one + two]
    if len(raw) < _HEAD.size + one + two:
        raise BundleError("truncated")
    names = raw[_HEAD.size :].decode("ascii", "replace")
    sender, receiver = names[:one], names[one:]
    if not _NODE.fullmatch(sender) or not _NODE.fullmatch(receiver):
        raise BundleError("not_a_bundle")
    return Header(sender, receiver, number, time_ms, ephemeral, mark, raw)


def fingerprint(key: bytes) -> bytes:
    """By which a receiver knows whether a bundle is encrypted to its key."""
    return hashlib.sha256(b"qafila sealing key\0" + key).digest()


def _cipher(shared: bytes, receiver: bytes, header: Header) -> ChaCha20Poly1305:
    kdf = HKDF(SHA256(), 32, salt=header.ephemeral + receiver, info=_CONTEXT + header.raw)
    return ChaCha20Poly1305(kdf.derive(shared))


def _nonce(place: int, *, last: bool) -> bytes:
    return place.to_bytes(11, "big") + (b"\1" if last else b"\0")


def _check(part: Part) -> None:
    """Whether all of a message can be used. Raises `BundleError`."""
    try:
        if isinstance(part, Push | Mail):
            count = len(codec.COLUMNS.unpack(part.parcels))
            if isinstance(part, Mail) and (count != len(part.numbers) or not all(0 < n < _MOST for n in part.numbers)):
                raise ValueError("numbers")
        elif isinstance(part, Greeting):
            for said in (part.own, part.confirmed):
                by_run(said)
            _sound([part.ack_no, *(n for n, _ in part.mail)], [*part.files, *part.wanted])
        elif isinstance(part, Receipt):
            for said in (part.held, part.lost):
                by_run(said)
            _sound([part.number, part.base, part.ack_no + 1, *part.mail], part.files)
        elif not isinstance(part, _FRAMES):
            raise BundleError("version")
    except (ValueError, codec.CodecError) as error:
        raise BundleError("unreadable") from error


def _sound(numbers: list[int], names: list[str]) -> None:
    if not all(0 <= n < _MOST for n in numbers) or not all(_NAME.fullmatch(n) for n in names):
        raise ValueError("a number or the name of a file")


def by_run(said: dict[str, Ranges]) -> dict[int, Ranges]:
    """Run → ranges, from the form in which they travel. Raises `ValueError`."""
    found: dict[int, Ranges] = {}
    for run, ranges in said.items():
        number = int(run, 16)
        if not 0 <= number < _MOST:
            raise ValueError("a run is a number of 63 bits")
        found[number] = loads(orjson.dumps(ranges).decode())
        if found[number] and found[number][-1][1] >= 1 << 31:
            raise ValueError("a record's place is a number of 31 bits")
    return found
