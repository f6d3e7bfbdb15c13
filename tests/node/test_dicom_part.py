"""The process of imaging devices: there once a device is named, gone with its server."""

from __future__ import annotations

import shutil
import sys
import threading
from pathlib import Path

import pytest

from bench.ports import free_ports
from qafila.node.directory import NodeDirectory
from qafila.node.server import Part, Server
from tests.exchange.dicom.peer import dcmtk


def test_it_starts_when_a_device_is_named_and_answers(template: Path, tmp_path: Path) -> None:
    pages, port = free_ports(2)
    path = tmp_path / "unit"
    (path / "keys").mkdir(parents=True)
    (path / "node.toml").write_text(
        'code = "U1"\nprofile = "unit"\ncountry = "morocco"\nlisten = "127.0.0.1"\n'
        f"port = {pages}\ndicom_port = {port}\n"
    )
    shutil.copy(template.parent / "database.key", path / "keys" / "database.key")
    shutil.copy(template, path / "data.db")
    server = Server(NodeDirectory(path), log=tmp_path / "log")
    server.parts = [part for part in server.parts if part.name == "dicom"]
    server.start()
    watching = threading.Thread(target=server.watch)
    watching.start()
    try:
        assert server.parts[0].process is None
        (path / "dicom").touch()
        answer = dcmtk("echoscu", port)
        while "Calling AE Title Not Recognized" not in answer.stderr:
            process = server.parts[0].process
            assert process is None or process.poll() is None, (tmp_path / "log").read_text()
            answer = dcmtk("echoscu", port)
    finally:
        server.stop()
        watching.join()
    assert isinstance(server.parts[0], Part) and sys.executable in server.parts[0].command


@pytest.mark.parametrize("said", ["no", "yes", "mutual", "perhaps"])
def test_what_the_node_says_of_tls(tmp_path: Path, said: str) -> None:
    (tmp_path / "node.toml").write_text(f'code = "U1"\nport = 8443\ndicom_tls = "{said}"\n')
    node = NodeDirectory(tmp_path)
    assert (node.dicom_tls, node.dicom_port, node.dicom_title) == (
        said if said != "perhaps" else "no",
        8743,
        "QAFILA-U1",
    )
