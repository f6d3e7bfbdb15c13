"""Files beside the database: whole or not there, encrypted, resumed, never silently wrong."""

from __future__ import annotations

import hashlib
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qafila.journal import blobs
from qafila.journal.here import Here
from qafila.journal.models import Blob

DATA = os.urandom(3 * blobs.CHUNK + 777)
NAME = hashlib.sha256(DATA).hexdigest()


def pieces(data: bytes) -> list[bytes]:
    return [data[i : i + blobs.CHUNK] for i in range(0, len(data), blobs.CHUNK)]


def files(node: Here) -> list[Path]:
    assert node.directory
    return [p for p in (node.directory / "blobs").rglob("*") if p.is_file()]


@pytest.mark.parametrize("size", [0, 1, blobs.CHUNK - 1, blobs.CHUNK, blobs.CHUNK + 1, 5 * blobs.CHUNK])
def test_what_is_put_is_read(unit: Here, size: int) -> None:
    data = os.urandom(size)
    row = blobs.put(data, "image/jpeg")
    assert row.sha256 == hashlib.sha256(data).hexdigest() and row.size == size and row.complete
    assert blobs.read(row.sha256) == data and blobs.have(row.sha256)
    assert list(blobs.problems()) == []
    assert blobs.put(data, "image/jpeg").sha256 == row.sha256 and len(files(unit)) == 1


def test_a_file_on_the_disk_is_stored_and_unreadable_without_the_key(unit: Here, tmp_path: Path) -> None:
    source = tmp_path / "plain"
    source.write_bytes(b"BLOOD PRESSURE" * 5000)
    row = blobs.put(source, "text/plain")
    with source.open("rb") as file:
        assert blobs.put(file, "text/plain").pk == row.pk
    assert b"BLOOD" not in files(unit)[0].read_bytes()
    assert files(unit)[0].stat().st_mode & 0o077 == 0


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations([0, 1, 2, 3]), again=st.lists(st.integers(0, 3), max_size=3))
def test_chunks_may_come_in_any_order_and_twice(unit: Here, order: list[int], again: list[int]) -> None:
    Blob.objects.all().delete()
    for file in files(unit):
        file.unlink()
    blobs.expect(NAME, len(DATA), "image/jpeg")
    todo = set(range(4))
    for index in [*again, *order]:
        assert blobs.missing(NAME) == sorted(todo)
        todo.discard(index)
        assert blobs.put_chunk(NAME, index, pieces(DATA)[index]) is (not todo)
        assert blobs.have(NAME) is (not todo)
        if not todo:
            break
    assert blobs.read(NAME) == DATA and blobs.missing(NAME) == []
    assert [f.name for f in files(unit)] == [NAME]


def test_a_file_that_is_not_what_its_name_says_starts_again(unit: Here) -> None:
    blobs.expect(NAME, len(DATA), "image/jpeg")
    wrong = [*pieces(DATA)]
    wrong[1] = bytes(blobs.CHUNK)
    assert [blobs.put_chunk(NAME, i, p) for i, p in enumerate(wrong)] == [False] * 4
    assert not blobs.have(NAME) and blobs.missing(NAME) == [0, 1, 2, 3] and files(unit) == []
    for index, piece in enumerate(pieces(DATA)):
        blobs.put_chunk(NAME, index, piece)
    assert blobs.read(NAME) == DATA


def test_a_half_come_file_that_a_backup_left_out_starts_again(unit: Here) -> None:
    blobs.expect(NAME, len(DATA), "image/jpeg")
    blobs.put_chunk(NAME, 0, pieces(DATA)[0])
    files(unit)[0].unlink()
    assert blobs.missing(NAME) == [0, 1, 2, 3]
    for index in (1, 2, 3):
        assert not blobs.put_chunk(NAME, index, pieces(DATA)[index])
    assert blobs.put_chunk(NAME, 0, pieces(DATA)[0])


@pytest.mark.parametrize(
    ("index", "data"), [(-1, b"x"), (4, b"x"), (0, b"short"), (3, b"x" * 778), (0, b"x" * (blobs.CHUNK + 1))]
)
def test_a_chunk_that_cannot_belong_is_refused(unit: Here, index: int, data: bytes) -> None:
    blobs.expect(NAME, len(DATA), "image/jpeg")
    with pytest.raises(blobs.BadChunk):
        blobs.put_chunk(NAME, index, data)
    assert files(unit) == []


def test_what_nobody_expects_is_refused(unit: Here) -> None:
    with pytest.raises(blobs.Absent):
        blobs.put_chunk(NAME, 0, pieces(DATA)[0])
    with pytest.raises(blobs.Absent):
        blobs.read(NAME)
    for name in ("", "../../etc/passwd", "A" * 64):
        with pytest.raises(blobs.BadChunk):
            blobs.expect(name, 5)
    with pytest.raises(blobs.BadChunk):
        blobs.expect(NAME, blobs.MAX_SIZE + 1)


def test_check_names_a_damaged_and_a_lost_file(unit: Here) -> None:
    row = blobs.put(DATA, "image/jpeg")
    file = files(unit)[0]
    content = bytearray(file.read_bytes())
    content[40_000] ^= 1
    file.write_bytes(content)
    assert [row.sha256 in p for p in blobs.problems()] == [True]
    with pytest.raises(blobs.Damaged):
        blobs.read(row.sha256)
    file.unlink()
    assert len(list(blobs.problems())) == 1


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_takes_no_more_leaves_nothing_half_written(unit: Here) -> None:
    big = os.urandom(9_000_000)
    with no_file_larger_than(6_000_000), pytest.raises(OSError, match="large"):
        blobs.put(big, "image/jpeg")
    assert files(unit) == [] and not Blob.objects.exists()
    blobs.put(big, "image/jpeg")
    assert list(blobs.problems()) == []


def test_a_disk_that_takes_no_more_keeps_the_chunks_that_came(unit: Here) -> None:
    big = os.urandom(6_200_000)
    name = hashlib.sha256(big).hexdigest()
    blobs.expect(name, len(big), "image/jpeg")
    last = blobs.count(len(big)) - 1
    blobs.put_chunk(name, 0, pieces(big)[0])
    with no_file_larger_than(6_000_000), pytest.raises(OSError, match="large"):
        blobs.put_chunk(name, last, pieces(big)[last])
    assert len(blobs.missing(name)) == last and 0 not in blobs.missing(name)
