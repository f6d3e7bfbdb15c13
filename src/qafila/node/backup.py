"""Backup and restore of a node.

A backup is one sealed file (`node.sealed`): a tar of the database as of one instant, the blobs it knows, the keys and
`node.toml`. Whoever holds the recovery code holds all of it; the machine that writes backups cannot read them. A
restored node goes on under a run of its own, so that nothing it writes can be taken for what the lost disk had
written since.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from django.conf import settings
from django.db import connection

from qafila.kernel import durable
from qafila.node.create import database_section, migrate, run_django
from qafila.node.directory import NodeDirectory, NodeError
from qafila.node.sealed import Reader, SealedError, Writer, public_key

KEPT = ("node.toml", "recovery.pub", "keys", "blobs", "dicom")
DUMP = "data.pgdump"
PIECE = 4 * 1024 * 1024
"""PostgreSQL's dump goes into the archive piece by piece: its length is not known before its end, and no copy of it
lies on a disk in clear."""


def write(directory: Path, file: Path, phrase: str = "") -> tuple[int, int]:
    """Write a sealed backup of the running node: (its size in bytes, its number). An existing file is replaced only by
    a whole one. It opens with the recovery code whose public key lies in the directory, and with `phrase`, if any.
    Where the file lies on another disk than the node the backup counts as kept elsewhere at once; else a person says so
    later (`stands`). Raises `NodeError` where nobody could open it."""
    # Here, because a restore begins where no node is yet, and Django is not set up.
    from qafila.sync import erasing, restored

    file, recovery = file.absolute(), directory / "recovery.pub"
    if not recovery.exists() and not phrase:
        raise NodeError(f"nobody could open the backup: make a recovery code with 'qafila recovery {directory}' first")
    number = restored.begin_backup()
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".backup-") as scratch:
        whole = Path(scratch) / "backup"
        with os.fdopen(os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            sealing = Writer(out, recovery=_public(recovery), phrase=phrase)
            with tarfile.open(fileobj=cast(BinaryIO, sealing), mode="w|") as tar:
                _dump(tar, Path(scratch))
                for name in KEPT:
                    if (directory / name).exists():
                        # What `keys` points to is kept, not that it points there.
                        tar.add((directory / name).resolve(), arcname=name, filter=_settled)
            sealing.close()
        # Before units hear that it stands: after a power cut it has to be there.
        durable.settle(whole, file)
    # What was erased since an older backup is erased again when that one is restored.
    erasing.write_list(file.with_name(erasing.NAME))
    told = file.stat()
    if told.st_dev != directory.stat().st_dev:
        restored.backup_stands(number)
    return told.st_size, number


def _public(recovery: Path) -> tuple[bytes, ...]:
    try:
        return (public_key(recovery.read_text()),) if recovery.exists() else ()
    except SealedError as error:
        raise NodeError(f"{recovery}: {error}") from error


def _settled(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if member.name.endswith((".part", ".tmp")) else member


def _dump(tar: tarfile.TarFile, scratch: Path) -> None:
    """A consistent copy of the database into the archive."""
    if connection.vendor == "postgresql":
        _dump_postgresql(tar)
        return
    connection.ensure_connection()
    with connection.cursor() as cursor:
        # VACUUM INTO copies from one read snapshot and keeps the key; writers go on meanwhile.
        cursor.execute("VACUUM INTO %s", [str(scratch / "data.db")])
    tar.add(scratch / "data.db", arcname="data.db")
    (scratch / "data.db").unlink()


def _dump_postgresql(tar: tarfile.TarFile) -> None:
    wanted = settings.DATABASES["default"]
    command = ["pg_dump", "--format=custom", "--dbname", wanted["NAME"], *_where(wanted)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=_with_password(wanted)) as dump:
        assert dump.stdout is not None
        place = 0
        while data := dump.stdout.read(PIECE):
            member = tarfile.TarInfo(f"{DUMP}/{place:06}")
            member.size, member.mode = len(data), 0o600
            tar.addfile(member, io.BytesIO(data))
            place += 1
    if dump.returncode:
        raise NodeError("pg_dump failed; its words stand above")


def _where(wanted: dict[str, object]) -> list[str]:
    found = []
    for option, name in (("--host", "HOST"), ("--port", "PORT"), ("--username", "USER")):
        if wanted.get(name):
            found += [option, str(wanted[name])]
    return found


def _with_password(wanted: dict[str, object]) -> dict[str, str]:
    return {**os.environ, "PGPASSWORD": str(wanted.get("PASSWORD") or "")}


def read(file: Path, directory: Path, secret: str, database: dict[str, str] | None = None) -> NodeDirectory:
    """Make a node's directory from a backup, on a machine where nothing of it is left. `secret`: the recovery code or
    the pass-phrase; `database`: where PostgreSQL stands now, if elsewhere than it did. Raises `NodeError`; leaves
    nothing behind then."""
    if directory.exists() and any(directory.iterdir()):
        raise NodeError(f"{directory} is not empty: restore into a new directory")
    fresh = directory.with_name(f".{directory.name}-restoring")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fresh.mkdir(parents=True, mode=0o700)
        _open(file, secret, fresh)
        if database:
            _elsewhere(fresh / "node.toml", database)
        if directory.exists():
            directory.rmdir()
        fresh.rename(directory)
    except (tarfile.TarError, EOFError, FileExistsError, SealedError) as error:
        raise NodeError(f"{file}: {error}") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    node = NodeDirectory(directory)
    if (directory / DUMP).exists():
        _load(node)
    # Its units compare everything with it when they call, and give back what it has lost.
    work = "from qafila.sync import restored; restored.open_life()"
    if (erased := file.absolute().with_name("erased.list")).exists():
        work += f"; from qafila.sync import erasing; erasing.read_list(erasing.Path({str(erased)!r}))"
    migrate(node, work)
    return node


def _open(file: Path, secret: str, fresh: Path) -> None:
    """Unpack a sealed backup and verify it to its last byte."""
    with file.open("rb") as sealed:
        opened = Reader(sealed, secret)
        with tarfile.open(fileobj=cast(BinaryIO, opened), mode="r|") as tar:
            _unpack(tar, fresh)
        opened.finish()
    if not (fresh / "node.toml").exists() or not list(fresh.glob("data.*")):
        raise NodeError(f"{file} is not a backup of a node")


def _unpack(tar: tarfile.TarFile, target: Path) -> None:
    """Write out the plain files of a backup; whatever else an archive may hold (links, other paths) is left."""
    for member in tar:
        path = PurePosixPath(member.name)
        known = path.parts and (path.parts[0] in (*KEPT, DUMP) or path.parts == ("data.db",))
        if not member.isreg() or not known or path.is_absolute() or ".." in path.parts:
            continue
        content = tar.extractfile(member)
        assert content is not None
        # The pieces of a dump become one file again; they come in order.
        file, how = (target / DUMP, "ab") if path.parts[0] == DUMP else (target.joinpath(*path.parts), "xb")
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with content, file.open(how) as out:
            shutil.copyfileobj(content, out)
        file.chmod(member.mode & 0o700)


def _elsewhere(facts: Path, database: dict[str, str]) -> None:
    kept = re.sub(r"(?ms)^\[database\]\n.*?(?=^\[|\Z)", "", facts.read_text())
    facts.write_text(kept.rstrip() + "\n" + database_section(database))


def _load(node: NodeDirectory) -> None:
    wanted = node.databases()["default"]
    dump = node.path / DUMP
    # `--clean` cannot take partitioned tables apart: what is there goes as a whole, in one transaction with the new.
    emptied = node.path / "data.sql"
    try:
        with os.fdopen(os.open(emptied, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as script:
            script.write(b"DROP SCHEMA public CASCADE;\nCREATE SCHEMA public;\n")
            script.flush()
            told = ["pg_restore", "--no-owner", "--file", "-", str(dump)]
            subprocess.run(told, check=True, stdout=script)
        _psql(wanted, str(wanted["NAME"]), "--single-transaction", "--file", str(emptied))
    finally:
        emptied.unlink(missing_ok=True)
        dump.unlink()


def _psql(wanted: dict[str, object], name: str, *what: str) -> None:
    quiet = ["psql", "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--output", os.devnull]
    command = [*quiet, "--dbname", name, *_where(wanted), *what]
    if subprocess.run(command, check=False, env=_with_password(wanted)).returncode:
        raise NodeError("PostgreSQL did not take the rows; its words stand above")


def drill(directory: Path, file: Path, secret: str) -> list[str]:
    """Restore a backup into a scratch place (on PostgreSQL: a scratch database, made and dropped again) and look the
    result over; what was found wrong, in words. Raises `NodeError` where it cannot be restored at all."""
    node = NodeDirectory(directory)
    wanted = dict(node.facts.get("database", {}))
    scratch = f"qafila_drill_{os.getpid()}" if wanted.get("engine") == "postgresql" else ""
    with tempfile.TemporaryDirectory(dir=_room(file), prefix="qafila-drill-") as place:
        try:
            if scratch:
                _psql(node.databases()["default"], "postgres", "--command", f"CREATE DATABASE {scratch}")
                wanted["name"] = scratch
            again = read(file, Path(place) / "node", secret, {k: str(v) for k, v in wanted.items()} or None)
            return list(problems(again))
        finally:
            if scratch:
                _psql(node.databases()["default"], "postgres", "--command", f"DROP DATABASE IF EXISTS {scratch}")


def _room(file: Path) -> Path:
    """Where a drill is held: in memory, where there is enough, because the restored keys lie in clear."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 4 * file.stat().st_size
    return memory if roomy else file.absolute().parent


def problems(node: NodeDirectory) -> Iterator[str]:
    """What is wrong with the records, chains, rows and files of a node, in words; the first five."""
    code = (
        "import sys; from qafila.journal import blobs; from qafila.journal.check import problems; "
        "found = [*problems(), *blobs.problems()]; sys.exit('; '.join(found[:5]) if found else 0)"
    )
    try:
        run_django(node, code)
    except NodeError as error:
        yield str(error)
