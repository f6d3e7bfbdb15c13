"""How the port at which other nodes call is served."""

from __future__ import annotations

import os
import sys
import tomllib
from pathlib import Path

from qafila.sync import pki

HELD = 20_000
"""Connections that one process holds; it is the server's own bound, which is otherwise that of the line before it."""
BACKLOG = 4096
"""Connections that the kernel keeps in line: a whole country's units call in the same second."""
MOST_WORKERS = 8


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
    kept_on = str(facts.get("database", {}).get("engine", ""))
    # SQLite has one writer, so a second process gains nothing there.
    workers = min(os.cpu_count() or 1, MOST_WORKERS) if kept_on == "postgresql" else 1
    return [
        sys.executable, "-m", "granian", "--interface", "asgi",
        "--host", str(facts.get("sync_listen") or facts.get("listen", "0.0.0.0")), "--port", str(port),  # noqa: S104 - vehicles call from anywhere
        "--workers", str(facts.get("sync_workers", workers)), "--http", "auto", "--no-ws",
        "--backlog", str(BACKLOG), "--backpressure", str(HELD),
        "--http2-keep-alive-interval", "60000", "--http2-keep-alive-timeout", "30",
        "--log-level", "warning",
        "--ssl-certificate", str(keys / "sync.crt"), "--ssl-keyfile", str(keys / "sync.pem"),
        "--ssl-ca", str(keys / "units.crt"), "--ssl-client-verify", *revoked,
        "qafila.sync.asgi:application",
    ]  # fmt: skip
