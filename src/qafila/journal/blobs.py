"""Files of the record beside the database: named by SHA-256, kept in encrypted chunks, whole or not there.

A file lies under `blobs/ab/<sha256>` as chunks of 32 kB, each sealed with ChaCha20-Poly1305 (RFC 8439) under a key
derived from the node's database key; name and position are authenticated, so that chunks cannot change places.
What is still coming in lies beside it as `<sha256>.part`, and the `Blob` row says which chunks are there.
"""

from __future__ import annotations

import hashlib
import io
import logging
import os
import re
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.db import transaction

from qafila.journal.here import here
from qafila.journal.models import Blob, Lane
from qafila.kernel import durable

CHUNK = 16 * 1024
MAX_SIZE = 512 * 1024 * 1024
UNKNOWN_SIZE = -1
"""Of a blob that is known by name alone, because a record mentions it."""
_SEAL = 12 + 16
_NAME = re.compile(r"[0-9a-f]{64}")
_MEDIA = re.compile(r"[a-z]+/[a-z0-9.+-]{1,40}")
log = logging.getLogger("qafila.blobs")


class Absent(LookupError):
    """The file is not, or not wholly, on this node yet."""


class Damaged(Exception):
    """A file on the disk is not what was stored."""


class BadChunk(ValueError):
    """A chunk that cannot belong to its file; nothing was kept of it."""


def put(
    content: bytes | Path | BinaryIO,
    media: str,
    patient: UUID | None = None,
    lane: int = Lane.PREVIEW,
    *,
    stays: bool = False,
) -> Blob:
    """Store a file whole and return its row; a file that is already here is not stored again.

    `stays`: it is for this node alone until `release`.
    The bytes are durable before the row is. Raises `OSError` where the disk takes no more: nothing is left then.
    """
    with _source(content) as source:
        name, size = _measure(source)
        if size > MAX_SIZE:
            raise BadChunk("the file is larger than a node keeps")
        blobs = Blob._base_manager.using(here().database)
        found = blobs.filter(sha256=name, complete=True).first()
        if found is not None and _path(name).exists():
            if found.stays and not stays:
                release(name, lane)
            return found
        source.seek(0)
        _write_whole(name, size, source)
    values = {"size": size, "media": media[:60], "chunks": _full(size), "complete": True}
    row, fresh = blobs.get_or_create(
        sha256=name, defaults={**values, "patient": patient, "lane": lane, "stays": stays, "sent": stays}
    )
    if not fresh:
        for field, value in values.items():
            setattr(row, field, value)
        row.save(using=here().database, update_fields=list(values))
    _part(name).unlink(missing_ok=True)
    return row


def release(name: str, lane: int = Lane.BULK) -> bool:
    """Let a file that stayed here leave for the hub; False where there is none."""
    rows = Blob._base_manager.using(here().database).filter(sha256=name, stays=True, complete=True)
    return bool(rows.update(stays=False, sent=False, lane=lane))


def have(name: str) -> bool:
    """Whether the whole file is on this node."""
    row = _row(name)
    return row is not None and row.complete


def whole(names: Collection[str]) -> set[str]:
    """Of these files, those that are on this node as a whole: one query."""
    rows = Blob._base_manager.filter(sha256__in=list(names), complete=True) if names else ()
    return {row.sha256 for row in rows}


def read(name: str) -> bytes:
    """The whole file. Raises `Absent`, `Damaged`."""
    return b"".join(stream(name))


def stream(name: str) -> Iterator[bytes]:
    """The file chunk by chunk. Raises `Absent`, `Damaged`."""
    row = _row(name)
    if row is None or not row.complete:
        raise Absent(name)
    yield from _unsealed(name, row.size, _path(name))


def chunk(name: str, index: int) -> bytes:
    """One chunk of a whole file. Raises `Absent`, `Damaged`."""
    row = _row(name)
    if row is None or not row.complete or not 0 <= index < count(row.size):
        raise Absent(name)
    try:
        with _path(name).open("rb") as file:
            return _unseal(file, name, index, row.size)
    except FileNotFoundError as error:
        raise Damaged(f"{name}: the file is gone") from error


