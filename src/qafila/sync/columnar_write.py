"""Records into columns; each is verified to come back the same, and travels as a row where it would not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
import orjson

from qafila.journal import canon
from qafila.journal.header import CREATE, Header, decode
from qafila.journal.ingest import Parcel
from qafila.kernel import ids
from qafila.kernel.clock import COUNTER_BITS, MAX_COUNTER
from qafila.sync.columnar import LOOSE, Packed
from qafila.sync.columnar_read import unpack
from qafila.sync.columns import HEX32, Row, Tables, pack_ids, pack_ints, pack_texts
from qafila.sync.rows import ROWS, CodecError
from qafila.sync.shapes import Shape, Source, discriminator, known_texts, open_letters, shape_of
from qafila.sync.wording import pack_words

_SPLIT = 9
"""Fewer records of a shape than these are not split further."""


@dataclass
class _Read:
    parcel: Parcel
    header: Header
    shape: Shape
    values: list[Any]
    row: Row
    new: tuple[int, int, int] | None
    """The parts of the id of a row that it creates, where the node made that id."""
    group: int = 0


def pack(parcels: Sequence[Parcel]) -> bytes:
    """Records as bytes."""
    sources: dict[Source, int] = {}
    read = [_read(p, i, sources) for i, p in enumerate(parcels)]
    for _ in range(2):
        data = _pack(parcels, read, list(sources))
        try:
            back = unpack(data)
        except CodecError:
            break
        wrong = [i for i, (a, b) in enumerate(zip(parcels, back, strict=True)) if a != b]
        if not wrong:
            return data
        for index in wrong:
            read[index] = None
    return _pack(parcels, [None] * len(parcels), [])


def _read(parcel: Parcel, place: int, sources: dict[Source, int]) -> _Read | None:
    """None for what only a row can carry."""
    try:
        header = decode(parcel.header)
        if parcel.fields is None:
            return None
        fields = orjson.loads(parcel.fields)
        if not isinstance(fields, dict) or canon.dumps(fields) != parcel.fields:
            return None
    except (ValueError, TypeError, RecursionError):
        return None
    some = [header.subject, *header.refs, *(i for i in (header.patient, header.actor) if i)]
    if not all(map(HEX32.fullmatch, some)) or canon.digest(parcel.salt, parcel.fields).hex() != header.digest:
        return None
    shape, values = shape_of(header, fields, parcel.lane, sources)
    row = Row(place, header.hlc >> COUNTER_BITS, header.subject, header.patient, header.actor)
    return _Read(parcel, header, shape, values, row, _new(header))


def _pack(parcels: Sequence[Parcel], every: Sequence[_Read | None], sources: Sequence[Source]) -> bytes:
    tables = Tables()
    tables.begin(known_texts(sources))
    for place, one in enumerate(every):
        tables.subjects.append(one.header.subject if one else "")
        if one:
            tables.places.setdefault(one.header.subject, []).append(place)
    read = [one for one in every if one]
    shapes, groups, members = _group(read)
    loose = [p for p, one in zip(parcels, every, strict=True) if one is None or one.group == LOOSE]
    read = [one for one in read if one.group != LOOSE]
    subject = _subjects(read, tables)
    rows = [one.row for one in read]
    patient = pack_ids([r.patient for r in rows], [_known(r) for r in rows], tables) if rows else 0
    actor = pack_ids([r.actor for r in rows], rows, tables, own=False) if rows else 0
    columns = [_columns(m, tables, every) for m in members]
    salts, salt = _salts(read)
    seq, ms, counter = _clocks(read)
    codes, new_ms, new_nonce, new_counter = subject
    single, words, first, second = pack_words("".join(tables.text))
    return msgspec.msgpack.encode(
        Packed(
            len(parcels), list(sources), shapes, groups, columns, tables.strings,
            pack_ints([one.group if one else LOOSE for one in every]),
            seq, ms, counter, codes, new_ms, new_nonce, new_counter, patient, actor, salt,
            b"".join(_nonces(read)), _rows(loose), salts, _prevs(read),
            b"".join(map(bytes.fromhex, tables.outside)), single, words, first, second,
        )
    )  # fmt: skip


def _rows(loose: Sequence[Parcel]) -> bytes:
    return ROWS.pack(loose) if loose else b""


def _known(row: Row) -> Row:
    return Row(row.place, row.ms, row.subject, "?", "?")


def _group(read: Sequence[_Read]) -> tuple[list[Shape], list[int], list[list[_Read]]]:
    by_shape: dict[bytes, list[_Read]] = {}
    for one in read:
        by_shape.setdefault(msgspec.msgpack.encode(one.shape), []).append(one)
    shapes: list[Shape] = []
    groups: list[int] = []
    members: list[list[_Read]] = []
    for alike in by_shape.values():
        parts: dict[Any, list[_Read]] = {None: alike}
        letters = list(open_letters(alike[0].shape.fields))
        if len(alike) >= _SPLIT and letters:
            by = discriminator(list(zip(*(one.values for one in alike), strict=True)), letters)
            if by is not None:
                parts = {}
                for word, one in zip(by, alike, strict=True):
                    parts.setdefault(word, []).append(one)
        if len(groups) + len(parts) > LOOSE:
            for one in alike:
                one.group = LOOSE
            continue
        shapes.append(alike[0].shape)
        for part in parts.values():
            for one in part:
                one.group = len(groups)
            groups.append(len(shapes) - 1)
            members.append(part)
    return shapes, groups, members


def _clocks(read: Sequence[_Read]) -> tuple[int | bytes, int | bytes, int | bytes]:
    last: dict[tuple[str, int], int] = {}
    seq, ms, counter = [], [], []
    now = tick = 0
    for one in read:
        key = one.header.node, one.header.run
        seq.append(one.header.seq - last.get(key, 0) - 1)
        last[key] = one.header.seq
        ms.append(one.row.ms - now)
        mine = one.header.hlc & MAX_COUNTER
        counter.append(mine - tick - 1 if one.row.ms == now else mine)
        now, tick = one.row.ms, mine
    return pack_ints(seq), pack_ints(ms), pack_ints(counter)


def _new(header: Header) -> tuple[int, int, int] | None:
    # Version 8 and variant 2 stand at these places: only then do the parts give the id back.
    subject = header.subject
    if header.op != CREATE or subject[12] != "8" or subject[16] not in "89ab":
        return None
    return ids.parts(UUID(subject))


def _nonces(read: Sequence[_Read]) -> list[bytes]:
    """Those of new ids, six bytes each, in order of their first use."""
    found = {parts[1]: None for one in read if (parts := one.new)}
    return [n.to_bytes(6, "big") for n in found]


def _subjects(read: Sequence[_Read], tables: Tables) -> tuple[int | bytes, int | bytes, int | bytes, int | bytes]:
    nonces: dict[int, int] = {}
    ms, nonce, counter, codes = [], [], [], []
    last = 0
    for one in read:
        parts = one.new
        if parts is None:
            wire = pack_ids([one.header.subject], [_known(one.row)], tables, own=False)
            codes.append(_one(wire))
            continue
        codes.append(0)
        ms.append(one.row.ms - parts[0])
        nonce.append(nonces.setdefault(parts[1], len(nonces)))
        counter.append(parts[2] - last - 1)
        last = parts[2]
    return pack_ints(codes), pack_ints(ms), pack_ints(nonce), pack_ints(counter)


def _one(wire: int | bytes) -> int:
    if isinstance(wire, bytes):
        raise ValueError("one number")
    return wire


def _salts(read: Sequence[_Read]) -> tuple[list[bytes], int | bytes]:
    salts: dict[bytes, int] = {}
    steps = []
    at = -1
    for one in read:
        now = salts.setdefault(one.parcel.salt, len(salts))
        steps.append(now - at)
        at = now
    return list(salts), pack_ints(steps)


def _prevs(read: Sequence[_Read]) -> list[bytes]:
    """Hashes of records before these that are not in the frame themselves, in the order of runs and numbers: a record
    of a later lane stands behind one that follows it."""
    hashes: dict[tuple[str, int, int], bytes] = {}
    out = []
    for one in sorted(read, key=lambda one: (one.header.node, one.header.run, one.header.seq)):
        header = one.header
        known = hashes.get((header.node, header.run, header.seq - 1))
        if known is None:
            out.append(one.parcel.prev)
        hashes[header.node, header.run, header.seq] = canon.link(one.parcel.prev, one.parcel.header)
    return out


def _columns(members: Sequence[_Read], tables: Tables, every: Sequence[_Read | None]) -> list[Any]:
    rows = [one.row for one in members]
    out: list[Any] = []
    stamps = [[s for _, some in sorted(one.header.base.items()) for s in some] for one in members]
    for column in zip(*stamps, strict=True):
        steps = [_steps(s, one, tables, every) for s, one in zip(column, members, strict=True)]
        out.append(["b", pack_ints(steps)] if all(steps) else pack_texts(column, rows, tables, (), quoted=False))
    for refs in zip(*(one.header.refs for one in members), strict=True):
        out.append(pack_ids(refs, rows, tables))
    before: list[Any] = []
    values = zip(*(one.values for one in members), strict=True)
    for letter, column in zip(open_letters(members[0].shape.fields), values, strict=True):
        if letter == "i":
            out.append(pack_ints(column))
            before.append(None)
        else:
            out.append(pack_texts(column, rows, tables, before, quoted=letter == "s"))
            before.append(column)
    return out


def _steps(stamp: str, one: _Read, tables: Tables, every: Sequence[_Read | None]) -> int:
    """How many records of the same subject back in the frame the stamp was given; 0: not there."""
    places = [p for p in tables.places[one.header.subject] if p < one.row.place]
    for back, place in enumerate(reversed(places), 1):
        other = every[place]
        if other is not None and str(other.header.stamp) == stamp:
            return back
    return 0
