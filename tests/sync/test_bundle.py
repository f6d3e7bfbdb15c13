"""Bundles: what went in comes out, and what was touched, cut, forged or made up is refused before it is used."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from random import Random

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from qafila.journal.ranges import join, subtract
from qafila.sync import bundle, codec
from qafila.sync.bundle import Bundle, BundleError, Greeting, Part, Receipt, Writer
from qafila.sync.messages import Chunk, File, Given, Mail, Offer, Pull, Push

SIGNER = Ed25519PrivateKey.generate()
SEALING = X25519PrivateKey.generate()
PUBLIC = SEALING.public_key().public_bytes_raw()
EMPTY = codec.COLUMNS.pack([])


def written(*parts: Part, spoil: Callable[[Writer], None] = lambda writer: None) -> bytes:
    file = io.BytesIO()
    writer = Writer(file, "U1", "H", 7, 1_700_000_000_000, PUBLIC, SIGNER)
    for part in parts:
        writer.add(part)
    spoil(writer)
    writer.close()
    assert writer.size == len(file.getvalue())
    return file.getvalue()


def key_of(sender: str) -> bytes:
    if sender != "U1":
        raise BundleError("unknown_sender")
    return SIGNER.public_key().public_bytes_raw()


def opened(data: bytes, me: str = "H") -> list[Part]:
    found = Bundle(io.BytesIO(data), me, SEALING, key_of)
    found.verify()
    return list(found.parts())


def reason(data: bytes, me: str = "H") -> str:
    with pytest.raises(BundleError) as refused:
        opened(data, me)
    assert str(refused.value) and refused.value.reason in bundle.REASONS
    return refused.value.reason


NAME = "0" * 64
GREETING = Greeting(3, {"1f": [[1, 9]]}, {"1f": [[1, 4]]}, [(5, b"12345678")], [NAME], [NAME])
RECEIPT = Receipt({"1f": [[1, 9]]}, {}, [b"h" * 32], 7, 3, 4, [5], [NAME])
PARTS: list[Part] = [
    GREETING, RECEIPT, Push(EMPTY), Mail([], EMPTY, 0, 0), Offer([File(NAME, 5, "image/jpeg", 3)]),
    Chunk(NAME, 0, b"12345"), Given(NAME, 0, 5, "image/jpeg", b"12345"),
]  # fmt: skip


@settings(max_examples=40)
@given(st.lists(st.sampled_from(PARTS) | st.builds(Chunk, st.just(NAME), st.integers(0, 99), st.binary(max_size=9000)),
                max_size=40))  # fmt: skip
def test_what_went_in_comes_out(parts: list[Part]) -> None:
    assert opened(written(*parts)) == parts


@pytest.mark.parametrize("length", [bundle.CHUNK + d for d in range(-250, -90, 1)])
def test_whatever_length_the_last_chunk_has(length: int) -> None:
    parts: list[Part] = [Greeting(0, {}, {}, [(1, bytes(length - 64))])]
    assert opened(written(*parts)) == parts


def test_every_single_bit_counts() -> None:
    whole = written(GREETING, Push(EMPTY))
    for bit in range(8 * len(whole)):
        spoilt = bytearray(whole)
        spoilt[bit >> 3] ^= 1 << (bit & 7)
        reason(bytes(spoilt))


def test_cut_anywhere_it_is_refused() -> None:
    whole = written(GREETING, Push(EMPTY))
    assert {reason(whole[:cut]) for cut in range(len(whole))} == {"truncated"}
    assert reason(whole + b"more") == "truncated"


DICE = Random(7)


def big() -> bytes:
    return written(*(Chunk(NAME, i, DICE.randbytes(30_000)) for i in range(20)))


def test_chunks_that_change_places_or_are_left_out_are_refused() -> None:
    whole = big()
    start = len(bundle.read_header(io.BytesIO(whole)).raw)
    step = bundle.CHUNK + 16
    first, second = whole[start : start + step], whole[start + step : start + 2 * step]
    assert len(whole) > start + 3 * step and len(opened(whole)) == 20
    assert reason(whole[:start] + second + first + whole[start + 2 * step :]) == "altered"
    assert reason(whole[:start] + second + whole[start + 2 * step :]) == "altered"
    assert reason(whole[:start] + first + whole[-68:]) == "altered"
    assert reason(whole[:start] + first + first + whole[start + step :]) == "altered"


def test_a_bundle_of_another_key_is_refused() -> None:
    file = io.BytesIO()
    writer = Writer(file, "U1", "H", 7, 0, PUBLIC, Ed25519PrivateKey.generate())
    writer.add(GREETING)
    writer.close()
    assert reason(file.getvalue()) == "altered"
    other = X25519PrivateKey.generate().public_key().public_bytes_raw()
    Writer(file := io.BytesIO(), "U1", "H", 7, 0, other, SIGNER).close()
    assert reason(file.getvalue()) == "other_key"
    whole = written(GREETING)
    assert reason(whole, me="H2") == "other_receiver"
    Writer(file := io.BytesIO(), "U2", "H", 7, 0, PUBLIC, SIGNER).close()
    assert reason(file.getvalue()) == "unknown_sender"


def test_a_bundle_is_not_readable_without_the_receivers_key() -> None:
    words = b"words that nobody else may read"
    assert words not in written(Chunk(NAME, 0, words * 3)) and NAME.encode() not in written(GREETING)


def part(tag: int, length: int, body: bytes) -> Callable[[Writer], None]:
    def spoil(writer: Writer) -> None:
        writer._buffer += bundle._PART.pack(tag, length) + body

    return spoil


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (part(1, 2**32 - 1, b""), "unreadable"),
        (part(1, bundle.MAX_PART + 1, b""), "unreadable"),
        (part(1, 10, b"short"), "unreadable"),
        (part(1, 5, b"QFLA?"), "unreadable"),
        (part(9, 0, b""), "version"),
        (part(2, 3, b"\x93\x01\x02"), "unreadable"),
        (part(2, 5, b"\xdd\xff\xff\xff\xff"), "unreadable"),
        (part(3, 1, b"\xc0"), "unreadable"),
        (lambda writer: writer._buffer.extend(b"\1"), "unreadable"),
        (lambda writer: writer.add(Pull()), "version"),
        (lambda writer: writer.add(Push(b"no records")), "unreadable"),
        (lambda writer: writer.add(Mail([1], EMPTY, 0, 0)), "unreadable"),
        (lambda writer: writer.add(Mail([-1], EMPTY, 0, 0)), "unreadable"),
        (lambda writer: writer.add(Greeting(0, {"x": []}, {})), "unreadable"),
        (lambda writer: writer.add(Greeting(0, {"1": [[3, 2]]}, {})), "unreadable"),
        (lambda writer: writer.add(Greeting(0, {"1": [[1, 2**40]]}, {})), "unreadable"),
        (lambda writer: writer.add(Greeting(0, {}, {"-1": []})), "unreadable"),
        (lambda writer: writer.add(Greeting(2**63, {}, {})), "unreadable"),
        (lambda writer: writer.add(Greeting(0, {}, {}, wanted=["../../keys/ca.pem"])), "unreadable"),
        (lambda writer: writer.add(Receipt({}, ack_no=-2)), "unreadable"),
        (lambda writer: writer.add(Receipt({}, mail=[2**63])), "unreadable"),
    ],
)
def test_an_enrolled_node_that_talks_nonsense_is_refused(spoil: Callable[[Writer], None], why: str) -> None:
    assert reason(written(GREETING, spoil=spoil)) == why


@given(st.binary(max_size=400))
def test_any_bytes_are_refused(data: bytes) -> None:
    whole = written(GREETING)
    for start in (b"", b"QFLB", whole[:20], whole[:100]):
        for end in (b"", whole[-68:]):
            reason(start + data + end)


@settings(max_examples=200)
@given(st.data())
def test_whatever_an_enrolled_node_seals_is_read_or_refused(data: st.DataObject) -> None:
    text = st.text(max_size=5) | st.sampled_from(["1f", NAME])
    number = st.integers(-(2**63), 2**64 - 1)
    ranges = st.dictionaries(text, st.lists(st.lists(number, max_size=3), max_size=3), max_size=2)
    said = data.draw(
        st.one_of(
            st.builds(Greeting, number, ranges, ranges, st.lists(st.tuples(number, st.binary(max_size=9)), max_size=3),
                      st.lists(text, max_size=2), st.lists(text, max_size=2)),
            st.builds(Receipt, ranges, ranges, st.lists(st.binary(max_size=40), max_size=2), number, number, number,
                      st.lists(number, max_size=3), st.lists(text, max_size=2)),
            st.builds(lambda body, tag: (tag, body), st.binary(max_size=60), st.integers(0, 4)),
        )
    )  # fmt: skip
    if isinstance(said, tuple):
        tag, body = said
    else:
        tag, body = (2 if isinstance(said, Greeting) else 3), msgspec.msgpack.encode(said)
    try:
        opened(written(spoil=part(tag, len(body), body)))
    except BundleError as error:
        assert error.reason in bundle.REASONS


def test_a_file_of_four_gigabytes_costs_no_memory(tmp_path: Path) -> None:
    whole = written(GREETING)
    head = bundle.read_header(io.BytesIO(whole)).raw
    huge = tmp_path / "huge.qfb"
    with huge.open("wb") as file:
        file.write(head)
        file.truncate(4 << 30)
        file.seek(0, io.SEEK_END)
        file.write(whole[-68:])
    tracemalloc.start()
    try:
        with huge.open("rb") as file, pytest.raises(BundleError):
            Bundle(file, "H", SEALING, key_of).verify()
        with huge.open("rb+") as file:
            file.truncate((4 << 30) - 1)
        with huge.open("rb") as file, pytest.raises(BundleError):
            Bundle(file, "H", SEALING, key_of).verify()
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


def test_a_large_bundle_is_read_piece_by_piece(tmp_path: Path) -> None:
    file = tmp_path / "large.qfb"
    with file.open("wb") as out:
        writer = Writer(out, "U1", "H", 7, 0, PUBLIC, SIGNER)
        for index in range(1000):
            writer.add(Chunk(NAME, index, DICE.randbytes(32_000)))
        writer.close()
    with file.open("rb") as read:
        found = Bundle(read, "H", SEALING, key_of)
        tracemalloc.start()
        try:
            found.verify()
            assert sum(1 for _ in found.parts()) == 1000
            assert tracemalloc.get_traced_memory()[1] < 2_000_000
        finally:
            tracemalloc.stop()


NUMBERS = st.sets(st.integers(1, 40))


@given(NUMBERS, NUMBERS)
def test_ranges_without_others(some: set[int], others: set[int]) -> None:
    left = subtract(join([n, n] for n in some), join([n, n] for n in others))
    assert [n for first, last in left for n in range(first, last + 1)] == sorted(some - others)
