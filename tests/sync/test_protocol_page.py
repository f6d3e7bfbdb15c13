"""The example in docs/sync.md is what the code writes, and can be read with nothing but what the page says.

python -m tests.sync.protocol_page      writes the example into the page anew
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from qafila.journal import canon
from qafila.journal.header import Header
from qafila.journal.ingest import Parcel
from qafila.kernel import ids
from qafila.sync import bundle, frames
from qafila.sync.codec import COLUMNS, MAX_PARCELS, ROWS
from qafila.sync.columnar import LOOSE, Packed
from qafila.sync.frames import MAX_FRAME, MAX_RAW, open_frame, seal
from qafila.sync.messages import SHAPES, Candidate, File, Message, Push, Taken
from qafila.sync.shapes import Shape

PAGE = Path(__file__).parents[2] / "docs" / "sync.md"
UNIT_SEED, HUB_SEED = bytes(range(32)), bytes(range(32, 64))
UNIT_KEY, HUB_KEY = (Ed25519PrivateKey.from_private_bytes(s) for s in (UNIT_SEED, HUB_SEED))
MS, RUN, NUMBER = 1_767_600_000_000, 0x2A5, 42
PERSON = ids.compose(MS - 60_000, RUN, 1).hex
SALT, PREV = bytes(range(0xA0, 0xB0)), bytes(range(0xC0, 0xE0))
FIELDS = canon.dumps(
    {"at": "2026-01-05T08:00:00.000Z", "code": "pulse", "entered": "72", "number": "72.0000", "person": PERSON}
)
HEADER = Header(
    "U1", RUN, 7, (MS << 16) + 3, "", "vitals.record", "clinic.observation", 1, "c", ids.compose(MS, RUN, 2).hex,
    PERSON, {}, [], "MS", "UMMC", canon.digest(SALT, FIELDS).hex(),
)  # fmt: skip
PARCEL = Parcel(HEADER.encode(), FIELDS, SALT, 2, PREV)
BLOCK = re.compile(r"<!-- example: (\w+) -->\n```text\n(.*?)```", re.S)

Part = tuple[bytes, str]


def plain_packed() -> bytes:
    """The record in the simplest form that a sender may choose: no column at all, the record as a row."""
    empty: dict[str, Any] = dict.fromkeys(Packed.__struct_fields__, b"")
    lists = ("sources", "shapes", "groups", "columns", "strings", "salts", "prevs")
    values = empty | {n: [] for n in lists} | {"count": 1, "order": LOOSE, "loose": ROWS.pack([PARCEL])}
    return msgspec.msgpack.encode(Packed(**(values | {"single": 0, "words": ""})))


def push_frame() -> bytes:
    """The unit's frame, without a dictionary."""
    return seal(Push(COLUMNS.pack([PARCEL])), "U1", "H", NUMBER, MS + 5, UNIT_KEY, 0)


def taken_frame() -> bytes:
    """The hub's answer."""
    return seal(Taken([], 0, 0), "H", "U1", NUMBER, MS + 250, HUB_KEY, 0)


# --- the blocks of the page -------------------------------------------------------------------


def dump(parts: Iterable[Part]) -> str:
    """Offset, bytes, what they are."""
    lines, at = [], 0
    for data, words in parts:
        for start in range(0, len(data), 16):
            row = data[start : start + 16]
            lines.append(f"{at + start:04x}  {row.hex(' '):47}  {words if not start else ''}".rstrip())
        at += len(data)
    return "\n".join(lines) + "\n"


def packed_parts(data: bytes, names: Iterable[str], shape: type[msgspec.Struct] | None = None) -> list[Part]:
    """A MessagePack array element by element; `shape` takes apart the one that stands in `shapes`."""
    said = msgspec.msgpack.decode(data)
    head = len(data) - sum(len(msgspec.msgpack.encode(v)) for v in said)
    parts = [(data[:head], f"an array of {len(said)}")]
    for name, value in zip(names, said, strict=True):
        raw = msgspec.msgpack.encode(value)
        if shape is not None and name == "shapes" and value:
            parts.append((raw[:1], "shapes: an array of 1"))
            inner = packed_parts(msgspec.msgpack.encode(value[0]), shape.__struct_fields__)
            parts += [(d, f"  {w if i else 'the shape: ' + w}") for i, (d, w) in enumerate(inner)]
        else:
            parts.append((raw, f"{name}: {_shown(value)}"))
    return parts


