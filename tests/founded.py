"""What many tests begin with, put into an encrypted database once in a test process and copied for each of them."""

from __future__ import annotations

import pickle
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from django.db import connections
from django.utils.translation import get_language

from qafila.journal.here import Here
from qafila.kernel import clock
from qafila.registry.places import here as place_here

Made = TypeVar("Made")
_made: dict[tuple[str, str], tuple[Path, bytes]] = {}


def founded(here: Here, name: str, make: Callable[[], Made]) -> Made:
    """What `make` gives and writes into the empty database of `here`; from the second call on a copy of both.

    The node then goes on as after a restart: its next write opens a run. On PostgreSQL it is made each time.
    """
    connection = connections[here.database]
    if connection.vendor == "postgresql":
        return make()
    file = Path(str(connection.settings_dict["NAME"]))
    kept = _made.get((here.node, name))
    if kept is None:
        thing = make()
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        copy = file.with_name(f"{name}-{here.node}.db")
        shutil.copy(file, copy)
        _made[here.node, name] = copy, pickle.dumps(thing)
        return thing
    connection.close()
    # Another file under the same name: whoever still holds the one before does not see it change.
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    shutil.copy(kept[0], file)
    here.run = None
    thing: Made = pickle.loads(kept[1])
    return thing


def state(here: Here) -> tuple[object, int]:
    """Equal as long as this process writes nothing to the node's SQLCipher database, and keeps its connection."""
    connection = connections[here.database]
    connection.ensure_connection()
    raw = connection.connection
    return raw, raw.total_changes if connection.vendor == "sqlite" else -1


def begun(here: Here, untouched: tuple[object, int], name: str, make: Callable[[], Made]) -> Made:
    """`founded` on top of what a test began with, if it did nothing yet and has not moved the clock; else made anew."""
    real = abs(clock.now().timestamp() - time.time()) < 1
    if not real or state(here) != untouched:
        return make()
    return founded(here, f"{name}-{place_here.country_code()}-{get_language()}", make)
