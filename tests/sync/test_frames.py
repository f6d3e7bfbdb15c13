"""Frames and packed records: what went in comes out, and what was touched on the way is refused, whole."""

from __future__ import annotations

import hashlib
import struct
from importlib import resources

import msgspec
import pytest
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from qafila.journal import canon
from qafila.journal.ingest import Parcel
from qafila.sync import codec
from qafila.sync.dictionaries import load as dictionaries
from qafila.sync.frames import MAX_FRAME, MAX_RAW, FrameError, open_frame, seal
from qafila.sync.messages import Chunk, Kind, Message, Pull, Push

KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key().public_bytes_raw()
SMALL = st.binary(max_size=60)
RELEASED = {1: "eafadf354b437c42a30958f7e3714dbda36b0d6346e46a0ea2261e96efd4e7a4"}


def opened(data: bytes, me: str = "H"):  # type: ignore[no-untyped-def]
    return open_frame(data, me, lambda sender: PUBLIC)


def sealed(message: Message) -> bytes:
    return seal(message, "U1", "H", 42, 1_700_000_000_000, KEY)


@st.composite
def parcels(draw: st.DrawFn) -> list[Parcel]:
    """Records as they are, records without a digest at their end, chained and not."""
    out: list[Parcel] = []
    for _ in range(draw(st.integers(0, 6))):
        fields, salt = draw(st.none() | SMALL), draw(st.sampled_from([b"", b"s" * 16]) | SMALL)
        header = draw(SMALL)
        if draw(st.booleans()):
            header += canon.digest(salt, fields or b"").hex().encode() + b'"]'
        prev = canon.link(out[-1].prev, out[-1].header) if out and draw(st.booleans()) else draw(SMALL)
        out.append(Parcel(header, fields, salt, draw(st.integers(0, 5)), prev))
    return out


@given(parcels())
def test_packed_records_are_the_very_same(records: list[Parcel]) -> None:
    assert codec.ROWS.unpack(codec.ROWS.pack(records)) == records


@given(st.binary(max_size=400))
def test_bytes_that_are_no_records_are_refused(data: bytes) -> None:
    try:
        codec.ROWS.unpack(data)
    except codec.CodecError:
        return


def test_more_records_than_a_frame_may_carry_are_refused() -> None:
    with pytest.raises(codec.CodecError):
        codec.ROWS.unpack(codec.ROWS.pack([Parcel(b"", None, b"", 0, b"")] * (codec.MAX_PARCELS + 1)))


@given(st.binary(max_size=3000))
def test_a_frame_is_opened_as_it_was_sealed(data: bytes) -> None:
    frame = opened(sealed(Push(data)))
    assert frame.message == Push(data) and frame.kind is Kind.PUSH
    assert (frame.sender, frame.receiver, frame.number) == ("U1", "H", 42)


@given(st.data())
def test_a_frame_cut_anywhere_is_refused(data: st.DataObject) -> None:
    frame = sealed(Push(b"x" * 50))
    cut = data.draw(st.integers(0, len(frame) - 1))
    with pytest.raises(FrameError) as refused:
        opened(frame[:cut])
    assert refused.value.reason == "truncated"


@settings(max_examples=300)
@given(st.data())
def test_a_frame_with_any_bit_changed_is_refused(data: st.DataObject) -> None:
    frame = bytearray(sealed(Push(b"x" * 50)))
    bit = data.draw(st.integers(0, len(frame) * 8 - 1))
    frame[bit >> 3] ^= 1 << (bit & 7)
    with pytest.raises(FrameError):
        opened(bytes(frame))


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    for start in (b"", b"QFLA", sealed(Push(b""))[:20]):
        with pytest.raises(FrameError):
            opened(start + data)


def test_a_frame_for_another_node_or_of_another_key_is_refused() -> None:
    with pytest.raises(FrameError, match="another node"):
        opened(sealed(Push(b"")), me="H2")
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    with pytest.raises(FrameError, match="another key"):
        open_frame(sealed(Push(b"")), "H", lambda sender: other)


def forged(
    body: bytes, raw: int, kind: int = Kind.PUSH, version: int = 1, packed: int | None = None, dictionary: int = 0
) -> bytes:
    """A frame signed with the right key that lies about itself."""
    length = len(body) if packed is None else packed
    head = struct.pack(">4sBBBBQqIIBB", b"QFLA", version, kind, 1, dictionary, 1, 1, raw, length, 2, 1) + b"U1H" + body
    return head + KEY.sign(head)


BOMB = zstandard.ZstdCompressor(level=19).compress(bytes(200_000_000))


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (forged(b"", 2**32 - 1), "too_large"),
        (forged(b"x", 10, packed=2**32 - 1), "too_large"),
        (bytes(MAX_FRAME + 1), "too_large"),
        (forged(BOMB, 1000), "too_large"),
        (forged(BOMB, MAX_RAW), "too_large"),
        (forged(b"not zstd", 8), "unreadable"),
        (forged(zstandard.compress(b"not msgpack"), 11), "unreadable"),
        (forged(zstandard.compress(msgspec.msgpack.encode([1, 2])), 3), "unreadable"),
        (forged(zstandard.compress(msgspec.msgpack.encode([b""])), 3, kind=99), "unreadable"),
        (forged(b"", 0, version=2), "too_new"),
        (forged(b"", 0, version=0), "too_old"),
        (forged(zstandard.compress(b"x"), 1, dictionary=255), "dictionary"),
        (
            forged(zstandard.ZstdCompressor(level=3).compress(b"x" * 99), 99, dictionary=dictionaries.LATEST),
            "unreadable",
        ),
        (b"GET / HTTP/1.1\r\n\r\n" * 20, "not_a_frame"),
        (sealed(Pull()) + b"more", "not_a_frame"),
    ],
)
def test_a_frame_that_lies_is_refused_before_it_is_unpacked(frame: bytes, reason: str) -> None:
    with pytest.raises(FrameError) as refused:
        opened(frame)
    assert refused.value.reason == reason and str(refused.value)


def test_what_is_too_large_to_be_taken_is_not_sealed() -> None:
    with pytest.raises(FrameError):
        sealed(Chunk("0" * 64, 0, bytes(MAX_RAW + 1)))


def test_a_newer_peers_extra_field_is_passed_over() -> None:
    raw = msgspec.msgpack.encode([[7], 1000, 5, 6, 7, [], "a field of a later version"])
    assert opened(forged(zstandard.compress(raw), len(raw), kind=Kind.PULL)).message == Pull([7], 1000, 5, 6, 7)


@pytest.mark.parametrize("dictionary", [dictionaries.NONE, *dictionaries.KNOWN])
def test_a_frame_of_every_known_dictionary_and_of_none_is_read(dictionary: int) -> None:
    frame = seal(Pull([1, 2], 7), "U1", "H", 42, 1, KEY, dictionary=dictionary)
    assert opened(frame).message == Pull([1, 2], 7)


def test_each_dictionary_is_the_file_that_was_released() -> None:
    """Both ends must have the very same bytes: a released file is never trained again."""
    for number, name in RELEASED.items():
        data = resources.files("qafila.sync.dictionaries").joinpath(f"{number}.zdict").read_bytes()
        assert hashlib.sha256(data).hexdigest() == name and len(data) <= 112 * 1024
    assert tuple(RELEASED) == dictionaries.KNOWN