def expect(
    name: str,
    size: int = UNKNOWN_SIZE,
    media: str = "application/octet-stream",
    patient: UUID | None = None,
    lane: int = Lane.PREVIEW,
    *,
    sent: bool = False,
) -> Blob:
    """Note that this file is wanted here; what is known of it already stays. Raises `BadChunk`."""
    if not _NAME.fullmatch(name):
        raise BadChunk("not the name of a file")
    if not UNKNOWN_SIZE <= size <= MAX_SIZE:
        raise BadChunk("the file is larger than a node keeps")
    media = media if _MEDIA.fullmatch(media) else "application/octet-stream"
    with transaction.atomic(using=here().database):
        values = {"size": size, "media": media, "patient": patient, "lane": lane, "sent": sent}
        blobs = Blob._base_manager.using(here().database)
        row, fresh = blobs.select_for_update().get_or_create(sha256=name, defaults=values)
        if not fresh and not row.complete and size != UNKNOWN_SIZE and row.size != size:
            row.size, row.media, row.lane, row.chunks = size, media, lane, b""
            row.patient = row.patient or patient
            row.save(using=here().database)
    return row


def missing(name: str) -> list[int]:
    """Numbers of the chunks that are not here; all of them where the half-come file is gone. Raises `Absent`."""
    row = _row(name)
    if row is None or row.size == UNKNOWN_SIZE:
        raise Absent(name)
    if row.complete:
        return []
    held = bytes(row.chunks) if _part(name).exists() else b""
    return [i for i in range(count(row.size)) if not _has(held, i)]


def put_chunk(name: str, index: int, data: bytes) -> bool:
    """Keep one chunk of an expected file; True when the file is whole and its content is what its name says.

    A file whose content turns out to be something else is thrown away and starts again, with an alarm in the log.
    Raises `BadChunk`, `Absent` (nobody expects it), `OSError` (disk full: the chunk counts as missing).
    """
    row = _row(name)
    if row is None or row.size == UNKNOWN_SIZE:
        raise Absent(name)
    if row.complete:
        return True
    if count(row.size) and not 0 <= index < count(row.size):
        raise BadChunk("the file has no chunk of that number")
    if len(data) != _length(row.size, index):
        raise BadChunk("the chunk has another length")
    # Two nodes may send one file at the same moment: the row's lock puts their chunks in order.
    with transaction.atomic(using=here().database):
        row = Blob._base_manager.using(here().database).select_for_update().get(sha256=name)
        if row.complete:
            return True
        whole = _keep(row, name, index, data)
        return _finish(name, row.size) if whole else False