def _shown(value: Any) -> str:
    if isinstance(value, bytes):
        text = f"{len(value)} bytes"
    elif isinstance(value, str):
        text = f'"{value}"'
    elif isinstance(value, list):
        text = repr(value).replace("'", '"') if len(repr(value)) < 60 else f"an array of {len(value)}"
    else:
        text = {None: "nil", True: "true", False: "false"}.get(value, str(value)) if value in (None,) else str(value)
        text = text.lower() if isinstance(value, bool) else text
    return re.sub(r'b"[^"]*"', "bytes", text)


def frame_parts(data: bytes) -> list[Part]:
    """A frame field by field."""
    _, version, kind, codec, dictionary, number, time_ms, raw, packed, one, two = struct.unpack_from(
        ">4sBBBBQqIIBB", data
    )
    cuts = [
        (4, '"QFLA"'), (1, f"version {version}"), (1, f"kind {kind}"), (1, f"codec {codec}"),
        (1, f"dictionary {dictionary}"), (8, f"number {number}"), (8, f"time {time_ms} ms"),
        (4, f"{raw} bytes of message"), (4, f"{packed} bytes of body"), (1, f"length of the sender's name: {one}"),
        (1, f"length of the receiver's name: {two}"), (one, "sender"), (two, "receiver"),
        (packed, "body: the message, compressed by zstd"), (64, "signature over all before it"),
    ]  # fmt: skip
    parts, at = [], 0
    for size, words in cuts:
        parts.append((data[at : at + size], words))
        at += size
    assert at == len(data)
    return parts


def record_text() -> str:
    """The record in words."""
    digest = HEADER.digest
    return "\n".join([
        "header  " + PARCEL.header.decode(), "", "fields  " + FIELDS.decode(), "",
        f"salt    {SALT.hex()}", f"lane    {PARCEL.lane}", f"prev    {PREV.hex()}",
        f"digest  {digest}", f"hash    {canon.link(PREV, PARCEL.header).hex()}", "",
    ])  # fmt: skip


def keys_text() -> str:
    """Seeds and public keys."""
    lines = []
    for name, seed, key in (("U1", UNIT_SEED, UNIT_KEY), ("H", HUB_SEED, HUB_KEY)):
        lines += [f"{name:3} seed    {seed.hex()}", f"{name:3} public  {key.public_key().public_bytes_raw().hex()}"]
    return "\n".join(lines) + "\n"


def message_parts(message: Message, names: Iterable[str]) -> list[Part]:
    """A message before it is compressed."""
    return packed_parts(msgspec.msgpack.encode(message), names)


BLOCKS: dict[str, Callable[[], str]] = {
    "keys": keys_text,
    "record": record_text,
    "row": lambda: dump(
        [
            (b"\x91", "an array of 1 record"),
            *packed_parts(
                ROWS.pack([PARCEL])[1:],
                ("header", "fields", "salt", "lane", "prev", "follows", "digest_left", "same_salt"),
            ),
        ]
    ),
    "plain": lambda: dump(packed_parts(plain_packed(), Packed.__struct_fields__)),
    "columns": lambda: dump(packed_parts(COLUMNS.pack([PARCEL]), Packed.__struct_fields__, Shape)),
    "message": lambda: dump(
        [
            (b"\x91", "an array of 1: the fields of Push"),
            (msgspec.msgpack.encode(COLUMNS.pack([PARCEL]))[:2], "parcels: bin, its length in one byte"),
            (COLUMNS.pack([PARCEL])[:16], "the packed records, as above …"),
        ]
    ),
    "push": lambda: dump(frame_parts(push_frame())),
    "answer": lambda: dump(message_parts(Taken([], 0, 0), Taken.__struct_fields__)),
    "taken": lambda: dump(frame_parts(taken_frame())),
}


