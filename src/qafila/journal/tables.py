"""Very many rows in one statement: arrays unnested on PostgreSQL, `executemany` on SQLite.

Rows come as Python values in the order of `names` (attribute names). Nothing here asks for the writer's token:
whoever calls holds it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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

Rows = Sequence[Sequence[Any]]
Done = tuple[int, list[tuple[Any, ...]]]
"""How many rows, and what they gave back."""
_NULL = b"\xff\xff\xff\xff"
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY_ONE = date(2000, 1, 1).toordinal()
_LARGEST = (1 << 63) - 2
_LENGTH = Struct(">i").pack
_UUID_LENGTH = _LENGTH(16)


def insert(
    model: type[models.Model],
    names: Sequence[str],
    rows: Rows,
    database: str,
    *,
    once: Sequence[str] = (),
) -> int:
    """Insert rows; those whose values of `once` are there already are passed over. How many are new.

    Raises Django's `DatabaseError` where a value fits no column; nothing is inserted then.
    """
    return _insert(model, names, rows, database, once, ())[0] if rows else 0


def insert_back(
    model: type[models.Model],
    names: Sequence[str],
    rows: Rows,
    database: str,
    *,
    once: Sequence[str],
    back: Sequence[str],
) -> list[tuple[Any, ...]]:
    """As `insert`; the `back` columns of the new rows."""
    return _insert(model, names, rows, database, once, back)[1] if rows else []


def _insert(
    model: type[models.Model], names: Sequence[str], rows: Rows, database: str, once: Sequence[str], back: Sequence[str]
) -> Done:
    fields = [_field(model, name) for name in names]
    target = f'"{model._meta.db_table}" ({_columns(fields)})'
    tail = f" ON CONFLICT ({_columns(_field(model, n) for n in once)}) DO NOTHING" if once else ""
    if back:
        tail += f" RETURNING {_columns(_field(model, n) for n in back)}"
    if connections[database].vendor == "postgresql":
        said = _unnested(fields, database)
        sql = f"INSERT INTO {target} SELECT {said.columns} FROM unnest({said.arrays}) AS v({said.names}){tail}"
        return _execute(database, sql, _arrays(said, rows), back=bool(back))
    return _at_once(database, f"INSERT INTO {target} VALUES ", tail, fields, rows, back=bool(back))


def update(model: type[models.Model], names: Sequence[str], rows: Rows, database: str) -> None:
    """Change rows that the caller has locked; the first of `names` says which. Raises as `insert`."""
    if not rows:
        return
    fields = [_field(model, name) for name in names]
    table, key = f'"{model._meta.db_table}"', _columns(fields[:1])
    if connections[database].vendor == "postgresql":
        said = _unnested(fields, database)
        columns = said.columns.split(", ")
        sets = ", ".join(f"{_columns([f])} = {c}" for f, c in zip(fields[1:], columns[1:], strict=True))
        sql = (
            f"UPDATE {table} AS t SET {sets} FROM unnest({said.arrays}) AS v({said.names}) WHERE t.{key} = {columns[0]}"
        )
        _execute(database, sql, _arrays(said, rows), back=False)
        return
    sets = ", ".join(f"{_columns([f])} = %s" for f in fields[1:])
    turned = [[*row[1:], row[0]] for row in rows]
    _each(database, f"UPDATE {table} SET {sets} WHERE {key} = %s", [*fields[1:], fields[0]], turned)


def one_at_a_time(keys: Iterable[int], database: str) -> None:
    """Until the transaction ends no other process gets past here with one of these keys (any whole numbers), and with
    none at all nobody gets past `alone`.

    On SQLite there is one writer anyway.
    """
    wanted = sorted({key % _LARGEST + 1 for key in keys})
    if connections[database].vendor == "postgresql":
        array = _Int8s(_array(20, [pack(">iq", 8, key) for key in wanted]))
        sql = "SELECT pg_advisory_xact_lock_shared(0), (SELECT count(pg_advisory_xact_lock(k)) FROM unnest(%b) AS u(k))"
        _execute(database, sql, [array], back=True)


def alone(database: str) -> None:
    """Until the transaction ends nobody else gets past `one_at_a_time`, whatever the keys."""
    if connections[database].vendor == "postgresql":
        _execute(database, "SELECT pg_advisory_xact_lock(0)", [], back=True)


def _field(model: type[models.Model], name: str) -> models.Field[Any, Any]:
    return _by_attname(model)[name]


@lru_cache(maxsize=200)
def _by_attname(model: type[models.Model]) -> dict[str, models.Field[Any, Any]]:
    return {f.attname: f for f in model._meta.concrete_fields}


def _columns(fields: Iterable[models.Field[Any, Any]]) -> str:
    return ", ".join(f'"{f.column}"' for f in fields)


# --- SQLite -----------------------------------------------------------------------------------


_MOST_VALUES = 30_000
"""In one statement; SQLite's own bound is 32,766."""


def _at_once(
    database: str, sql: str, tail: str, fields: Sequence[models.Field[Any, Any]], rows: Rows, *, back: bool
) -> Done:
    row = f"({', '.join(['%s'] * len(fields))})"
    if not back:
        return _each(database, f"{sql}{row}{tail}", fields, rows), []
    found: list[tuple[Any, ...]] = []
    size = _MOST_VALUES // len(fields)
    with connections[database].cursor() as cursor:
        for start in range(0, len(rows), size):
            ready = _prepared(database, fields, rows[start : start + size])
            cursor.execute(f"{sql}{', '.join([row] * len(ready))}{tail}", list(chain.from_iterable(ready)))
            found += cursor.fetchall()
    return len(found), found


