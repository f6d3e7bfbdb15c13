"""A disk and its database, in memory: what is committed is durable, what is not is gone when its process dies.

Several connections may be open at once. Each sees what is committed and its own writes (READ COMMITTED); a row that
is locked makes the others wait; a key that two insert at once is refused to the second when it commits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

Table = dict[Any, Any]
GONE = object()


class Killed(BaseException):
    """SIGKILL: nothing of what follows happens."""


class Full(OSError):
    """No space is left on the device."""


class Conflict(OSError):
    """Another process has inserted the same key meanwhile."""


class Backup(NamedTuple):
    """What was durable at a moment."""

    tables: dict[str, Table]
    counters: dict[str, int]


class Disk:
    """What survives a power cut. Rows are never changed in place, so that a copy of the tables is a backup."""

    def __init__(self) -> None:
        self.tables: dict[str, Table] = defaultdict(dict)
        self.counters: dict[str, int] = defaultdict(int)
        self.full = False
        self.kill_in = 0
        """The process dies at so many steps from now; 0: it lives."""
        self.pause: Callable[[], None] = lambda: None
        """Called at every step: others may run in between."""
        self.wait: Callable[[], None] = lambda: None
        """Let others run until a lock may be free."""
        self.locks: dict[Any, Base] = {}

    def backup(self) -> Backup:
        return Backup({name: dict(rows) for name, rows in self.tables.items()}, dict(self.counters))

    def restore(self, backup: Backup) -> None:
        self.tables = defaultdict(dict, {name: dict(rows) for name, rows in backup.tables.items()})
        self.counters = defaultdict(int, backup.counters)

    def step(self) -> None:
        if self.kill_in:
            self.kill_in -= 1
            if not self.kill_in:
                raise Killed
        self.pause()

    def number(self, name: str) -> int:
        """The next number of a sequence; as in databases, not given back by a rollback."""
        self.counters[name] += 1
        return self.counters[name]


class Base:
    """A connection of one process."""

    locking = True

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.depth = 0
        self.changed: dict[str, Table] = {}
        self.inserted: list[tuple[str, Any]] = []
        self.held: list[Any] = []

    def get(self, table: str, key: Any) -> Any:
        own = self.changed.get(table)
        if own is not None and key in own:
            value = own[key]
            return None if value is GONE else value
        return self.disk.tables[table].get(key)

    def rows(self, table: str) -> Table:
        """All rows; not to be changed by the caller."""
        committed, own = self.disk.tables[table], self.changed.get(table)
        if not own:
            return committed
        return {k: v for k, v in {**committed, **own}.items() if v is not GONE}

    def put(self, table: str, key: Any, value: Any) -> None:
        if self.depth:
            self.changed.setdefault(table, {})[key] = value
            return
        with self.atomic():
            self.changed.setdefault(table, {})[key] = value

    def insert(self, table: str, key: Any, value: Any) -> None:
        with self.atomic():
            self.put(table, key, value)
            self.inserted.append((table, key))

    def drop(self, table: str, key: Any) -> None:
        self.put(table, key, GONE)

    def lock(self, key: Any) -> None:
        """Wait until no other transaction has locked that row."""
        if not self.locking or key in self.held:
            return
        while self.disk.locks.get(key) is not None:
            self.disk.wait()
        self.disk.locks[key] = self
        self.held.append(key)

    def atomic(self) -> Base:
        """A transaction; one inside another belongs to it."""
        return self

    def __enter__(self) -> None:
        self.depth += 1

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.depth -= 1
        if self.depth:
            return
        self.depth = 1
        try:
            if kind is None:
                self._commit()
        finally:
            self.depth = 0
            self.changed, self.inserted = {}, []
            for key in self.held:
                self.disk.locks.pop(key, None)
            self.held = []

    def _commit(self) -> None:
        if not self.changed:
            return
        self.disk.step()
        if self.disk.full:
            raise Full(28, "no space left")
        if any(key in self.disk.tables[table] for table, key in self.inserted):
            raise Conflict
        for table, rows in self.changed.items():
            durable = self.disk.tables[table]
            for key, value in rows.items():
                if value is GONE:
                    durable.pop(key, None)
                else:
                    durable[key] = value
        self.changed, self.inserted = {}, []
        # Durable, but nobody may ever hear of it.
        self.disk.step()
