"""The root of a hub's authority: away from the hub it is not missed, and what works under it can be changed."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature

from qafila.cli import main
from qafila.node.directory import NodeDirectory
from qafila.sync import pki
from tests.web.vehicle import NODE

HOSTS = ["localhost"]


@pytest.fixture
def hub(tmp_path: Path) -> NodeDirectory:
    directory = tmp_path / "hub"
    directory.mkdir()
    (directory / "node.toml").write_text(NODE)
    pki.server_certificate(directory / "keys", "H", HOSTS, "sync")
    (tmp_path / "phrase").write_text("two safes in two towns\n")
    return NodeDirectory(directory)


def ca(hub: NodeDirectory, verb: str, phrase: str = "phrase") -> int:
    return main(
        ["ca", verb, str(hub.path), str(hub.path.parent / "root"), "--phrase-file", str(hub.path.parent / phrase)]
    )


def handshake(hub: NodeDirectory, root: bytes) -> None:
    """What a unit does that was given the root once. Raises `ssl.SSLError`."""
    keys = hub.path / "keys"
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(keys / "sync.crt", keys / "sync.pem")
    calling = ssl.create_default_context(cadata=root.decode())
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = serving.wrap_bio(up, down, server_side=True)
    client = calling.wrap_bio(down, up, server_hostname="localhost")
    for one in (client, server, client, server):
        try:
            one.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert client.getpeercert()


def test_a_hub_works_without_its_root_and_units_go_on_trusting_it(hub: NodeDirectory) -> None:
    keys = hub.path / "keys"
    root, secret = (keys / "ca.crt").read_bytes(), (keys / "ca.pem").read_bytes()
    handshake(hub, root)
    assert ca(hub, "offline") == 0
    assert not (keys / "ca.pem").exists() and secret not in (hub.path.parent / "root").read_bytes()
    pki.server_certificate(keys, "H", HOSTS, "sync")
    handshake(hub, root)
    assert (keys / "ca.crt").read_bytes() == root and pki.make_authority(keys, "H") == pki.load(keys / "ca.crt")
    first = (keys / "online.crt").read_bytes()
    assert ca(hub, "offline") == 1, "once is enough"
    assert ca(hub, "renew") == 0 and (keys / "online.crt").read_bytes() != first
    with pytest.raises(InvalidSignature):
        # The old leaf beside the new authority: it is signed anew at the next start.
        pki.load(keys / "sync.crt").verify_directly_issued_by(pki.load(keys / "online.crt"))
    pki.server_certificate(keys, "H", HOSTS, "sync")
    handshake(hub, root)
    assert not (keys / "ca.pem").exists() and ca(hub, "show") == 0


def test_a_wrong_phrase_changes_nothing(hub: NodeDirectory) -> None:
    assert ca(hub, "offline") == 0
    before = (hub.path / "keys" / "online.crt").read_bytes()
    (hub.path.parent / "other").write_text("something else\n")
    assert ca(hub, "renew", "other") == 1 and (hub.path / "keys" / "online.crt").read_bytes() == before
    (hub.path / "keys" / "online.crt").unlink()
    with pytest.raises(pki.AuthorityAway):
        pki.server_certificate(hub.path / "keys", "H", ["elsewhere"], "sync")
