"""What stands in deploy/, judged by the programs that will read it, systemd and Caddy; the gates of setup/supply.py.

Debian packages: systemd, caddy.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import ROOT

DEPLOY = ROOT / "deploy"
MOST_EXPOSED = 2.5


@pytest.mark.parametrize("service", sorted((DEPLOY / "systemd").glob("*.service")), ids=lambda p: p.stem)
def test_a_service_is_hardened(service: Path) -> None:
    told = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(service)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", told.stdout)
    assert level is not None, told.stderr
    assert float(level[1]) <= MOST_EXPOSED
    assert f"{service.stem}.service` | {level[1]} " in (ROOT / "docs" / "howto" / "operate.md").read_text()


@pytest.mark.parametrize("service", sorted((DEPLOY / "systemd").glob("*.service")), ids=lambda p: p.stem)
def test_a_service_is_understood(service: Path) -> None:
    told = subprocess.run(["systemd-analyze", "verify", str(service)], capture_output=True, text=True, check=False)
    # The program is not where the service will find it; nothing else is wrong.
    wrong = [line for line in told.stderr.splitlines() if service.name in line and "is not executable" not in line]
    assert wrong == []


def test_the_proxy_is_understood(tmp_path: Path) -> None:
    from qafila.sync.pki import server_certificate

    (tmp_path / "keys").mkdir()
    server_certificate(tmp_path / "keys", "H", ["hub.example.org"])
    said = (DEPLOY / "caddy" / "Caddyfile").read_text()
    assert said.count("/etc/qafila/pages.crt") == 2
    file = tmp_path / "Caddyfile"
    file.write_text(said.replace("/etc/qafila/pages.crt", str(tmp_path / "keys" / "pages.crt")))
    told = subprocess.run(
        ["caddy", "validate", "--adapter", "caddyfile", "--config", str(file)],
        env={**os.environ, "HOME": str(tmp_path), "QAFILA_HOST": "hub.example.org", "QAFILA_ADDRESS": "127.0.0.1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 0 and "Valid configuration" in told.stdout + told.stderr, told.stderr[-800:]


@pytest.mark.parametrize("gate", ["licences", "code", "sbom"])
def test_a_gate_is_open(gate: str, tmp_path: Path) -> None:
    out = [str(tmp_path / "sbom.json")] if gate == "sbom" else []
    told = subprocess.run(
        [sys.executable, str(ROOT / "setup" / "supply.py"), gate, *out],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout + told.stderr
