"""Records in columns: whatever was packed comes back the very same; whatever was not packed by us is refused."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qafila.journal import canon
from qafila.journal.header import Header
from qafila.journal.ingest import Parcel
from qafila.kernel import ids
from qafila.sync.codec import COLUMNS, MAX_PARCELS, CodecError
from qafila.sync.columnar import Packed
from qafila.sync.columns import MAX_BYTES, pack_ints, unpack_ints
from qafila.sync.wording import pack_words, unpack_words

MS = 1_767_600_000_000
UUIDS = st.builds(ids.compose, st.integers(MS, MS + 99), st.integers(1, 3), st.integers(0, 20)) | st.uuids()
HEXES = UUIDS.map(lambda u: u.hex)
TEXTS = st.sampled_from(
    ["", "2026-01-05", "2026-02-30", "2026-01-05T08:00:00.123Z", "2026-01-05T08:00:00.123456Z", "36.8", "36.8000",
     "-0", "-0.5", "-3.10", "0612345678", "+212600000001", "%s", "%(x)s", "\0", "ß. ß", "ÿ. ŉa", "Toux. Fièvre",
     "الألم في الصدر، منذ يومين. السعال", "a" * 50, "\u2028\"\\"]
) | HEXES | st.text(max_size=60)  # fmt: skip
VALUES = st.recursive(
    TEXTS | st.booleans() | st.none() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.dictionaries(st.sampled_from(["at", "code", "person", "number", "text", "%s"]), VALUES, max_size=5)
STAMPS = st.builds("{:x}.{:x}.{}".format, st.integers(1, 2**62), st.integers(1, 9), st.sampled_from(["U1", "ي%s"]))
WIRES = """order seq ms counter subject new_ms new_nonce new_counter patient actor salt columns groups strings salts
prevs outside nonces shapes single words first second""".split()


@st.composite
def records(draw: st.DrawFn) -> list[Parcel]:
    """Chained and not, of several nodes, with repeating shapes, canonical and not."""
    out: list[Parcel] = []
    seen: list[str] = [draw(HEXES)]
    headers: list[Header] = []
    fields = draw(FIELDS)
    seq, hlc = draw(st.integers(1, 2**30)), draw(st.integers(1, 2**62))
    for _ in range(draw(st.integers(0, 14))):
        if draw(st.integers(0, 3)) == 0:
            fields = draw(FIELDS)
        data, salt = canon.dumps(fields), draw(st.sampled_from([b"", b"s" * 16, b"t" * 16]))
        seq, hlc = max(1, seq + draw(st.integers(-2, 2))), hlc + draw(st.integers(0, 2**18))
        subject = draw(HEXES | st.sampled_from(seen))
        seen.append(subject)
        base = {n: [draw(STAMPS)] for n in draw(st.sets(st.sampled_from(["", "at", "%s"]), max_size=2))}
        if headers and draw(st.booleans()):
            base[""] = [str(draw(st.sampled_from(headers)).stamp)]
        header = Header(
            draw(st.sampled_from(["U1", "U2", "%d"])), draw(st.integers(1, 2)), seq, hlc,
            draw(st.sampled_from(["", *seen])),
            "act%s", "clinic.visit", 1, draw(st.sampled_from("cun")), subject, draw(st.sampled_from(["", *seen])),
            base, draw(st.lists(st.sampled_from(seen), max_size=2)), "MS", "", canon.digest(salt, data).hex(),
        )  # fmt: skip
        headers.append(header)
        prev = canon.link(out[-1].prev, out[-1].header) if out and draw(st.booleans()) else draw(st.binary(max_size=33))
        good = Parcel(header.encode(), data, salt, draw(st.integers(0, 5)), prev)
        spoilt = [
            Parcel(good.header + b" ", data, salt, 0, prev),
            Parcel(good.header, data + b" ", salt, 0, prev),
            Parcel(good.header, None, salt, 0, prev),
            Parcel(draw(st.binary(max_size=40)), draw(st.none() | st.binary(max_size=40)), salt, 7, prev),
        ]
        out.append(draw(st.sampled_from([good, good, good, good, *spoilt])))
    return out


@settings(max_examples=100)
@given(records())
def test_records_come_back_the_very_same(parcels: list[Parcel]) -> None:
    assert COLUMNS.unpack(COLUMNS.pack(parcels)) == parcels


@given(st.lists(st.integers(-(2**62), 2**62), max_size=30))
def test_numbers_come_back(values: list[int]) -> None:
    assert unpack_ints(pack_ints(values), len(values)) == values


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | st.lists(TEXTS).map(". ".join))
def test_long_text_comes_back(text: str) -> None:
    back = unpack_words(*pack_words(text), lambda size: None)
    assert back == text or "\0" in text or any(c.swapcase().swapcase() != c for c in text)


def _real(count: int) -> list[Parcel]:
    """Consultations as a unit writes them, long enough for the splitting of shapes."""
    out: list[Parcel] = []
    person = ids.compose(MS, 5, 1).hex
    for seq in range(1, count + 1):
        code = ["pulse", "spo2", "weight"][seq % 3]
        fields = {"at": "2026-01-05T08:00:00.123Z", "code": code, "entered": f"{60 + seq}",
                  "number": f"{60 + seq}.0000",
                  "person": person, "text": "Toux depuis trois jours, sans fièvre. Examen normal."}  # fmt: skip
        data = canon.dumps(fields)
        header = Header("U1", 9, seq, (MS << 16) + seq, person, "vitals.record", "clinic.observation", 1, "c",
                        ids.compose(MS, 5, seq + 1).hex, person, {}, [], "MS", "UMMC",
                        canon.digest(b"s" * 16, data).hex())  # fmt: skip
        prev = canon.link(out[-1].prev, out[-1].header) if out else b""
        out.append(Parcel(header.encode(), data, b"s" * 16, 2, prev))
    return out


def test_usual_records_take_few_bytes_and_none_travels_as_a_row() -> None:
    packed = COLUMNS.pack(_real(60))
    assert not msgspec.msgpack.decode(packed, type=Packed).loose
    assert len(packed) < 60 * 25


@given(st.binary(max_size=400))
def test_bytes_that_are_no_records_are_refused(data: bytes) -> None:
    with pytest.raises(CodecError):
        COLUMNS.unpack(data)


def test_a_touched_frame_is_refused_or_gives_records() -> None:
    """Bits flipped behind a good signature: an error of the codec or some records, never anything else."""
    dice = random.Random(5)
    packed = COLUMNS.pack(_real(40))
    for _ in range(4000):
        touched = bytearray(packed)
        for _ in range(dice.randint(1, 4)):
            touched[dice.randrange(len(touched))] = dice.randrange(256)
        try:
            found = COLUMNS.unpack(bytes(touched))
        except CodecError:
            continue
        assert len(found) <= MAX_PARCELS


@settings(max_examples=200)
@given(st.data())
def test_lying_columns_are_refused_or_give_records(data: st.DataObject) -> None:
    packed = msgspec.msgpack.decode(COLUMNS.pack(_real(20)), type=Packed)
    name = data.draw(st.sampled_from(WIRES))
    number = st.integers(-(2**63), 2**64 - 1) | st.integers(-3, 12)
    wire = st.none() | number | st.text(max_size=4) | st.binary(max_size=40)
    wire = st.recursive(wire, lambda inner: st.lists(inner | st.sampled_from("ukdtpnxelb"), max_size=3), max_leaves=8)
    setattr(packed, name, data.draw(wire | st.lists(st.lists(wire, max_size=6), max_size=3)))
    try:
        COLUMNS.unpack(msgspec.msgpack.encode(packed))
    except CodecError:
        return


@pytest.mark.parametrize("name", ["strings", "words"])
def test_a_frame_that_unpacks_to_gigabytes_is_refused(name: str) -> None:
    packed = msgspec.msgpack.decode(COLUMNS.pack(_real(500)), type=Packed)
    huge = "x" * (MAX_BYTES // 100)
    if name == "strings":
        packed.columns[0][0] = huge
        packed.columns[0][1] = ["x", huge, 3, 7]
    else:
        packed.words, packed.first = huge, bytes(1000)
    with pytest.raises(CodecError):
        COLUMNS.unpack(msgspec.msgpack.encode(packed))


def test_more_records_than_a_frame_may_carry_are_refused() -> None:
    with pytest.raises(CodecError):
        COLUMNS.unpack(COLUMNS.pack([Parcel(b"", None, b"", 0, b"")] * (MAX_PARCELS + 1)))
