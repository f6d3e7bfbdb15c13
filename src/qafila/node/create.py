"""Making a node: its directory, its keys, its empty database."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from qafila.node.directory import NodeDirectory, NodeError
from qafila.packs import load

MEMORY = "/dev/shm"  # noqa: S108 - every temporary file there is made under a name of its own, for its owner alone
GIVE_BACK = "131072"
"""Bytes. Free memory of so many is given back (glibc, mallopt(3)): by itself it keeps what the largest search took."""
CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{0,15}")


def create(
    profile_name: str,
    path: Path,
    *,
    code: str,
    country: str,
    port: int = 0,
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1"),
    database: dict[str, str] | None = None,
) -> NodeDirectory:
    """Make a node of that profile in an empty or absent directory.

    `database`: None for the profile's trial engine, or `{"engine": "postgresql", "name": …, "host": …}`.
    Raises `NodeError` with what to do; leaves nothing behind then.
    """
    if profile_name not in load.profiles():
        raise NodeError(f"there is no profile {profile_name!r}; choose one of {', '.join(load.profiles())}")
    if country not in load.countries():
        raise NodeError(f"there is no country pack {country!r}; choose one of {', '.join(load.countries())}")
    if not CODE.fullmatch(code):
        raise NodeError(f"{code!r} cannot be a node's code: up to 16 capital letters, digits and hyphens")
    if path.exists() and any(path.iterdir()):
        raise NodeError(f"{path} is not empty: name a new directory")
    pack, shape = load.country(country), load.profile(profile_name)
    facts: dict[str, Any] = {
        "code": code,
        "profile": profile_name,
        "country": country,
        "language": pack.default_language,
        "custodian": pack.custodian.en[:16],
        "programme": pack.programme.en[:16],
        "hosts": list(hosts),
        "port": port or shape.ports.pages,
    }
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    (path / "blobs").mkdir(mode=0o700)
    (path / "node.toml").write_text(_toml(facts) + ("\n" + database_section(database) if database else ""))
    directory = NodeDirectory(path)
    directory.secret("web")
    directory.secret("database")
    migrate(directory)
    return directory


def migrate(directory: NodeDirectory, then: str = "") -> None:
    """Bring the node's database to this version, and run more lines of Python on it; in a process of its own, because
    settings are per process."""
    run_django(directory, f"from qafila.node.founding import bring_up; bring_up(); {then}")


def run_django(directory: NodeDirectory, code: str) -> None:
    """Run a line of Python as a process of that node. Raises `NodeError` with its last line where it fails."""
    done = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup(); {code}"],
        env=environment(directory),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NodeError((done.stderr.strip() or "failed without a word").splitlines()[-1])


def environment(directory: NodeDirectory) -> dict[str, str]:
    """The environment of a process of that node. What it puts aside for a moment (an upload, an ECG on its way into
    another form) lies in memory: a disk would keep it after it was removed. On a small computer (a node without a
    PostgreSQL of its own) it gives memory back at once."""
    aside = {"TMPDIR": MEMORY} if os.access(MEMORY, os.W_OK) else {}
    small = directory.facts.get("database", {}).get("engine") != "postgresql"
    return {
        **({"MALLOC_TRIM_THRESHOLD_": GIVE_BACK} if small else {}),
        **os.environ,
        **aside,
        "QAFILA_DIR": str(directory.path),
        "DJANGO_SETTINGS_MODULE": "qafila.node.settings",
    }


def database_section(database: dict[str, str]) -> str:
    """The part of `node.toml` that says where PostgreSQL stands."""
    return "[database]\n" + _toml(database)


def _toml(facts: dict[str, Any]) -> str:
    lines = []
    for name, value in facts.items():
        if isinstance(value, list):
            lines.append(f"{name} = [{', '.join(_quoted(v) for v in value)}]")
        else:
            lines.append(f"{name} = {value if isinstance(value, int) else _quoted(value)}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
