"""The command `qafila vault`: the keys of a node sealed on its disk, and who opens them. Secrets are asked for or come
from standard input, never as an argument."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable
from pathlib import Path

from qafila.node import device, rekey
from qafila.node.directory import NodeDirectory, NodeError
from qafila.sync import vault


def add(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add it to the command line."""
    at = command("vault", run, "seal a node's keys on its disk; say who may open them; open and lock it")
    words = """make: seal the keys; prints the recovery code   admit, dismiss NAME: who opens it with a password
    rekey: a new key for the database (the node must not run)
    open: by NAME and password, or by the recovery code   lock: the keys leave the memory, serving stops until opened"""
    at.add_argument("verb", choices=("make", "admit", "dismiss", "open", "lock", "rekey"), help=words)
    at.add_argument("dir", type=Path)
    at.add_argument("name", nargs="?", default="", help="of a crew member")


def run(args: argparse.Namespace) -> int:
    """`qafila vault`."""
    node = NodeDirectory(args.dir)
    _ = node.facts
    try:
        return int(VERBS[args.verb](node, args.name) or 0)
    except vault.Shut as error:
        raise NodeError(str(error)) from error


def _make(node: NodeDirectory, name: str) -> None:
    own = device.key(node, make=True)
    code = vault.make(node.path, own, alone=bool(device.terms(node).get("alone")))
    certify_door(node)
    print(code)
    print(
        "Write this recovery code down and keep it in the hub's safe: it opens the node when nothing else does.\n"
        "Now admit the crew: 'qafila vault admit DIR NAME'",
        file=sys.stderr,
    )


def certify_door(node: NodeDirectory) -> None:
    """The certificate of the page of the locked node."""
    from qafila.sync.pki import server_certificate

    other = node.facts.get("authority")
    authority = node.path / str(other) if other else node.path / "keys"
    server_certificate(node.path / "vault", node.code, node.hosts, "door", authority)


def _admit(node: NodeDirectory, name: str) -> None:
    vault.let_in(node.path, _named(name), _secret(), device.key(node))


def _dismiss(node: NodeDirectory, name: str) -> int:
    return 0 if vault.shut_out(node.path, _named(name)) else 1


def _open(node: NodeDirectory, name: str) -> None:
    if vault.locked(node.path):
        vault.unlock(node.path, name, _secret(), device.key(node))


def _lock(node: NodeDirectory, name: str) -> None:
    vault.shut(node.path)


def _rekey(node: NodeDirectory, name: str) -> None:
    rekey.rekey(node)


def _named(name: str) -> str:
    if not name:
        raise NodeError("say the name of the crew member")
    return name


def _secret() -> str:
    said = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline()
    return said.strip()


VERBS: dict[str, Callable[[NodeDirectory, str], int | None]] = {
    "make": _make, "admit": _admit, "dismiss": _dismiss, "open": _open, "lock": _lock, "rekey": _rekey,
}  # fmt: skip
