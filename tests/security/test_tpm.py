"""The device's key in a TPM 2.0 (swtpm, by IBM): opened by this machine alone."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from qafila.kernel import clock
from qafila.node import device
from qafila.node.directory import NodeDirectory
from qafila.sync import pki, vault
from tests.web.vehicle import NODE

PASSWORD = "Chevre-montagne-11"


class Machine:
    """A TPM of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.socket = folder / "tpm"
        command = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={folder}", "--flags", "not-need-init,startup-clear"]
        command += ["--server", f"type=unixio,path={self.socket}", "--ctrl", f"type=unixio,path={self.socket}.ctrl"]
        self.process = subprocess.Popen(command)
        end = clock.monotonic() + 30
        while not self.socket.exists():
            assert clock.monotonic() < end

    @property
    def tcti(self) -> str:
        return f"swtpm:path={self.socket}"


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[list[Machine]]:
    found = [Machine(tmp_path / name) for name in ("one", "other")]
    yield found
    for machine in found:
        machine.process.terminate()
        machine.process.wait()


def test_a_disk_in_another_machine_stays_shut(
    machines: list[Machine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QAFILA_RUN", str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    directory = tmp_path / "node"
    pki.signing_key(directory / "keys")
    (directory / "node.toml").write_text(NODE + '[vault]\ndevice = "tpm"\n')
    node = NodeDirectory(directory)
    monkeypatch.setenv("TPM2TOOLS_TCTI", machines[0].tcti)
    key = device.key(node, make=True)
    assert len(key) == device.LENGTH and device.key(node) == key == device.key(node, make=True)
    held = b"".join(f.read_bytes() for f in directory.rglob("*") if f.is_file())
    assert key not in held
    vault.make(directory, key)
    vault.let_in(directory, "salma", PASSWORD, key)
    vault.shut(directory)
    monkeypatch.setenv("TPM2TOOLS_TCTI", machines[1].tcti)
    assert device.key(node) == b""
    with pytest.raises(vault.Shut):
        vault.unlock(directory, "salma", PASSWORD, device.key(node))
    monkeypatch.setenv("TPM2TOOLS_TCTI", machines[0].tcti)
    vault.unlock(directory, "salma", PASSWORD, device.key(node))
    assert not vault.locked(directory)
