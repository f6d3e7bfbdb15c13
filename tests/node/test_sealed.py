"""Sealed files: opened by their recipients alone, and refused for any byte that is not what was written."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qafila.kernel import typed
from qafila.node.sealed import CHUNK, Reader, SealedError, Writer, new_recovery, public_key

CODE, PUBLIC = new_recovery()


def sealed(content: bytes, recovery: str = PUBLIC) -> bytes:
    out = io.BytesIO()
    writer = Writer(out, recovery=(public_key(recovery),))
    for place in range(0, len(content), 10_000):
        writer.write(content[place : place + 10_000])
    writer.close()
    return out.getvalue()


def opened(data: bytes, secret: str = CODE) -> bytes:
    reader = Reader(io.BytesIO(data), secret)
    content = reader.read(1 << 30)
    reader.finish()
    return content


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_what_was_sealed_is_opened(size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    assert opened(sealed(content[:size])) == content[:size]


def test_a_stranger_opens_nothing() -> None:
    data = sealed(b"known words")
    assert b"known words" not in data
    for secret in (new_recovery()[0], "a phrase", "", CODE[:-1], PUBLIC):
        with pytest.raises(SealedError):
            opened(data, secret)
    with pytest.raises(SealedError):
        Writer(io.BytesIO())


def test_chunks_do_not_change_places_nor_go() -> None:
    data, step = sealed(bytes(3 * CHUNK)), CHUNK + 16
    head = len(data) - 3 * step
    one, two, three = (data[head + i * step : head + (i + 1) * step] for i in range(3))
    for others in ((two, one, three), (one, three), (one, two), (), (one, two, two), (one, two, three, three)):
        with pytest.raises(SealedError):
            opened(data[:head] + b"".join(others))


WHOLE = sealed(b"some words " * 30)


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255), st.booleans())
@settings(max_examples=60)
def test_any_altered_or_missing_byte_is_refused(place: int, by: int, cut: bool) -> None:
    spoilt = WHOLE[:place] if cut else WHOLE[:place] + bytes([WHOLE[place] ^ by]) + WHOLE[place + 1 :]
    with pytest.raises(SealedError):
        opened(spoilt)


@given(st.binary(max_size=300))
@settings(max_examples=40)
def test_anything_else_is_refused(data: bytes) -> None:
    for before in (b"", WHOLE[:6]):
        with pytest.raises(SealedError):
            opened(before + data)


@given(st.binary(min_size=1, max_size=32), st.integers(0, 80))
def test_a_typed_code_is_read_back_and_a_slip_of_the_finger_is_found(secret: bytes, place: int) -> None:
    code = typed.spell(secret)
    assert typed.read(code.lower().replace("-", " ").replace("0", "o").replace("1", "l"), len(secret)) == secret
    plain = code.replace("-", "")
    slip = place % len(plain)
    wrong = plain[:slip] + ("7" if plain[slip] != "7" else "8") + plain[slip + 1 :]
    try:
        # Two check characters let one slip in a thousand through: never as the code that was meant.
        assert typed.read(wrong, len(secret)) != secret
    except typed.Mistyped:
        pass
    for other in (plain[:-1], plain + "0", ""):
        with pytest.raises(typed.Mistyped):
            typed.read(other, len(secret))
