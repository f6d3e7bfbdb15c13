"""A revoked node: refused by its frame at once, and a moment later not even connected, without anybody's restart."""

from __future__ import annotations

import ssl
import threading
from pathlib import Path

import httpx
import pytest

from bench.ports import free_port
from qafila.kernel import clock
from qafila.node.create import create
from qafila.node.directory import NodeDirectory
from qafila.node.server import Server
from qafila.sync import pki
from tests.sync.test_processes import run

REVOKE = """
from qafila.sync.models import Peer
from qafila.sync.revocation import revoke
Peer.objects.create(code="U1", serial="{serial}")
revoke("U1")
"""


def status(hub: NodeDirectory, keys: Path) -> int:
    """What the port says to a box; 0: it is not connected."""
    context = ssl.create_default_context(cafile=str(hub.path / "keys" / "ca.crt"))
    context.load_cert_chain(keys / "client.crt", keys / "client.pem")
    try:
        with httpx.Client(verify=context, timeout=10) as client:
            return client.get(f"https://localhost:{hub.sync_port}/sync").status_code
    except httpx.TransportError:
        return 0


@pytest.mark.timeout(300)
def test_a_revoked_box_is_not_connected_any_more_and_others_are(tmp_path: Path) -> None:
    hub = create("hub", tmp_path / "hub", code="H", country="morocco", port=free_port())
    boxes = []
    for code in ("U1", "U2"):
        box = tmp_path / code
        pem, serial = pki.sign_request(hub.path / "keys", pki.client_request(box, code), code)
        (box / "client.crt").write_bytes(pem)
        boxes.append((box, serial))
    server = Server(hub, log=tmp_path / "log")
    server.parts = [part for part in server.parts if part.name == "sync"]
    server.start()
    watching = threading.Thread(target=server.watch)
    watching.start()
    try:
        end = clock.monotonic() + 100
        while [status(hub, box) for box, _ in boxes] != [405, 405]:
            assert clock.monotonic() < end
        run(hub, REVOKE.format(serial=boxes[0][1]))
        while [status(hub, box) for box, _ in boxes] != [0, 405]:
            assert clock.monotonic() < end
    finally:
        server.stop()
        watching.join()
