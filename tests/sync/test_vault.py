"""The vault: opened by its slots alone, keeps what is written while it is open, and is gone once destroyed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from qafila.sync import pki, vault

PASSWORD = "Chevre-montagne-11"
DEVICE = bytes(range(32))


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What makes a stolen slot dear to guess makes a test slow; keys go to a memory of the test's own."""
    monkeypatch.setattr(vault, "_MEMORY_KIB", 64)
    monkeypatch.setenv("QAFILA_RUN", str(tmp_path / "run"))
    (tmp_path / "run").mkdir()


@pytest.fixture
def node(tmp_path: Path) -> Path:
    directory = tmp_path / "node"
    pki.signing_key(directory / "keys")
    (directory / "keys" / "database.key").write_text("5a" * 32)
    return directory


def power_off(directory: Path) -> None:
    shutil.rmtree(vault._memory(directory))
    assert vault.locked(directory)


def on_disk(directory: Path) -> bytes:
    return b"".join(f.read_bytes() for f in directory.rglob("*") if f.is_file() and not f.is_symlink())


def test_a_node_that_is_off_holds_no_key_in_clear(node: Path) -> None:
    known = [(node / "keys" / "database.key").read_bytes(), (node / "keys" / "signing.pem").read_bytes()]
    public = pki.signing_public(node / "keys")
    code = vault.make(node, DEVICE)
    vault.let_in(node, "salma", PASSWORD, DEVICE)
    assert not vault.locked(node) and pki.signing_public(node / "keys") == public
    power_off(node)
    held = on_disk(node)
    for secret in (*known, PASSWORD.encode(), code.encode(), b"salma", DEVICE):
        assert secret not in held
    assert not (node / "keys").exists()
    with pytest.raises(FileExistsError):
        pki.signing_key(node / "keys")
    assert b"".join(known) and not (node / "keys" / "signing.pem").exists(), "nor is a new key made in its place"


def test_a_crew_member_needs_password_and_machine(node: Path) -> None:
    code = vault.make(node, DEVICE)
    vault.let_in(node, "salma", PASSWORD, DEVICE)
    power_off(node)
    for name, secret, device in (
        ("salma", "Chevre-montagne-12", DEVICE), ("rachid", PASSWORD, DEVICE), ("salma", PASSWORD, b""),
        ("salma", PASSWORD, bytes(32)), ("", "", DEVICE), ("salma", code[:-1], DEVICE),
    ):  # fmt: skip
        with pytest.raises(vault.Shut):
            vault.unlock(node, name, secret, device)
        assert vault.locked(node)
    vault.unlock(node, "Salma ", PASSWORD, DEVICE)
    assert not vault.locked(node)
    power_off(node)
    vault.unlock(node, secret=code.lower().replace("-", ""))
    assert (node / "keys" / "database.key").read_text() == "5a" * 32


def test_who_left_opens_it_no_more(node: Path) -> None:
    vault.make(node)
    vault.let_in(node, "salma", PASSWORD)
    vault.let_in(node, "rachid", PASSWORD + "x")
    vault.let_in(node, "rachid", PASSWORD + "y")
    assert vault.shut_out(node, "salma") and not vault.shut_out(node, "salma")
    with pytest.raises(vault.Shut):
        vault.let_in(node, "hind", "short")
    vault.shut(node)
    for name, secret in (("salma", PASSWORD), ("rachid", PASSWORD + "x")):
        with pytest.raises(vault.Shut):
            vault.unlock(node, name, secret)
    vault.unlock(node, "rachid", PASSWORD + "y")


def test_the_device_alone_opens_where_it_may(node: Path) -> None:
    vault.make(node, DEVICE, alone=True)
    power_off(node)
    with pytest.raises(vault.Shut):
        vault.unlock(node, device=bytes(32))
    vault.unlock(node, device=DEVICE)


def test_a_key_made_while_it_is_open_is_there_after_the_power_went(node: Path) -> None:
    code = vault.make(node)
    public = pki.sealing_public(node / "keys")
    pki.write_private(node / "keys" / "client.crt", b"a certificate")
    power_off(node)
    vault.unlock(node, secret=code)
    assert pki.sealing_public(node / "keys") == public
    assert (node / "keys" / "client.crt").read_bytes() == b"a certificate"


def test_what_was_destroyed_opens_no_more(node: Path) -> None:
    code = vault.make(node, DEVICE)
    copy = node.with_name("copy")
    vault.destroy(node)
    assert not (node / "keys").exists() and not vault._memory(node).exists()
    with pytest.raises(vault.Shut):
        vault.unlock(node, secret=code)
    assert b"wrapped" not in on_disk(node) and not copy.exists()


def test_a_vault_cut_off_in_the_making_leaves_the_keys(node: Path) -> None:
    vault.make(node)
    link = node / "keys"
    clear = link.resolve()
    link.unlink()
    shutil.copytree(clear, link)
    shutil.rmtree(vault._memory(node))
    assert not vault.locked(node) and pki.signing_public(node / "keys")
    assert vault.make(node)


def test_damaged_keys_are_said_to_be_damaged(node: Path) -> None:
    code = vault.make(node)
    power_off(node)
    sealed = node / "vault" / "keys.sealed"
    sealed.write_bytes(sealed.read_bytes()[:-1])
    with pytest.raises(vault.Shut, match="damaged"):
        vault.unlock(node, secret=code)
    (node / "vault" / "slots.json").write_bytes(b"[{}]")
    with pytest.raises(vault.Shut):
        vault.unlock(node, secret=code)


def test_somebody_elses_folder_is_not_used(node: Path) -> None:
    vault._memory(node).mkdir(mode=0o777)
    vault._memory(node).chmod(0o777)
    with pytest.raises(vault.Shut):
        vault.make(node)
