"""Columns back into records: the very bytes that were packed. Nothing grows beyond `columns.MAX_BYTES`."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec

from qafila.journal.ingest import Parcel
from qafila.kernel import ids
from qafila.kernel.clock import COUNTER_BITS
from qafila.sync.columnar import LOOSE, Packed
from qafila.sync.columns import Row, Tables, quoted, unpack_ids, unpack_ints, unpack_texts
from qafila.sync.rows import MAX_PARCELS, ROWS, CodecError
from qafila.sync.shapes import header_templates, known_texts, open_letters, template
from qafila.sync.wording import unpack_words

_MOST_CELLS = 400_000
_ID = 16
_NONCE = 6
_decoder = msgspec.msgpack.Decoder(Packed)


def unpack(data: bytes) -> list[Parcel]:
    """The very same records. Raises `CodecError`."""
    try:
        return _Reader(_decoder.decode(data)).parcels()
    except CodecError:
        raise
    except (ValueError, TypeError, IndexError, KeyError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
        raise CodecError("not packed records") from error


class _Reader:
    def __init__(self, packed: Packed) -> None:
        self.packed = packed
        if not 0 <= packed.count <= MAX_PARCELS:
            raise CodecError("more records than a frame may carry")
        if not len(packed.groups) == len(packed.columns) <= LOOSE:
            raise CodecError("not packed records")
        order = unpack_ints(packed.order, packed.count)
        self.loose = [i for i, g in enumerate(order) if g == LOOSE]
        self.places = [i for i, g in enumerate(order) if g != LOOSE]
        self.group = [g for g in order if g != LOOSE]
        self.shapes = [packed.shapes[n] for n in packed.groups]
        self.source = [packed.sources[shape.source] for shape in self.shapes]
        self.tables = Tables(strings=packed.strings, subjects=[""] * packed.count)
        self.tables.begin(known_texts(packed.sources))
        self.tables.whole = unpack_words(packed.single, packed.words, packed.first, packed.second, self.tables.grow)
        self.tables.outside = [
            packed.outside[i : i + _ID].hex() for i in range(0, len(packed.outside), _ID)
        ]  # fmt: skip
        self.members: list[list[int]] = [[] for _ in self.shapes]
        for index, group in enumerate(self.group):
            if group < 0:
                raise CodecError("not packed records")
            self.members[group].append(index)
        cells = sum(len(m) * (len(c) + 1) for m, c in zip(self.members, packed.columns, strict=True))
        if cells > _MOST_CELLS:
            raise CodecError("unpacks to more than a node takes")

    def parcels(self) -> list[Parcel]:
        """All of them, in order."""
        self._clocks()
        self._own_ids()
        count = len(self.group)
        headers: list[tuple[str, str]] = [("", "")] * count
        fields: list[str] = [""] * count
        for group, (members, columns) in enumerate(zip(self.members, self.packed.columns, strict=True)):
            if members:
                self._group(group, members, columns, headers, fields)
        out: list[Parcel | None] = [None] * self.packed.count
        self._join(headers, fields, out)
        loose = ROWS.unpack(self.packed.loose) if self.loose else []
        for place, parcel in zip(self.loose, loose, strict=True):
            out[place] = parcel
        return [p for p in out if p is not None]

    def _clocks(self) -> None:
        count = len(self.group)
        steps = unpack_ints(self.packed.seq, count)
        ms = unpack_ints(self.packed.ms, count)
        counters = unpack_ints(self.packed.counter, count)
        last: dict[tuple[str, int], int] = {}
        self.seq: list[int] = []
        self.hlc: list[int] = []
        self.ms: list[int] = []
        now = tick = 0
        for index, group in enumerate(self.group):
            source = self.source[group]
            key = source.node, source.run
            last[key] = last.get(key, 0) + steps[index] + 1
            self.seq.append(last[key])
            tick = counters[index] if ms[index] else tick + counters[index] + 1
            now += ms[index]
            self.ms.append(now)
            self.hlc.append((now << COUNTER_BITS) + tick)

    def _own_ids(self) -> None:
        packed, tables = self.packed, self.tables
        codes = unpack_ints(packed.subject, len(self.group))
        fresh = codes.count(0)
        ages = iter(unpack_ints(packed.new_ms, fresh))
        nonces = iter(unpack_ints(packed.new_nonce, fresh))
        counters = iter(unpack_ints(packed.new_counter, fresh))
        counter = 0
        self.rows: list[Row] = []
        for place, code, ms in zip(self.places, codes, self.ms, strict=True):
            row = Row(place, ms, "", "", "")
            if code:
                row.subject = unpack_ids(code, [row], tables)[0]
            else:
                start = next(nonces) * _NONCE
                counter += next(counters) + 1
                nonce = int.from_bytes(packed.nonces[start : start + _NONCE])
                row.subject = ids.composed(ms - next(ages), nonce, counter)
            tables.subjects[place] = row.subject
            self.rows.append(row)
        for row, value in zip(self.rows, unpack_ids(packed.patient, self.rows, tables), strict=True):
            row.patient = value
        for row, value in zip(self.rows, unpack_ids(packed.actor, self.rows, tables), strict=True):
            row.actor = value

    def _group(
        self, group: int, members: list[int], columns: list[Any], headers: list[tuple[str, str]], fields: list[str]
    ) -> None:
        shape = self.shapes[group]
        rows = [self.rows[i] for i in members]
        start, end = header_templates(shape, self.source[group])
        letters = list(open_letters(shape.fields))
        stamps = sum(shape.base[1::2])
        if len(columns) != stamps + shape.refs + len(letters):
            raise CodecError("not packed records")
        whole = template(shape.fields or [])
        self.tables.grow((len(start) + len(end) + len(whole)) * 4 * len(members))
        told = [self._stamps(wire, members) for wire in columns[:stamps]]
        told += [quoted(unpack_ids(w, rows, self.tables), True) for w in columns[stamps : stamps + shape.refs]]
        values = self._values(letters, columns[stamps + shape.refs :], rows)
        ends = [end % t for t in zip(*told, strict=True)] if told else [end % ()] * len(members)
        bodies = [whole % v for v in zip(*values, strict=True)] if values else [whole % ()] * len(members)
        for index, row, tail, body in zip(members, rows, ends, bodies, strict=True):
            actor, patient = f'"{row.actor}"', f'"{row.patient}"'
            head = start % (self.seq[index], self.hlc[index], actor, f'"{row.subject}"', patient)
            headers[index] = head, tail
            fields[index] = body

    def _values(self, letters: Sequence[str], columns: Sequence[Any], rows: Sequence[Row]) -> list[list[str]]:
        before: list[list[str]] = []
        told: list[list[str]] = []
        for letter, wire in zip(letters, columns, strict=True):
            if letter == "i":
                texts, plain = list(map(str, unpack_ints(wire, len(rows)))), True
            else:
                texts, plain = unpack_texts(wire, rows, self.tables, before)
            before.append(texts)
            told.append(quoted(texts, plain) if letter == "s" else texts)
        return told

    def _stamps(self, wire: Any, members: Sequence[int]) -> list[str]:
        rows = [self.rows[i] for i in members]
        if not isinstance(wire, list) or wire[0] != "b":
            return quoted(*unpack_texts(wire, rows, self.tables, ()))
        if not hasattr(self, "writes"):
            self.writes: dict[str, list[int]] = {}
            self.nth: list[int] = []
            for index, row in enumerate(self.rows):
                mine = self.writes.setdefault(row.subject, [])
                self.nth.append(len(mine))
                mine.append(index)
        out = []
        for step, index in zip(unpack_ints(wire[1], len(members)), members, strict=True):
            at = self.nth[index] - step
            if step <= 0 or at < 0:
                raise CodecError("not packed records")
            other = self.writes[self.rows[index].subject][at]
            source = self.source[self.group[other]]
            self.tables.grow(len(source.node) * 4)
            out.append(f"{self.hlc[other]:x}.{source.run:x}.{source.node}")
        return quoted(out, False)

    def _join(self, headers: list[tuple[str, str]], fields: list[str], out: list[Parcel | None]) -> None:
        steps = unpack_ints(self.packed.salt, len(self.group))
        at = -1
        made: list[tuple[str, int, int, int, bytes, bytes, bytes]] = []
        for index in range(len(self.places)):
            source = self.source[self.group[index]]
            at += steps[index]
            if at < 0:
                raise CodecError("not packed records")
            salt = self.packed.salts[at]
            body = fields[index].encode()
            start, end = headers[index]
            header = f'{start}{end}"{sha256(salt + body).hexdigest()}"]'.encode()
            made.append((source.node, source.run, self.seq[index], index, header, body, salt))
        hashes: dict[tuple[str, int, int], bytes] = {}
        prevs = iter(self.packed.prevs)
        # As they were written: of a run in the order of its numbers, whatever the order in the frame.
        for node, run, seq, index, header, body, salt in sorted(made):
            prev = hashes.get((node, run, seq - 1))
            if prev is None:
                prev = next(prevs, None)
                if prev is None:
                    raise CodecError("not packed records")
            hashes[node, run, seq] = sha256(prev + header).digest()
            shape = self.shapes[self.group[index]]
            out[self.places[index]] = Parcel(header, body, salt, shape.lane, prev)
