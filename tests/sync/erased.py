"""What stands in a node's database of somebody who was erased, in rows and in raw files; and a database put back."""

from __future__ import annotations

from pathlib import Path

import orjson
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from django.apps import apps
from django.core.management.color import no_style
from django.db import connections

from qafila.journal import erased, lives
from qafila.journal.guard import writer_token
from qafila.journal.here import Here, at
from qafila.journal.models import Recorded
from tests.conftest import wipe

WORDS = ("Zoubidata", "Erasemesson", "0699887766", "EX998877", "souffle étrange", "by the well", "seen at night")
"""What nobody else's record says."""


def said_in(node: Here) -> dict[str, list[str]]:
    """Table → words of the person that stand in any of its columns."""
    found: dict[str, list[str]] = {}
    with at(node):
        connection = connections[node.database]
        for model in apps.get_models():
            if not model.__module__.startswith("qafila."):
                continue
            with connection.cursor() as cursor:
                cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')
                text = " ".join(_text(value) for row in cursor.fetchall() for value in row)
            if words := [w for w in WORDS if w in text]:
                found[model._meta.label_lower] = words
    return found


def _text(value: object) -> str:
    if isinstance(value, (bytes, memoryview)):
        data = bytes(value)
        raw = data.decode(errors="replace")
        try:
            raw += bytes.fromhex(str(orjson.loads(data)["fields"])).decode(errors="replace")
        except (ValueError, KeyError, TypeError):
            pass
        return raw
    return str(value)


def database_bytes(node: Here) -> bytes:
    """All that stands in the database's files, free pages too."""
    connection = connections[node.database]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("CHECKPOINT")
            cursor.execute("SELECT pg_relation_filepath(oid) FROM pg_class WHERE relkind IN ('r', 't', 'i')")
            names = [row[0] for row in cursor.fetchall() if row[0]]
            cursor.execute("SHOW data_directory")
            root = Path(cursor.fetchone()[0])
        return b"".join((root / name).read_bytes() for name in names if (root / name).exists())
    return _pages(Path(connection.settings_dict["NAME"]), node)


def _pages(file: Path, node: Here) -> bytes:
    """SQLCipher's pages: AES-256-CBC, the vector and a check in the last 80 bytes; the first begins with a salt."""
    assert node.directory
    key = bytes.fromhex((node.directory / "keys" / "database.key").read_text().strip())
    out = []
    for part in (file, file.with_name(file.name + "-wal")):
        data = part.read_bytes() if part.exists() else b""
        # The log: a head of 32 bytes, and before each page one of 24 with the number of the page.
        first, step = (0, 4096) if part is file else (32, 4120)
        for place in range(first, len(data), step):
            page = data[place : place + step]
            number = place // 4096 + 1 if part is file else int.from_bytes(page[:4])
            page = page[-4096:]
            start = 16 if number == 1 else 0
            decryptor = Cipher(algorithms.AES(key), modes.CBC(page[-80:-64])).decryptor()
            out.append(decryptor.update(page[start:-80]) + decryptor.finalize())
    joined = b"".join(out)
    assert b"registry_person" in joined
    return joined


def copy(node: Here) -> bytes:
    """The unit's database as a file, as a backup has it."""
    connection = connections[node.database]
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Path(connection.settings_dict["NAME"]).read_bytes()


def put_back(node: Here, data: bytes) -> None:
    connection = connections[node.database]
    connection.close()
    file = Path(connection.settings_dict["NAME"])
    for suffix in ("-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    file.write_bytes(data)
    node.run = None
    erased._looked.clear()
    with at(node):
        lives.seal(node)


def rows(node: Here) -> dict[type, list[object]]:
    with at(node):
        return {m: list(m._base_manager.all()) for m in apps.get_models() if m.__module__.startswith("qafila.")}


def put_rows(node: Here, held: dict[type, list[object]]) -> None:
    wipe(node.database)
    with at(node), writer_token():
        for model, some in held.items():
            if issubclass(model, Recorded):
                for row in some:
                    row.save_base(force_insert=True, raw=True)  # type: ignore[attr-defined]
            else:
                model._base_manager.bulk_create(some)  # type: ignore[attr-defined]
        connection = connections[node.database]
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                for line in connection.ops.sequence_reset_sql(no_style(), list(held)):
                    cursor.execute(line)
    node.run = None
    erased._looked.clear()
