"""A new key for the database: all is still there, the old key opens nothing, and a power cut leaves one that does."""

from __future__ import annotations

from pathlib import Path

import pytest

from qafila.node import rekey
from qafila.node.create import create, run_django
from qafila.node.directory import NodeError
from qafila.sync import pki

KEEP = "from qafila.journal import blobs; blobs.put(b'a photograph', 'image/jpeg')"
READ = """from qafila.journal import blobs; from qafila.journal.models import Blob
assert blobs.read(Blob.objects.get().sha256) == b'a photograph' and not list(blobs.problems())"""


def test_the_database_gets_a_new_key(tmp_path: Path) -> None:
    node = create("unit", tmp_path / "node", code="U1", country="morocco")
    run_django(node, KEEP)
    old = node.secret("database")
    rekey.rekey(node)
    fresh = node.secret("database")
    data = node.path / "data.db"
    assert fresh != old and rekey._opened(data, old) is None
    run_django(node, READ)
    busy = rekey._opened(data, fresh)
    assert busy is not None
    busy.execute("PRAGMA journal_mode=WAL")
    busy.execute("BEGIN").execute("SELECT count(*) FROM sqlite_master").fetchone()
    with pytest.raises(NodeError, match="in use"):
        rekey.rekey(node)
    busy.close()
    assert node.secret("database") == fresh and rekey._opened(data, fresh) is not None
    # The power goes when the database has its new key and the file of the key not yet; or neither has.
    pki.write_private(node.key_file("database"), old.encode())
    pki.write_private(node.path / "keys" / rekey.NEXT, fresh.encode())
    rekey.settle(node)
    assert node.secret("database") == fresh
    pki.write_private(node.path / "keys" / rekey.NEXT, b"00" * 32)
    rekey.settle(node)
    assert node.secret("database") == fresh and not (node.path / "keys" / rekey.NEXT).exists()
    run_django(node, READ)
