"""Backup and restore of a node.

A backup is one file: a tar of the database as of one instant (still encrypted with the node's key), the blobs it
knows, the keys and `node.toml`. Whoever holds it holds the keys too, so it belongs under lock. A restored node
goes on under a run of its own, so that nothing it writes can be taken for what the lost disk had written since.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

from django.conf import settings
from django.db import connection

from qafila.node.create import migrate, run_django
from qafila.node.directory import NodeDirectory, NodeError

KEPT = ("node.toml", "keys", "blobs", "dicom")
DUMPS = ("data.db", "data.pgdump")


def write(directory: Path, file: Path) -> tuple[int, int]:
    """Write a backup of the running node: (its size in bytes, its number). An existing file is replaced only by a whole
    one. Where the file lies on another disk than the node the backup counts as kept elsewhere at once; else a person
    says so later (`stands`)."""
    # Here, because a restore begins where no node is yet, and Django is not set up.
    from qafila.sync import restored

    file = file.absolute()
    number = restored.begin_backup()
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".backup-") as scratch:
        database = Path(scratch) / _dump(Path(scratch))
        whole = Path(scratch) / "backup.tar"
        with tarfile.open(whole, "w") as tar:
            tar.add(database, arcname=database.name)
            for name in KEPT:
                if (directory / name).exists():
                    tar.add(directory / name, arcname=name, filter=_settled)
        whole.chmod(0o600)
        with whole.open("rb") as written:
            os.fsync(written.fileno())
        os.replace(whole, file)
    told = file.stat()
    if told.st_dev != directory.stat().st_dev:
        restored.backup_stands(number)
    return told.st_size, number


def _settled(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if member.name.endswith((".part", ".tmp")) else member


def _dump(scratch: Path) -> str:
    """A consistent copy of the database; the file's name."""
    if connection.vendor == "postgresql":
        wanted = settings.DATABASES["default"]
        command = ["pg_dump", "--format=custom", f"--file={scratch / 'data.pgdump'}", "--dbname", wanted["NAME"]]
        for option, name in (("--host", "HOST"), ("--port", "PORT"), ("--username", "USER")):
            if wanted.get(name):
                command += [option, str(wanted[name])]
        subprocess.run(command, check=True, env={**os.environ, "PGPASSWORD": str(wanted.get("PASSWORD") or "")})
        return "data.pgdump"
    connection.ensure_connection()
    with connection.cursor() as cursor:
        # VACUUM INTO copies from one read snapshot and keeps the key; writers go on meanwhile.
        cursor.execute("VACUUM INTO %s", [str(scratch / "data.db")])
    return "data.db"


def read(file: Path, directory: Path) -> NodeDirectory:
    """Make a node's directory from a backup. Raises `NodeError`; leaves nothing behind then."""
    if directory.exists() and any(directory.iterdir()):
        raise NodeError(f"{directory} is not empty: restore into a new directory")
    fresh = directory.with_name(f".{directory.name}-restoring")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fresh.mkdir(parents=True, mode=0o700)
        with tarfile.open(file) as tar:
            _unpack(tar, fresh)
        if not (fresh / "node.toml").exists() or not list(fresh.glob("data.*")):
            raise NodeError(f"{file} is not a backup of a node")
        if directory.exists():
            directory.rmdir()
        fresh.rename(directory)
    except (tarfile.TarError, EOFError, FileExistsError) as error:
        raise NodeError(f"{file} is not a whole backup: {error}") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    node = NodeDirectory(directory)
    if (directory / "data.pgdump").exists():
        _load(node)
    migrate(node)
    # Its units compare everything with it when they call, and give back what it has lost.
    run_django(node, "from qafila.sync import restored; restored.open_life()")
    return node


def _unpack(tar: tarfile.TarFile, target: Path) -> None:
    """Write out the plain files of a backup; whatever else an archive may hold (links, other paths) is left."""
    for member in tar:
        path = PurePosixPath(member.name)
        known = path.parts and (path.parts[0] in KEPT or (path.name in DUMPS and len(path.parts) == 1))
        if not member.isreg() or not known or path.is_absolute() or ".." in path.parts:
            continue
        content = tar.extractfile(member)
        assert content is not None
        file = target.joinpath(*path.parts)
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with content, file.open("xb") as out:
            shutil.copyfileobj(content, out)
        file.chmod(member.mode & 0o700)


def _load(node: NodeDirectory) -> None:
    wanted = node.databases()["default"]
    dump = node.path / "data.pgdump"
    where = ["--dbname", wanted["NAME"]]
    for option, name in (("--host", "HOST"), ("--port", "PORT"), ("--username", "USER")):
        if wanted.get(name):
            where += [option, str(wanted[name])]
    # `--clean` cannot take partitioned tables apart: what is there goes as a whole, in one transaction with the new.
    emptied = node.path / "data.sql"
    try:
        with emptied.open("xb") as script:
            script.write(b"DROP SCHEMA public CASCADE;\nCREATE SCHEMA public;\n")
            script.flush()
            told = ["pg_restore", "--no-owner", "--file", "-", str(dump)]
            subprocess.run(told, check=True, stdout=script)
        quiet = [
            "psql",
            "--quiet",
            "--no-psqlrc",
            "--set",
            "ON_ERROR_STOP=1",
            "--single-transaction",
            "--output",
            os.devnull,
        ]
        subprocess.run([*quiet, *where, "--file", str(emptied)], check=True)
    finally:
        emptied.unlink(missing_ok=True)
    dump.unlink()
