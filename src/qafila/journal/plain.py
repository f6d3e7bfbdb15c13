"""Rows by plain statements on SQLite: what `tables` asks and writes without Django's long way to a statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from django.db import connections, models

Done = tuple[int, list[tuple[Any, ...]]]
"""How many rows, and what they gave back."""
_MOST_VALUES = 30_000
"""In one statement; SQLite's own bound is 32,766."""


def chosen(
    table: str, fields: tuple[models.Field[Any, Any], ...], database: str, where: str, given: Sequence[Any]
) -> list[tuple[Any, ...]]:
    """The fields' values of the rows for which a condition holds, as Django reads them."""
    columns = ", ".join(f'"{f.column}"' for f in fields)
    rows = execute(database, f'SELECT {columns} FROM "{table}" WHERE {where}', given)  # noqa: S608 - our own names
    return _converted(table, fields, database, rows) if rows else rows


def _converted(
    table: str, fields: Iterable[models.Field[Any, Any]], database: str, rows: list[tuple[Any, ...]]
) -> list[tuple[Any, ...]]:
    connection = connections[database]
    columns = [list(values) for values in zip(*rows, strict=True)]
    for field, values in zip(fields, columns, strict=True):
        column = field.get_col(table)
        for step in (*connection.ops.get_db_converters(column), *column.get_db_converters(connection)):
            values[:] = [step(one, column, connection) for one in values]
    return list(zip(*columns, strict=True))


def alike(like: Mapping[models.Field[Any, Any], Any], database: str) -> tuple[str, list[Any]]:
    """The condition that columns are like that, any of a list's values; and what it is given."""
    connection = connections[database]
    parts, given = [], []
    for field, value in like.items():
        name = f'"{field.column}"'
        if value is None:
            parts.append(f"{name} IS NULL")
        elif value is True or value is False:
            # As the conditions of our indexes are written: an index of some of the rows serves no other question.
            parts.append(name if value else f"NOT {name}")
        elif isinstance(value, list):
            parts.append(f"{name} IN ({', '.join(['%s'] * len(value))})")
            given += [field.get_db_prep_value(one, connection) for one in value]
        else:
            parts.append(f"{name} = %s")
            given.append(field.get_db_prep_value(value, connection))
    return " AND ".join(parts), given


def execute(database: str, sql: str, given: Sequence[Any]) -> list[tuple[Any, ...]]:
    """What a statement gives. Raises Django's `DatabaseError`."""
    with connections[database].cursor() as cursor:
        cursor.execute(sql, given)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def insert(
    database: str,
    target: str,
    tail: str,
    fields: Sequence[models.Field[Any, Any]],
    rows: Sequence[Sequence[Any]],
    *,
    back: bool,
) -> Done:
    """Insert rows, many a statement where they give something back."""
    row = f"({', '.join(['%s'] * len(fields))})"
    head = f"INSERT INTO {target} VALUES "  # noqa: S608 - our own names
    if not back:
        return each(database, f"{head}{row}{tail}", fields, rows), []
    found: list[tuple[Any, ...]] = []
    size = _MOST_VALUES // len(fields)
    for start in range(0, len(rows), size):
        ready = _prepared(database, fields, rows[start : start + size])
        found += execute(database, f"{head}{', '.join([row] * len(ready))}{tail}", list(chain.from_iterable(ready)))
    return len(found), found


def each(database: str, sql: str, fields: Sequence[models.Field[Any, Any]], rows: Sequence[Sequence[Any]]) -> int:
    """Run a statement once for each row of these fields' values; how many rows it has changed."""
    with connections[database].cursor() as cursor:
        cursor.executemany(sql, _prepared(database, fields, rows))
        return int(cursor.rowcount)


def _prepared(
    database: str, fields: Sequence[models.Field[Any, Any]], rows: Sequence[Sequence[Any]]
) -> list[list[Any]]:
    connection = connections[database]
    return [[f.get_db_prep_save(v, connection) for f, v in zip(fields, row, strict=True)] for row in rows]
