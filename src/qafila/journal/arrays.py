"""Rows as columns in PostgreSQL's binary arrays, unnested in one statement. Loaded on a node with PostgreSQL alone.

Sources: PostgreSQL 15, `src/backend/utils/adt/arrayfuncs.c` (array_recv) and the receive functions of each type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from struct import Struct
from typing import Any, NamedTuple
from weakref import WeakSet

import orjson
import psycopg
from django.db import connections, models
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format

from qafila.journal.plain import Done

_NULL = b"\xff\xff\xff\xff"
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY_ONE = date(2000, 1, 1).toordinal()
_HEAD, _LENGTH = Struct(">iiiii").pack, Struct(">i").pack
_FOUR, _EIGHT = Struct(">ii").pack, Struct(">iq").pack
_UUID_LENGTH = 16 << 128


class Packed:
    """An array in PostgreSQL's binary form."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data


class _PackedDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Packed) -> Buffer:
        return obj.data


class _Uuids(Packed):
    pass


class _Bytes(Packed):
    pass


class _Texts(Packed):
    pass


class _Int8s(Packed):
    pass


class _Bools(Packed):
    pass


class _Instants(Packed):
    pass


class _Dates(Packed):
    pass


def _dumper(oid: int) -> type[_PackedDumper]:
    return type("PackedDumper", (_PackedDumper,), {"oid": oid})


_DUMPERS = {_Uuids: _dumper(2951), _Bytes: _dumper(1001), _Texts: _dumper(1009), _Int8s: _dumper(1016),
            _Bools: _dumper(1000), _Instants: _dumper(1185), _Dates: _dumper(1182)}  # fmt: skip


Packer = Callable[[Sequence[Any]], Packed]
_Items = Callable[[Sequence[Any]], list[bytes]]
"""The bytes of each value with their length before them."""


def _packer(kind: type[Packed], oid: int, items: _Items) -> Packer:
    """Packs a column of values whose type has that number."""

    def packed(values: Sequence[Any]) -> Packed:
        # Of most kinds of row most columns are the same from end to end.
        same = len(set(map(id, values))) == 1
        body = items(values[:1])[0] * len(values) if same else b"".join(items(values))
        return kind(_HEAD(1, 1, oid, len(values), 1) + body)

    return packed


def _uuid_items(values: Sequence[Any]) -> list[bytes]:
    return [_NULL if v is None else (_UUID_LENGTH + v.int).to_bytes(20) for v in values]


def _byte_items(values: Sequence[Any]) -> list[bytes]:
    return [_NULL if v is None else _LENGTH(len(v)) + v for v in values]


def _text_items(values: Sequence[Any]) -> list[bytes]:
    return _byte_items([None if v is None else str(v).encode() for v in values])


def _json_items(values: Sequence[Any]) -> list[bytes]:
    return _byte_items([None if v is None else orjson.dumps(v) for v in values])


def _int_items(values: Sequence[Any]) -> list[bytes]:
    return [_NULL if v is None else _EIGHT(8, v) for v in values]


def _bool_items(values: Sequence[Any]) -> list[bytes]:
    coded = {None: _NULL, True: b"\0\0\0\1\1", False: b"\0\0\0\1\0"}
    return [coded[v] for v in values]