def renewed(text: str) -> str:
    """The page with the example as the code writes it."""
    return BLOCK.sub(lambda m: f"<!-- example: {m[1]} -->\n```text\n{BLOCKS[m[1]]()}```", text)


def on_page(name: str) -> bytes:
    """The bytes of a block, read from the page alone."""
    found = dict(BLOCK.findall(PAGE.read_text()))[name]
    return b"".join(bytes.fromhex(line[6:53]) for line in found.splitlines())


# --- what holds -------------------------------------------------------------------------------


def test_the_example_is_what_the_code_writes() -> None:
    text = PAGE.read_text()
    assert [name for name, _ in BLOCK.findall(text)] == list(BLOCKS)
    assert renewed(text) == text, "write it anew: python -m tests.sync.protocol_page"


def test_every_form_of_the_example_gives_the_same_record() -> None:
    public = UNIT_KEY.public_key().public_bytes_raw()
    message = open_frame(on_page("push"), "H", lambda sender: public).message
    assert isinstance(message, Push)
    assert COLUMNS.unpack(message.parcels) == [PARCEL]
    assert COLUMNS.unpack(on_page("columns")) == [PARCEL]
    assert COLUMNS.unpack(on_page("plain")) == [PARCEL]
    assert ROWS.unpack(on_page("row")) == [PARCEL]


def test_the_frames_are_read_with_what_the_page_says() -> None:
    """Nothing of the program is used here but the page's own bytes."""
    for name, public, message in (
        ("push", UNIT_KEY.public_key(), [on_page("columns")]),
        ("taken", HUB_KEY.public_key(), [[], 0, 0]),
    ):
        data = on_page(name)
        assert data[:5] == b"QFLA\x01"
        raw, packed = struct.unpack_from(">II", data, 24)
        body = 34 + data[32] + data[33]
        key = Ed25519PublicKey.from_public_bytes(public.public_bytes_raw())
        key.verify(data[-64:], data[:-64])
        assert len(data) == body + packed + 64
        plain = zstandard.ZstdDecompressor().decompress(data[body : body + packed])
        assert len(plain) == raw
        assert msgspec.msgpack.decode(plain) == message


def test_the_row_is_read_with_what_the_page_says() -> None:
    [[header, fields, salt, lane, prev, follows, digest_left, same_salt]] = msgspec.msgpack.decode(on_page("row"))
    assert (lane, follows, digest_left, same_salt) == (2, False, True, False)
    header += hashlib.sha256(salt + fields).hexdigest().encode() + b'"]'
    assert header == PARCEL.header
    assert hashlib.sha256(prev + header).hexdigest() in dict(BLOCK.findall(PAGE.read_text()))["record"]


@pytest.mark.parametrize("shape", [*SHAPES.values(), File, Candidate, bundle.Greeting, bundle.Receipt])
def test_the_page_names_every_field_of_a_message_in_its_order(shape: type[msgspec.Struct]) -> None:
    section = PAGE.read_text().split(f"**`{shape.__name__}`**")[1].split("\n**`")[0].split("\n#")[0]
    told = re.findall(r"^\| `(\w+)` \|", section, re.M)
    assert told == list(shape.__struct_fields__)


def test_the_page_names_every_column_list_and_every_part_of_a_shape() -> None:
    text = PAGE.read_text()
    for shape, heading in ((Packed, "### Columns"), (Shape, "### Shapes")):
        section = text.split(heading)[1].split("\n### ")[0]
        told = [n for row in re.findall(r"^\| [\d–]+ \| (.*?) \|", section, re.M) for n in re.findall(r"`(\w+)`", row)]
        assert told == list(shape.__struct_fields__)


def test_the_page_names_every_reason_and_limit() -> None:
    text = PAGE.read_text()
    assert [r for r in frames.REASONS if f"`{r}`" not in text] == []
    for number in (MAX_FRAME, MAX_RAW, MAX_PARCELS):
        assert f"{number:,}" in text
