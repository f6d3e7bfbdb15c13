"""A stolen disk: everything that a unit which has worked leaves on it is searched for the people it has seen. Its keys
lie in a vault (`tests/sync/test_vault.py`, which searches for them); here is all the rest, while it runs: database, log
of the database, files, parts, what processes tell each other and what they have said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy

from tests.sync.test_processes import run
from tests.world import World

KNOWN = """
import json
from django.apps import apps
from django.db import models
found = set()
for model in apps.get_models():
    if model.__module__.startswith(("qafila.registry.people", "qafila.clinic")):
        kinds = (models.CharField, models.TextField, models.UUIDField)
        texts = [f.attname for f in model._meta.fields if isinstance(f, kinds)]
        for row in model._base_manager.values_list(*texts)[:400]:
            found.update(str(v) for v in row if v)
print(json.dumps(sorted(found)))
"""
SHORTEST = 7
"""Shorter ones would be found in noise."""
HEAD = 4


def known(world: World, code: str) -> set[str]:
    """Names, numbers, ids and free text of the unit's records."""
    found: list[str] = json.loads(run(world.node(code), KNOWN))
    return {t for t in found if len(t) >= SHORTEST and (" " in t or not t.isascii() or any(c.isdigit() for c in t))}


def written(text: str) -> Iterator[bytes]:
    """The forms in which a text may lie on a disk."""
    yield text.encode()
    yield text.encode("utf-16-le")
    yield json.dumps(text)[1:-1].encode()
    if len(text) == 36 and text.count("-") == 4:
        yield bytes.fromhex(text.replace("-", ""))
        yield text.replace("-", "").encode()


def in_clear(files: list[Path], texts: set[str]) -> list[tuple[str, str]]:
    needles = {needle: text for text in texts for needle in written(text)}
    heads = {needle: int.from_bytes(needle[:HEAD]) for needle in needles}
    wanted = numpy.unique(numpy.array([*heads.values()], dtype=numpy.uint32))
    found = []
    for file in files:
        held = file.read_bytes()
        begun = begins(held, wanted)
        found += [(file.name, text) for needle, text in needles.items() if heads[needle] in begun and needle in held]
    return found


def begins(held: bytes, wanted: numpy.ndarray) -> set[int]:
    """Which of these first four bytes stand anywhere: few do, and only for those the whole file is searched."""
    found: set[int] = set()
    for start in range(HEAD):
        words = numpy.frombuffer(held, ">u4", max((len(held) - start) // HEAD, 0), start if len(held) > start else 0)
        found.update(words[numpy.isin(words, wanted)].tolist())
    return found


def test_nothing_of_anybody_lies_in_clear(world: World, tmp_path: Path) -> None:
    code = next(iter(world.layout.units))
    node, texts = world.node(code), known(world, code)
    assert len(texts) > 300, "the unit has worked"
    files = [f for f in node.path.rglob("*") if f.is_file() and f.parent.name != "keys" and f.name != "node.toml"]
    names = {f.name for f in files}
    assert {"data.db", "data.db-wal", "changed"} <= names and any(f.parent.parent.name == "blobs" for f in files)
    assert in_clear([*files, world.log(code)], texts) == []
    (tmp_path / "control").write_text(f"x{max(texts)}x")
    assert in_clear([tmp_path / "control"], texts), "the search finds what is there"


def test_what_is_put_aside_for_a_moment_is_in_memory(world: World) -> None:
    for part in next(iter(world.servers.values())).parts:
        if part.process is not None:
            held = Path(f"/proc/{part.process.pid}/environ").read_bytes().split(b"\0")
            assert b"TMPDIR=/dev/shm" in held, part.name


def test_no_secret_is_an_argument_in_an_environment_or_in_a_log(world: World) -> None:
    secrets = []
    for code, server in world.servers.items():
        for file in (world.node(code).path / "keys").iterdir():
            if file.suffix in (".key", ".pem"):
                secrets.append(file.read_bytes().strip().splitlines()[-2 if file.suffix == ".pem" else 0])
        held = world.log(code).read_bytes()
        for part in server.parts:
            if part.process is not None:
                place = Path(f"/proc/{part.process.pid}")
                held += (place / "cmdline").read_bytes() + (place / "environ").read_bytes()
        assert secrets and not [s for s in secrets if s in held], code