def _instant_items(values: Sequence[Any]) -> list[bytes]:
    return [_NULL if v is None else _EIGHT(8, (v - _BEGINNING) // _MICROSECOND) for v in values]


def _date_items(values: Sequence[Any]) -> list[bytes]:
    return [_NULL if v is None else _FOUR(4, v.toordinal() - _DAY_ONE) for v in values]


_ints = _packer(_Int8s, 20, _int_items)
_texts, _jsons = _packer(_Texts, 25, _text_items), _packer(_Texts, 25, _json_items)
_PACKERS: dict[str, Packer] = {
    "uuid": _packer(_Uuids, 2950, _uuid_items), "bytea": _packer(_Bytes, 17, _byte_items),
    "bigint": _ints, "integer": _ints, "smallint": _ints, "boolean": _packer(_Bools, 16, _bool_items),
    "timestamp with time zone": _packer(_Instants, 1184, _instant_items), "date": _packer(_Dates, 1082, _date_items),
    "jsonb": _jsons,
}  # fmt: skip


class Unnested(NamedTuple):
    """The parts of a statement over unnested arrays."""

    columns: str
    arrays: str
    names: str
    packers: list[Packer]


def unnested(fields: Sequence[models.Field[Any, Any]], database: str) -> Unnested:
    """How a statement names these fields' arrays and takes them apart."""
    return _said(tuple(fields), database)


@lru_cache(maxsize=500)
def _said(fields: tuple[models.Field[Any, Any], ...], database: str) -> Unnested:
    postgresql = connections[database]
    kinds = [str(f.rel_db_type(postgresql)) for f in fields]
    packers = [_PACKERS.get(kind, _texts) for kind in kinds]
    names = [f"c{n}" for n in range(len(fields))]
    columns = []
    for name, kind, packer in zip(names, kinds, packers, strict=True):
        # Text and whole numbers fit by assignment, which complains of what is too long or too large.
        fits = packer not in (_jsons, _texts) or kind.startswith(("varchar", "text"))
        columns.append(f"v.{name}" if fits else f"v.{name}::{kind}")
    return Unnested(", ".join(columns), ", ".join(["%b"] * len(fields)), ", ".join(names), packers)


@lru_cache(maxsize=500)
def chosen(table: str, fields: tuple[models.Field[Any, Any], ...], database: str) -> str:
    """The beginning of a question. Columns that Django converts as it reads them cannot be asked for so."""
    if converted := [f.attname for f in fields if f.get_db_converters(connections[database])]:
        raise TypeError(f"converted as they are read: {converted}")
    columns = ", ".join(f'"{f.column}"' for f in fields)
    return f'SELECT {columns} FROM "{table}" WHERE '  # noqa: S608 - our own names


def alike(like: Mapping[models.Field[Any, Any], Any], database: str) -> tuple[str, list[Any]]:
    """The condition that columns are like that, any of a list's values; and what it is given."""
    parts, given = [], []
    for field, value in like.items():
        if value is None:
            parts.append(f'"{field.column}" IS NULL')
        elif value is True or value is False:
            # Written out: an index of some of the rows serves no question that leaves open which rows it means.
            parts.append(f'"{field.column}" = {value}')
        elif isinstance(value, list):
            parts.append(f'"{field.column}" = ANY(%b)')
            given.append(_said((field,), database).packers[0](value))
        else:
            parts.append(f'"{field.column}" = %s')
            given.append(value)
    return " AND ".join(parts), given


def arrays(said: Unnested, rows: Sequence[Sequence[Any]]) -> list[Packed]:
    """The rows, a column an array."""
    return [packer(values) for packer, values in zip(said.packers, zip(*rows, strict=True), strict=True)]


def keys(numbers: Sequence[int]) -> Packed:
    """Whole numbers as one array."""
    return _ints(numbers)


OFTEN = 5
"""A statement over arrays that a connection has run so often it need not read and plan again."""
_ready: WeakSet[Any] = WeakSet()
"""Connections that know how packed arrays are sent."""


def execute(database: str, sql: str, packed: Sequence[Any], *, back: bool) -> Done:
    """Run a statement over arrays. Raises Django's `DatabaseError`."""
    connection = connections[database]
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    raw = connection.connection
    if raw not in _ready:
        raw.prepare_threshold = OFTEN
        for kind, dumper in _DUMPERS.items():
            raw.adapters.register_dumper(kind, dumper)
        _ready.add(raw)
    with connection.wrap_database_errors, psycopg.Cursor(raw) as cursor:
        cursor.execute(sql.encode(), packed)
        return cursor.rowcount, cursor.fetchall() if back else []
