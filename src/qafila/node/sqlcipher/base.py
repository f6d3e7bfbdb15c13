"""Django's SQLite backend over SQLCipher: the file is encrypted with the node's key, every writing transaction
waits its turn at one lock (a file beside the database), and a commit is on the disk before it is acknowledged.

Settings: `NAME` (the file), `OPTIONS`: `key_file` (64 hexadecimal digits).
"""

from __future__ import annotations

import datetime
import decimal
import fcntl
import os
from collections.abc import Mapping
from itertools import tee
from pathlib import Path
from typing import Any

from django.db.backends.sqlite3 import base as sqlite
from django.db.backends.sqlite3._functions import register as register_functions
from django.utils.dateparse import parse_date, parse_datetime, parse_time
from sqlcipher3 import dbapi2 as cipher

# What Django registers on the standard library's module, its twin needs too.
cipher.register_converter("bool", b"1".__eq__)
cipher.register_converter("date", sqlite.decoder(parse_date))
cipher.register_converter("time", sqlite.decoder(parse_time))
cipher.register_converter("datetime", sqlite.decoder(parse_datetime))
cipher.register_converter("timestamp", sqlite.decoder(parse_datetime))
cipher.register_adapter(decimal.Decimal, str)
cipher.register_adapter(datetime.date, sqlite.adapt_date)
cipher.register_adapter(datetime.datetime, sqlite.adapt_datetime)

PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=20000",
    "PRAGMA cache_size=-8000",
    "PRAGMA temp_store=MEMORY",
    # What is deleted is overwritten: an erased record is not in the free pages either.
    "PRAGMA secure_delete=ON",
)


class Cursor(cipher.Cursor):
    """Django's cursor: `%s` place-holders become `?`, named ones `:name`."""

    convert_query = sqlite.SQLiteCursorWrapper.convert_query

    def execute(self, query: str, params: Any = None) -> Any:
        """Run one statement."""
        if params is None:
            return super().execute(query)
        names = list(params) if isinstance(params, Mapping) else None
        return super().execute(self.convert_query(query, param_names=names), params)

    def executemany(self, query: str, param_list: Any) -> Any:
        """Run one statement with many sets of parameters."""
        peekable, param_list = tee(iter(param_list))
        first = next(peekable, None)
        names = list(first) if isinstance(first, Mapping) else None
        return super().executemany(self.convert_query(query, param_names=names), param_list)


class DatabaseWrapper(sqlite.DatabaseWrapper):
    """A connection to an encrypted database."""

    Database = cipher
    _turn: int | None = None

    def get_connection_params(self) -> dict[str, Any]:
        """Django's parameters without ours."""
        params = super().get_connection_params()
        self._key_file = Path(params.pop("key_file"))
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Open and unlock. Raises `DatabaseError` where the key does not fit."""
        connection = cipher.connect(**conn_params)
        key = bytes.fromhex(self._key_file.read_text().strip())
        connection.execute(f"PRAGMA key=\"x'{key.hex()}'\"")
        for pragma in PRAGMAS:
            connection.execute(pragma)
        register_functions(connection)
        return connection

    def create_cursor(self, name: str | None = None) -> Any:
        """A cursor that speaks Django's dialect."""
        return self.connection.cursor(factory=Cursor)

    def _start_transaction_under_autocommit(self) -> None:
        self._take_turn()
        try:
            self.cursor().execute("BEGIN IMMEDIATE")
        except BaseException:
            self._end_turn()
            raise

    def _commit(self) -> None:
        try:
            super()._commit()  # type: ignore[misc]
        finally:
            self._end_turn()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._end_turn()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._end_turn()

    def _take_turn(self) -> None:
        name = str(self.settings_dict["NAME"])
        if self._turn is None and not self.is_in_memory_db():
            turn = os.open(f"{name}.turn", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(turn, fcntl.LOCK_EX)
            self._turn = turn

    def _end_turn(self) -> None:
        if self._turn is not None:
            os.close(self._turn)
            self._turn = None