def _each(database: str, sql: str, fields: Sequence[models.Field[Any, Any]], rows: Rows) -> int:
    with connections[database].cursor() as cursor:
        cursor.executemany(sql, _prepared(database, fields, rows))
        return int(cursor.rowcount)


def _prepared(database: str, fields: Sequence[models.Field[Any, Any]], rows: Rows) -> list[list[Any]]:
    connection = connections[database]
    return [[f.get_db_prep_save(v, connection) for f, v in zip(fields, row, strict=True)] for row in rows]


# --- PostgreSQL -------------------------------------------------------------------------------


class _Packed:
    """An array in PostgreSQL's binary form."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data


class _PackedDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: _Packed) -> Buffer:
        return obj.data


class _Uuids(_Packed):
    pass


class _Bytes(_Packed):
    pass


class _Texts(_Packed):
    pass


class _Int8s(_Packed):
    pass


class _Bools(_Packed):
    pass


class _Instants(_Packed):
    pass


class _Dates(_Packed):
    pass


def _dumper(oid: int) -> type[_PackedDumper]:
    return type("PackedDumper", (_PackedDumper,), {"oid": oid})


_DUMPERS = {_Uuids: _dumper(2951), _Bytes: _dumper(1001), _Texts: _dumper(1009), _Int8s: _dumper(1016),
            _Bools: _dumper(1000), _Instants: _dumper(1185), _Dates: _dumper(1182)}  # fmt: skip


def _array(oid: int, items: Sequence[bytes]) -> bytes:
    return pack(">iiiii", 1, 1, oid, len(items), 1) + b"".join(items)


def _uuids(values: Sequence[Any]) -> _Packed:
    return _Uuids(_array(2950, [_NULL if v is None else _UUID_LENGTH + v.bytes for v in values]))


def _bytes(values: Sequence[Any]) -> _Packed:
    return _Bytes(_array(17, [_NULL if v is None else _LENGTH(len(v)) + bytes(v) for v in values]))


def _texts(values: Sequence[Any]) -> _Packed:
    coded = [None if v is None else str(v).encode() for v in values]
    return _Texts(_array(25, [_NULL if v is None else _LENGTH(len(v)) + v for v in coded]))


def _jsons(values: Sequence[Any]) -> _Packed:
    return _texts([None if v is None else orjson.dumps(v).decode() for v in values])


def _ints(values: Sequence[Any]) -> _Packed:
    if None in values:
        return _Int8s(_array(20, [_NULL if v is None else pack(">iq", 8, v) for v in values]))
    size = len(values)
    whole = pack(">iiiii" + "iq" * size, 1, 1, 20, size, 1, *chain.from_iterable((8, v) for v in values))
    return _Int8s(whole)


def _bools(values: Sequence[Any]) -> _Packed:
    coded = {None: _NULL, True: b"\0\0\0\1\1", False: b"\0\0\0\1\0"}
    return _Bools(_array(16, [coded[v] for v in values]))


def _instants(values: Sequence[Any]) -> _Packed:
    return _Instants(
        _array(1184, [_NULL if v is None else pack(">iq", 8, (v - _BEGINNING) // _MICROSECOND) for v in values])
    )


def _dates(values: Sequence[Any]) -> _Packed:
    return _Dates(_array(1082, [_NULL if v is None else pack(">ii", 4, v.toordinal() - _DAY_ONE) for v in values]))


Packer = Callable[[Sequence[Any]], _Packed]
_PACKERS: dict[str, Packer] = {
    "uuid": _uuids, "bytea": _bytes, "bigint": _ints, "integer": _ints, "smallint": _ints, "boolean": _bools,
    "timestamp with time zone": _instants, "date": _dates, "jsonb": _jsons,
}  # fmt: skip


class _Unnested(NamedTuple):
    """The parts of a statement over unnested arrays."""

    columns: str
    arrays: str
    names: str
    packers: list[Packer]


def _unnested(fields: Sequence[models.Field[Any, Any]], database: str) -> _Unnested:
    return _said(tuple(fields), database)


@lru_cache(maxsize=500)
def _said(fields: tuple[models.Field[Any, Any], ...], database: str) -> _Unnested:
    postgresql = connections[database]
    kinds = [str(f.rel_db_type(postgresql)) for f in fields]
    packers = [_PACKERS.get(kind, _texts) for kind in kinds]
    names = [f"c{n}" for n in range(len(fields))]
    columns = []
    for name, kind, packer in zip(names, kinds, packers, strict=True):
        # Text and whole numbers fit by assignment, which complains of what is too long or too large.
        fits = packer not in (_jsons, _texts) or kind.startswith(("varchar", "text"))
        columns.append(f"v.{name}" if fits else f"v.{name}::{kind}")
    return _Unnested(", ".join(columns), ", ".join(["%b"] * len(fields)), ", ".join(names), packers)


def _arrays(said: _Unnested, rows: Rows) -> list[_Packed]:
    return [packer(values) for packer, values in zip(said.packers, zip(*rows, strict=True), strict=True)]


def _execute(database: str, sql: str, arrays: Sequence[_Packed], *, back: bool) -> Done:
    connection = connections[database]
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        for kind, dumper in _DUMPERS.items():
            cursor.adapters.register_dumper(kind, dumper)
        cursor.execute(sql.encode(), arrays)
        return cursor.rowcount, cursor.fetchall() if back else []
