"""Rows as columns in PostgreSQL's binary arrays, unnested in one statement. Loaded on a node with PostgreSQL alone.

Sources: PostgreSQL 15, `src/backend/utils/adt/arrayfuncs.c` (array_recv) and the receive functions of each type.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import chain
from struct import Struct, pack
from typing import Any, NamedTuple

import orjson
import psycopg
from django.db import connections, models
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format

Done = tuple[int, list[tuple[Any, ...]]]
"""How many rows, and what they gave back."""
_NULL = b"\xff\xff\xff\xff"
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY_ONE = date(2000, 1, 1).toordinal()
_LENGTH = Struct(">i").pack
_UUID_LENGTH = _LENGTH(16)


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


def _array(oid: int, items: Sequence[bytes]) -> bytes:
    return pack(">iiiii", 1, 1, oid, len(items), 1) + b"".join(items)


def _uuids(values: Sequence[Any]) -> Packed:
    return _Uuids(_array(2950, [_NULL if v is None else _UUID_LENGTH + v.bytes for v in values]))


def _bytes(values: Sequence[Any]) -> Packed:
    return _Bytes(_array(17, [_NULL if v is None else _LENGTH(len(v)) + bytes(v) for v in values]))


def _texts(values: Sequence[Any]) -> Packed:
    coded = [None if v is None else str(v).encode() for v in values]
    return _Texts(_array(25, [_NULL if v is None else _LENGTH(len(v)) + v for v in coded]))


def _jsons(values: Sequence[Any]) -> Packed:
    return _texts([None if v is None else orjson.dumps(v).decode() for v in values])


def _ints(values: Sequence[Any]) -> Packed:
    if None in values:
        return _Int8s(_array(20, [_NULL if v is None else pack(">iq", 8, v) for v in values]))
    size = len(values)
    whole = pack(">iiiii" + "iq" * size, 1, 1, 20, size, 1, *chain.from_iterable((8, v) for v in values))
    return _Int8s(whole)


def _bools(values: Sequence[Any]) -> Packed:
    coded = {None: _NULL, True: b"\0\0\0\1\1", False: b"\0\0\0\1\0"}
    return _Bools(_array(16, [coded[v] for v in values]))


def _instants(values: Sequence[Any]) -> Packed:
    return _Instants(
        _array(1184, [_NULL if v is None else pack(">iq", 8, (v - _BEGINNING) // _MICROSECOND) for v in values])
    )


def _dates(values: Sequence[Any]) -> Packed:
    return _Dates(_array(1082, [_NULL if v is None else pack(">ii", 4, v.toordinal() - _DAY_ONE) for v in values]))


Packer = Callable[[Sequence[Any]], Packed]
_PACKERS: dict[str, Packer] = {
    "uuid": _uuids, "bytea": _bytes, "bigint": _ints, "integer": _ints, "smallint": _ints, "boolean": _bools,
    "timestamp with time zone": _instants, "date": _dates, "jsonb": _jsons,
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
def chosen(
    table: str,
    key: models.Field[Any, Any],
    fields: tuple[models.Field[Any, Any], ...],
    database: str,
    like: tuple[str, ...],
) -> tuple[str, Packer]:
    """The question for the rows whose `key` stands in one array, and how that array is packed. Columns that Django
    converts as it reads them cannot be asked for so."""
    if converted := [f.attname for f in fields if f.get_db_converters(connections[database])]:
        raise TypeError(f"converted as they are read: {converted}")
    more = "".join(f' AND "{column}" = %s' for column in like)
    columns = ", ".join(f'"{f.column}"' for f in fields)
    packer = _said((key,), database).packers[0]
    return f'SELECT {columns} FROM "{table}" WHERE "{key.column}" = ANY(%b){more}', packer  # noqa: S608 - our own names


def arrays(said: Unnested, rows: Sequence[Sequence[Any]]) -> list[Packed]:
    """The rows, a column an array."""
    return [packer(values) for packer, values in zip(said.packers, zip(*rows, strict=True), strict=True)]


def keys(numbers: Sequence[int]) -> Packed:
    """Whole numbers as one array."""
    return _ints(numbers)


OFTEN = 5
"""A statement over arrays that a connection has run so often it need not read and plan again."""


def execute(database: str, sql: str, packed: Sequence[Any], *, back: bool) -> Done:
    """Run a statement over arrays. Raises Django's `DatabaseError`."""
    connection = connections[database]
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    connection.connection.prepare_threshold = OFTEN
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        for kind, dumper in _DUMPERS.items():
            cursor.adapters.register_dumper(kind, dumper)
        cursor.execute(sql.encode(), packed)
        return cursor.rowcount, cursor.fetchall() if back else []