def _keep(row: Blob, name: str, index: int, data: bytes) -> bool:
    part = _part(name)
    fresh = not part.exists()
    part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = os.open(part, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        sealed = _seal(name, index, data)
        if os.pwrite(file, sealed, index * (CHUNK + _SEAL)) != len(sealed):
            raise OSError("the disk took only a part of the chunk")
        os.fsync(file)
    finally:
        os.close(file)
    held = bytearray(b"" if fresh else bytes(row.chunks)).ljust((count(row.size) + 7) // 8, b"\0")
    held[index >> 3] |= 1 << (index & 7)
    row.chunks = bytes(held)
    row.save(using=here().database, update_fields=["chunks"])
    return all(_has(held, i) for i in range(count(row.size)))


def _finish(name: str, size: int) -> bool:
    digest = hashlib.sha256()
    blobs = Blob._base_manager.using(here().database).filter(sha256=name)
    with suppress(Damaged):
        for data in _unsealed(name, size, _part(name)):
            digest.update(data)
    if digest.hexdigest() != name:
        log.error("a file came whole but is not what its name says: %s starts again", name)
        _part(name).unlink(missing_ok=True)
        blobs.filter(complete=False).update(chunks=b"")
        return False
    durable.settle(_part(name), _path(name))
    blobs.update(complete=True, size=size, chunks=_full(size))
    return True


def drop(name: str) -> None:
    """Take a file off this node; its bytes go once the transaction at hand is committed."""
    database = here().database
    with transaction.atomic(using=database):
        Blob._base_manager.using(database).filter(sha256=name).delete()
        if here().directory is not None:
            whole, part = _path(name), _part(name)
            transaction.on_commit(lambda: _unlink(whole, part, name, database), using=database)


def _unlink(whole: Path, part: Path, name: str, database: str) -> None:
    # It may have come back in the meantime.
    if not Blob._base_manager.using(database).filter(sha256=name).exists():
        whole.unlink(missing_ok=True)
        part.unlink(missing_ok=True)


def problems() -> Iterator[str]:
    """Every file that is not what its row says, in words."""
    for row in Blob._base_manager.using(here().database).filter(complete=True).order_by("sha256").iterator():
        digest = hashlib.sha256()
        try:
            for data in _unsealed(row.sha256, row.size, _path(row.sha256)):
                digest.update(data)
        except Damaged as error:
            yield f"file {error}"
            continue
        if digest.hexdigest() != row.sha256:
            yield f"file {row.sha256}: altered (its content does not match its name)"


def count(size: int) -> int:
    """How many chunks a file of `size` bytes has."""
    return -(-size // CHUNK)


def pack(numbers: list[int], size: int) -> bytes:
    """Chunk numbers as a bitmap."""
    bits = bytearray((count(size) + 7) // 8)
    for number in numbers:
        bits[number >> 3] |= 1 << (number & 7)
    return bytes(bits)


def unpack(bits: bytes, size: int) -> list[int]:
    """Chunk numbers of a bitmap."""
    return [i for i in range(count(size)) if _has(bits, i)]


def _row(name: str) -> Blob | None:
    if not _NAME.fullmatch(name):
        return None
    return Blob._base_manager.using(here().database).filter(sha256=name).first()


def _has(bits: bytes | bytearray, index: int) -> bool:
    return index >> 3 < len(bits) and bool(bits[index >> 3] >> (index & 7) & 1)


def _full(size: int) -> bytes:
    return pack(list(range(count(size))), size)


def _length(size: int, index: int) -> int:
    return min(CHUNK, size - index * CHUNK)


def _root() -> Path:
    directory = here().directory
    if directory is None:
        raise RuntimeError("this node has no directory to keep files in")
    return directory / "blobs"


def _path(name: str) -> Path:
    return _root() / name[:2] / name


def _part(name: str) -> Path:
    return _root() / name[:2] / f"{name}.part"


@contextmanager
def _source(content: bytes | Path | BinaryIO) -> Iterator[BinaryIO]:
    if isinstance(content, bytes):
        yield io.BytesIO(content)
    elif isinstance(content, Path):
        with content.open("rb") as file:
            yield file
    else:
        content.seek(0)
        yield content


def _measure(source: BinaryIO) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while data := source.read(CHUNK):
        digest.update(data)
        size += len(data)
    return digest.hexdigest(), size


def _write_whole(name: str, size: int, source: BinaryIO) -> None:
    path = _path(name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f"{name}.{secrets.token_hex(4)}.tmp")
    digest = hashlib.sha256()
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for index in range(count(size)):
                data = source.read(_length(size, index))
                digest.update(data)
                file.write(_seal(name, index, data))
        if digest.hexdigest() != name:
            raise OSError("the file changed while it was read")
        durable.settle(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


def _unsealed(name: str, size: int, path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            for index in range(count(size)):
                yield _unseal(file, name, index, size)
    except FileNotFoundError as error:
        raise Damaged(f"{name}: the file is gone") from error


def _seal(name: str, index: int, data: bytes) -> bytes:
    nonce = secrets.token_bytes(12)
    return nonce + _cipher().encrypt(nonce, data, f"{name}/{index}".encode())


def _unseal(file: BinaryIO, name: str, index: int, size: int) -> bytes:
    file.seek(index * (CHUNK + _SEAL))
    sealed = file.read(_length(size, index) + _SEAL)
    try:
        return _cipher().decrypt(sealed[:12], sealed[12:], f"{name}/{index}".encode())
    except (InvalidTag, ValueError) as error:
        raise Damaged(f"{name}: altered or cut short at chunk {index}") from error


def _cipher() -> ChaCha20Poly1305:
    return _cipher_of(secret_of_files())


def secret_of_files() -> str:
    """From which the keys of what lies beside the database are derived: the first key that the database had."""
    keys = _root().parent / "keys"
    first = keys / "files.key"
    return (first if first.exists() else keys / "database.key").read_text().strip()


@lru_cache(maxsize=8)
def _cipher_of(secret: str) -> ChaCha20Poly1305:
    return ChaCha20Poly1305(HKDF(SHA256(), 32, b"", b"qafila blobs 1").derive(bytes.fromhex(secret)))
