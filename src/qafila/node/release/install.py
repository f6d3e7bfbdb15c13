"""Installs a release beside the running program: whole and checked, or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import venv
from pathlib import Path

from qafila.node.directory import NodeDirectory
from qafila.node.release import bundle, launch
from qafila.node.release.bundle import Refused, Release
from qafila.sync.programs import MARK, STAGED, WANTED, WORDS

__all__ = ["MARK", "STAGED", "WANTED", "WORDS"]

STORE = "wheels"


def root_of(directory: NodeDirectory) -> Path | None:
    """The folder of the node's two programs (`program` in `node.toml`); None: it is updated by other means."""
    said = directory.facts.get("program")
    return Path(str(said)) if said else None


def keys_of(directory: NodeDirectory) -> list[bundle.Ed25519PublicKey]:
    """The release keys that `node.toml` names (`[release] keys`). Raises `Refused`."""
    told = directory.facts.get("release", {})
    found = bundle.public_keys(told.get("keys", ()) if isinstance(told, dict) else ())
    if not found:
        raise Refused("node.toml names no release keys ([release] keys): nothing can be installed")
    return found


def number_of(slot: Path) -> int:
    """The number of the release in a slot; 0: there is none."""
    try:
        return int(json.loads((slot / MARK).read_bytes())["number"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def stage(root: Path, source: Path, directory: NodeDirectory) -> Release:
    """Keep a bundle that came, once its signature and order hold. Raises `Refused`: nothing is kept then."""
    with source.open("rb") as file:
        release = bundle.head(file, keys_of(directory))
    _allowed(root, release)
    fresh = root / f"{STAGED}.new"
    shutil.copyfile(source, fresh)
    with fresh.open("rb") as file:
        os.fsync(file.fileno())
    fresh.replace(root / STAGED)
    (root / WORDS).write_text(json.dumps({"version": release.version, "number": release.number}))
    return release


def staged(root: Path, directory: NodeDirectory) -> Release | None:
    """The release that waits to be installed."""
    try:
        with (root / STAGED).open("rb") as file:
            return bundle.head(file, keys_of(directory))
    except (OSError, Refused):
        return None


def _allowed(root: Path, release: Release) -> None:
    bundle.may_follow(release, number_of(root / "current"))
    if number_of_file(root / "refused") == release.number:
        raise Refused("this release was tried here and did not work: it is not tried again")


def number_of_file(file: Path) -> int:
    """The number of the release that a file of words names; 0: none."""
    try:
        return int(json.loads(file.read_bytes())["number"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def prepare(root: Path, slot: Path, directory: NodeDirectory) -> Release:
    """Install what is staged into the slot. Raises `Refused`, `OSError`; the slot then holds no release."""
    if directory.facts.get("database", {}).get("engine") == "postgresql":
        raise Refused("a node on PostgreSQL is updated by its administrator (docs/howto/update.md)")
    if slot.name not in launch.SLOTS or (root / "current").resolve() == slot.resolve():
        raise Refused(f"{slot} is the running program")
    # What follows must not be taken for whole: the mark goes first and comes last.
    (slot / MARK).unlink(missing_ok=True)
    with (root / STAGED).open("rb") as file:
        release = bundle.head(file, keys_of(directory))
        _allowed(root, release)
        store = root / STORE
        store.mkdir(mode=0o700, exist_ok=True)
        for _ in bundle.unpack(file, release, store):
            pass
    wheels = [_checked(root / STORE / w.name, w.sha256) for w in release.wheels]
    shutil.rmtree(slot, ignore_errors=True)
    # pip comes from what Python itself brings, so nothing is asked of a network.
    venv.create(slot, with_pip=True, symlinks=True)
    quiet = ("--quiet", "--disable-pip-version-check", "--no-cache-dir")
    pip = [str(slot / "bin" / "python"), "-m", "pip", "install", "--no-index", "--no-deps", *quiet]
    done = subprocess.run([*pip, *map(str, wheels)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(f"the release could not be installed: {(done.stderr.strip() or 'pip failed').splitlines()[-1]}")
    _mark(slot, release)
    _tidy(root, release)
    return release


def first(root: Path, source: Path, directory: NodeDirectory) -> Release:
    """Make the folder of programs from a whole bundle: the first installation on a machine. Raises `Refused`."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (root / "current").exists():
        raise Refused(f"{root} holds a program already: releases come to it by 'qafila release bring'")
    stage(root, source, directory)
    release = prepare(root, root / launch.SLOTS[0], directory)
    (root / STAGED).unlink()
    shutil.copyfile(launch.__file__, root / "launch")
    fresh = root / "current.new"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(launch.SLOTS[0])
    fresh.replace(root / "current")
    return release


def _checked(wheel: Path, sha256: str) -> Path:
    try:
        with wheel.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise Refused(
            f"the release needs {wheel.name}, which neither it nor this node has: take the whole one"
        ) from None
    if found != sha256:
        wheel.unlink()
        raise Refused(f"{wheel.name} on this node is damaged: take the whole release")
    return wheel


def _mark(slot: Path, release: Release) -> None:
    fresh = slot / f"{MARK}.new"
    with fresh.open("w") as file:
        json.dump(bundle.words(release), file)
        file.flush()
        os.fsync(file.fileno())
    os.sync()
    fresh.replace(slot / MARK)


def _tidy(root: Path, release: Release) -> None:
    """Only the wheels of the two programs stay: the next release needs those that have not changed."""
    kept = {w.name for w in release.wheels}
    with contextlib.suppress(OSError, ValueError, KeyError):
        kept |= {str(w["name"]) for w in json.loads((root / "current" / MARK).read_bytes())["wheels"]}
    for file in (root / STORE).iterdir():
        if file.name not in kept:
            file.unlink()
