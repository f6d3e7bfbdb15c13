"""Very many rows in one statement: arrays unnested on PostgreSQL (`arrays`), plain statements on SQLite (`plain`).

Rows come as Python values in the order of `names` (attribute names). Nothing here asks for the writer's token:
whoever calls holds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from django.db import connections, models

from qafila.journal import plain

Rows = Sequence[Sequence[Any]]
_LARGEST = (1 << 63) - 2


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


def among(
    model: type[models.Model],
    column: str,
    values: Iterable[Any],
    names: Sequence[str],
    database: str,
    *,
    locked: Sequence[str] = (),
    **like: Any,
) -> list[tuple[Any, ...]]:
    """The values of `names` of the rows whose `column` is one of these, and whose other columns are `like` that (any of
    a list); without values none. `locked`: until the transaction ends, in the order of these columns.

    For what is asked with every frame: Django takes longer to write such a question than PostgreSQL to answer it.
    """
    wanted = list(values)
    if not wanted:
        return []
    tail = ""
    if locked:
        # SQLite has one writer, who waits for nobody's rows.
        order = ", ".join(f'"{_field(model, n).column}"' for n in locked)
        tail = f" ORDER BY {order}" + (" FOR UPDATE" if _arrays(database) else "")
    return _asked(model, names, database, {column: wanted, **like}, tail)


def between(
    model: type[models.Model], column: str, first: int, last: int, names: Sequence[str], database: str, **like: Any
) -> list[tuple[Any, ...]]:
    """As `among`, of the rows whose `column` lies between these."""
    tail = f' AND "{_field(model, column).column}" BETWEEN %s AND %s'
    return _asked(model, names, database, like, tail, first, last)


def some(
    model: type[models.Model], names: Sequence[str], most: int, database: str, **like: Any
) -> list[tuple[Any, ...]]:
    """As `among`, at most so many of the rows that are `like` that, in no order."""
    return _asked(model, names, database, like, " LIMIT %s", most)


def count(model: type[models.Model], most: int, database: str, **like: Any) -> int:
    """How many rows are `like` that, counted up to `most`."""
    named = {_field(model, n): v for n, v in like.items()}
    ask = f'SELECT count(*) FROM (SELECT 1 FROM "{model._meta.db_table}" WHERE %s LIMIT %%s) AS found'
    if _arrays(database):
        from qafila.journal import arrays

        where, given = arrays.alike(named, database)
        return int(arrays.execute(database, ask % where, [*given, most], back=True)[1][0][0])
    where, given = plain.alike(named, database)
    return int(plain.execute(database, ask % where, [*given, most])[0][0])


def _asked(
    model: type[models.Model], names: Sequence[str], database: str, like: dict[str, Any], tail: str, *more: Any
) -> list[tuple[Any, ...]]:
    table, fields = model._meta.db_table, tuple(_field(model, n) for n in names)
    named = {_field(model, n): v for n, v in like.items()}
    if _arrays(database):
        from qafila.journal import arrays

        where, given = arrays.alike(named, database)
        head = arrays.chosen(table, fields, database)
        return arrays.execute(database, f"{head}{where}{tail}", [*given, *more], back=True)[1]
    where, given = plain.alike(named, database)
    return plain.chosen(table, fields, database, f"{where}{tail}", [*given, *more])


def _arrays(database: str) -> bool:
    """Whether that database takes arrays."""
    return bool(connections[database].vendor == "postgresql")


def filled(kinds: Sequence[type[models.Model]], database: str) -> set[type[models.Model]]:
    """Those of up to 500 models of which there are any rows, by one question: most nodes hold rows of few."""
    parts = (f'SELECT {n} WHERE EXISTS (SELECT 1 FROM "{kind._meta.db_table}")' for n, kind in enumerate(kinds))
    with connections[database].cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        return {kinds[n] for (n,) in cursor.fetchall()}


def _insert(
    model: type[models.Model], names: Sequence[str], rows: Rows, database: str, once: Sequence[str], back: Sequence[str]
) -> plain.Done:
    fields = [_field(model, name) for name in names]
    target = f'"{model._meta.db_table}" ({_columns(fields)})'
    tail = f" ON CONFLICT ({_columns(_field(model, n) for n in once)}) DO NOTHING" if once else ""
    if back:
        tail += f" RETURNING {_columns(_field(model, n) for n in back)}"
    if _arrays(database):
        from qafila.journal import arrays

        said = arrays.unnested(fields, database)
        sql = f"INSERT INTO {target} SELECT {said.columns} FROM unnest({said.arrays}) AS v({said.names}){tail}"
        return arrays.execute(database, sql, arrays.arrays(said, rows), back=bool(back))
    return plain.insert(database, target, tail, fields, rows, back=bool(back))


def update(model: type[models.Model], names: Sequence[str], rows: Rows, database: str) -> None:
    """Change rows that the caller has locked; the first of `names` says which. Raises as `insert`."""
    if not rows:
        return
    fields = [_field(model, name) for name in names]
    table, key = f'"{model._meta.db_table}"', _columns(fields[:1])
    if _arrays(database):
        from qafila.journal import arrays

        said = arrays.unnested(fields, database)
        columns = said.columns.split(", ")
        sets = ", ".join(f"{_columns([f])} = {c}" for f, c in zip(fields[1:], columns[1:], strict=True))
        sql = (
            f"UPDATE {table} AS t SET {sets} FROM unnest({said.arrays}) AS v({said.names}) WHERE t.{key} = {columns[0]}"
        )
        arrays.execute(database, sql, arrays.arrays(said, rows), back=False)
        return
    sets = ", ".join(f"{_columns([f])} = %s" for f in fields[1:])
    turned = [[*row[1:], row[0]] for row in rows]
    plain.each(database, f"UPDATE {table} SET {sets} WHERE {key} = %s", [*fields[1:], fields[0]], turned)


def one_at_a_time(keys: Iterable[int], database: str) -> None:
    """Until the transaction ends no other process gets past here with one of these keys (any whole numbers), and with
    none at all nobody gets past `alone`.

    On SQLite there is one writer anyway.
    """
    wanted = sorted({key % _LARGEST + 1 for key in keys})
    if _arrays(database):
        from qafila.journal import arrays

        sql = "SELECT pg_advisory_xact_lock_shared(0), (SELECT count(pg_advisory_xact_lock(k)) FROM unnest(%b) AS u(k))"
        arrays.execute(database, sql, [arrays.keys(wanted)], back=True)


def alone(database: str) -> None:
    """Until the transaction ends nobody else gets past `one_at_a_time`, whatever the keys."""
    if _arrays(database):
        from qafila.journal import arrays

        arrays.execute(database, "SELECT pg_advisory_xact_lock(0)", [], back=True)


def _field(model: type[models.Model], name: str) -> models.Field[Any, Any]:
    return _by_attname(model)[name]


@lru_cache(maxsize=200)
def _by_attname(model: type[models.Model]) -> dict[str, models.Field[Any, Any]]:
    return {f.attname: f for f in model._meta.concrete_fields}


def _columns(fields: Iterable[models.Field[Any, Any]]) -> str:
    return ", ".join(f'"{f.column}"' for f in fields)
