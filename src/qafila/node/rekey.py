"""A new key for the database of a node that is not running. Files keep the key they were sealed with (`files.key`)."""

from __future__ import annotations

import secrets
from pathlib import Path

from sqlcipher3 import dbapi2 as cipher

from qafila.node.directory import NodeDirectory, NodeError
from qafila.sync import pki, vault

NEXT = "database.next"


def rekey(node: NodeDirectory) -> None:
    """Encrypt the database anew. Raises `NodeError` where it is in use or in PostgreSQL; nothing is changed then."""
    if node.facts.get("database", {}).get("engine") == "postgresql":
        raise NodeError("the rows of this node lie in PostgreSQL: its disk is encrypted by the system")
    settle(node)
    old = node.secret("database")
    keys = node.path / "keys"
    if not node.key_file("files").exists():
        pki.write_private(node.key_file("files"), old.encode())
    fresh = secrets.token_hex(32)
    pki.write_private(keys / NEXT, fresh.encode())
    database = _opened(node.path / "data.db", old)
    if database is None:
        raise NodeError("the key of this node does not open its database")
    try:
        # Only where nobody else has it open can it leave the mode with a log beside it.
        database.execute("PRAGMA busy_timeout=1000")
        if database.execute("PRAGMA journal_mode=DELETE").fetchone() != ("delete",):
            raise cipher.OperationalError
        database.execute(f"PRAGMA rekey=\"x'{fresh}'\"")
    except cipher.OperationalError as error:
        (keys / NEXT).unlink()
        vault.keep(keys)
        raise NodeError("the database is in use: stop the node first") from error
    finally:
        database.close()
    settle(node)


def settle(node: NodeDirectory) -> None:
    """Finish a change of keys that was cut off: the key that opens the database is the key."""
    waiting = node.path / "keys" / NEXT
    if not waiting.exists():
        return
    fresh = waiting.read_text().strip()
    database = _opened(node.path / "data.db", fresh)
    if database is not None:
        database.close()
        pki.write_private(node.key_file("database"), fresh.encode())
    waiting.unlink()
    vault.keep(waiting.parent)


def _opened(file: Path, key: str) -> cipher.Connection | None:
    database = cipher.connect(str(file))
    try:
        database.execute(f"PRAGMA key=\"x'{key}'\"")
        database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except cipher.DatabaseError:
        database.close()
        return None
    return database
