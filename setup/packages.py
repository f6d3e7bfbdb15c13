"""Install what locks name, each package checked against its hash, into the environment that runs this file.

uv does it in a sixth of pip's time (docs/decisions/016), from where pip is set up to look: indexes, folders, proxy,
certificates. Where uv is not to be had, or does not find what it needs, pip does it, and says what is wrong.

usage: .venv/bin/python setup/packages.py [--target FOLDER] LOCK...
"""

from __future__ import annotations

import argparse
import ast
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

BIN = Path(sys.executable).parent
CHECKED = ["--no-deps", "--require-hashes", "--only-binary", ":all:"]
"""A lock is whole: what a package asks for stands in it, and nothing else is fetched."""
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
INSTALLER = Path(__file__).parent.parent / "requirements" / "installer.lock"
SAME = {
    "index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX", "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX", "trusted-host": "UV_INSECURE_HOST", "proxy": "ALL_PROXY", "cert": "SSL_CERT_FILE",
    "timeout": "UV_HTTP_TIMEOUT",
}  # fmt: skip
"""pip's settings that say where packages come from, and uv's names for them. Of several places the first that has the
package as the lock knows it is taken (`unsafe-best-match`): as pip does it, and safe because of the hashes."""
OUR_WAY = {
    "UV_INDEX_STRATEGY": "unsafe-best-match", "UV_NO_CONFIG": "1", "UV_PYTHON_DOWNLOADS": "never",
    "UV_SYSTEM_CERTS": "true",
}  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Exit status of uv, or of pip where that has to do it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--target", type=Path, help="a folder of its own instead of the environment")
    parser.add_argument("locks", nargs="+", metavar="LOCK")
    given = parser.parse_args(arguments)
    wanted = [*CHECKED, *(word for lock in given.locks for word in ("-r", lock))]
    into = ["--target", str(given.target)] if given.target else []
    if _with_uv([*wanted, *into]):
        return 0
    spare = ["--upgrade", "--no-compile"] if given.target else []
    return subprocess.run([*PIP, "install", "-qq", *wanted, *into, *spare], check=False).returncode


def _with_uv(words: list[str]) -> bool:
    if subprocess.run([*PIP, "install", *CHECKED, "-r", str(INSTALLER)], check=False, capture_output=True).returncode:
        return False
    compiled = [] if "--target" in words else ["--compile-bytecode"]
    command = [str(BIN / "uv"), "pip", "install", "--quiet", "--python", sys.executable, *compiled, *words]
    try:
        return subprocess.run(command, check=False, env=places(os.environ), capture_output=True).returncode == 0
    except OSError:
        return False


def places(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with what pip is told by its files and by its own variables, in uv's words."""
    found = {**environment, **OUR_WAY}
    for name, value in _settings().items():
        if name in SAME:
            found[SAME[name]] = ("," if name == "find-links" else " ").join(value.split())
    return found


def _settings() -> dict[str, str]:
    """pip's settings; what is said in a variable goes before what stands in a file, the user's before the system's."""
    asked = subprocess.run([*PIP, "config", "list"], check=False, capture_output=True, text=True).stdout
    ranks = {"global": 0, "install": 1, ":env:": 2}
    found: dict[str, tuple[int, str]] = {}
    for line in asked.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.strip().rpartition(".")
        if section in ranks and ranks[section] >= found.get(name, (0, ""))[0]:
            # As Python writes a text.
            found[name] = (ranks[section], str(ast.literal_eval(value.strip())))
    return {name: value for name, (_, value) in found.items()}


if __name__ == "__main__":
    sys.exit(main())
