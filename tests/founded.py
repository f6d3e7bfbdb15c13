"""What many tests begin with, put into an encrypted database once in a test process and copied for each of them."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from django.db import connections

from qafila.journal.here import Here

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
