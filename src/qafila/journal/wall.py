"""The second wall: who asks, told to PostgreSQL, whose row-level policies decide what a page can see at all.

A page's process connects as a role that owns nothing. On its connections every statement is run for somebody: the
person whom `asking` names, with the reach that their roles give them. Nobody named: no patient's row is there. What is
told is signed with a key that the role cannot read, and holds for one connection and a short time, so that SQL which
somebody smuggles into a page cannot ask as somebody else. `node.walls` makes the policies.

Anywhere else (SQLCipher, the hub's other processes) nothing here does anything.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connections
from django.db.backends.signals import connection_created

from qafila.journal.here import nobody_or_here
from qafila.kernel import clock

SETTING = "qafila.asks"
HOLDS_S = 3600
ALL = "all"
UNIT = "unit"
CASE = "case"
POOL = "pool"
"""What waits for any specialist."""
_key: bytes | None = None
_asks: ContextVar[Asking | None] = ContextVar("qafila_asks", default=None)


@dataclass(frozen=True)
class Asking:
    """For whom statements are run, and how far they reach: `all`, or any of `unit`, `case`, `pool`."""

    staff: UUID
    reach: frozenset[str]


NODE = UUID(int=0)
"""Who asks in `beyond`."""


def stand_behind(key: bytes) -> None:
    """This process's connections stand behind the wall from now on. `key` signs what they say."""
    global _key
    _key = key
    connection_created.connect(_connected, dispatch_uid="qafila.wall")


def step_out() -> None:
    """Undo `stand_behind`: for tests."""
    global _key
    _key = None
    connection_created.disconnect(dispatch_uid="qafila.wall")


@contextmanager
def asking(staff: UUID | None, reach: frozenset[str] = frozenset()) -> Iterator[None]:
    """Inside, statements are run for that person; None: for nobody. Not inside of a transaction."""
    with _as(Asking(staff, reach) if staff is not None and reach else None):
        yield


@contextmanager
def beyond(why: str) -> Iterator[None]:
    """Inside, the node itself asks, and sees everything: for what a page has to know of people whom its reader may
    not see. `why` is for the reader of the code; every use is listed in a test."""
    with _as(Asking(NODE, frozenset({ALL}))):
        yield


@contextmanager
def _as(wanted: Asking | None) -> Iterator[None]:
    if _key is None:
        yield
        return
    token = _asks.set(wanted)
    try:
        _tell(wanted)
        yield
    finally:
        _asks.reset(token)
        _tell(_asks.get())


def whose() -> Asking | str:
    """For whom statements are run now, as far as it changes what they see: the person, or one word for all who see the
    same."""
    asks = _asks.get()
    if _key is None or (asks is not None and ALL in asks.reach):
        return ALL
    return "" if asks is None else asks


def _tell(wanted: Asking | None) -> None:
    connection = connections[_alias()]
    if connection.connection is None:
        return
    # In a transaction that failed nothing can be said, and need not be: its end brings back what was said before it,
    # which is no wider, because whoever asks steps in and out at the same depth.
    if not connection.needs_rollback and not _failed(connection):
        _say(connection, wanted)


def _failed(connection: Any) -> bool:
    from psycopg.pq import TransactionStatus

    return bool(connection.connection.info.transaction_status == TransactionStatus.INERROR)


def _connected(connection: Any, **_more: Any) -> None:
    if connection.vendor == "postgresql" and connection.alias == _alias():
        _say(connection, _asks.get())


def _say(connection: Any, wanted: Asking | None) -> None:
    import psycopg

    text = "" if wanted is None else signed(wanted, connection.connection.info.backend_pid)
    # Bound by the server: what others of the same role see of this statement holds no token.
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute("SELECT set_config('qafila.asks', %s, false)", [text])


def signed(wanted: Asking, pid: int) -> str:
    """What the policies read: staff, reach, connection, end, and the signature of these."""
    said = f"{wanted.staff}|{'+'.join(sorted(wanted.reach))}|{pid}|{int(clock.seconds()) + HOLDS_S}"
    return f"{said}|{hmac.new(_key or b'', said.encode(), hashlib.sha256).hexdigest()}"


def _alias() -> str:
    node = nobody_or_here()
    return node.database if node else "default"
