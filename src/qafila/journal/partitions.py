"""Tables that grow without end are split by node on PostgreSQL: what one node sends touches one part of them."""

from __future__ import annotations

from typing import Any

from django.db.migrations.operations.base import Operation

PARTS = 16
"""Each query that names no node looks into so many indexes; more of them cost it more than they save the others."""


class HashPartitioned(Operation):
    """Splits a table that was just made, is empty and has no index yet; does nothing on SQLite.

    PostgreSQL asks that the column is part of every unique key: the primary key becomes (its column, `column`). That
    the first alone is unique follows from its sequence.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, name: str, column: str) -> None:
        self.name, self.column = name, column

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The model is the same."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Replace the empty table."""
        if schema_editor.connection.vendor != "postgresql":
            return
        meta = to_state.apps.get_model(app_label, self.name)._meta
        table, key, column = meta.db_table, meta.pk.column, meta.get_field(self.column).column
        schema_editor.execute(
            f'CREATE TABLE "{table}_split" (LIKE "{table}" INCLUDING DEFAULTS) PARTITION BY HASH ("{column}")'
        )
        schema_editor.execute(f'DROP TABLE "{table}"')
        schema_editor.execute(f'ALTER TABLE "{table}_split" RENAME TO "{table}"')
        schema_editor.execute(f'ALTER TABLE "{table}" ADD PRIMARY KEY ("{key}", "{column}")')
        sequence = f"{table}_{key}_seq"
        schema_editor.execute(f'CREATE SEQUENCE "{sequence}" OWNED BY "{table}"."{key}"')
        schema_editor.execute(f"""ALTER TABLE "{table}" ALTER "{key}" SET DEFAULT nextval('"{sequence}"')""")
        for part in range(PARTS):
            schema_editor.execute(
                f'CREATE TABLE "{table}_{part:02}" PARTITION OF "{table}" '
                f"FOR VALUES WITH (MODULUS {PARTS}, REMAINDER {part})"
            )

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Nothing: the table goes with its model."""

    def describe(self) -> str:
        """In a word."""
        return f"Partition {self.name} by {self.column} on PostgreSQL"
