"""How the port at which other nodes call is served."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from qafila.sync import pki


def command(path: Path, port: int) -> list[str]:
    """The command that serves sync for the node in `path`; makes the certificate for its `hosts` if need be.

    Only callers with a certificate of the node's authority for units get as far as a request.
    """
    keys = path / "keys"
    facts = tomllib.loads((path / "node.toml").read_text())
    hosts = [str(h) for h in facts.get("hosts", ["localhost", "127.0.0.1"])]
    pki.server_certificate(keys, str(facts["code"]), hosts, "sync")
    pki.make_units_authority(keys)
    revoked = ["--ssl-crl", str(keys / "units.crl")] if (keys / "units.crl").exists() else []
    return [
        sys.executable, "-m", "granian", "--interface", "asgi",
        "--host", str(facts.get("listen", "0.0.0.0")), "--port", str(port),  # noqa: S104 - vehicles call from anywhere
        "--workers", str(facts.get("sync_workers", 1)), "--http", "auto", "--backlog", "2048", "--no-ws",
        "--log-level", "warning",
        "--ssl-certificate", str(keys / "sync.crt"), "--ssl-keyfile", str(keys / "sync.pem"),
        "--ssl-ca", str(keys / "units.crt"), "--ssl-client-verify", *revoked,
        "qafila.sync.asgi:application",
    ]  # fmt: skip
