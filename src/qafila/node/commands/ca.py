"""The command `qafila ca`: the root of a hub's authority, kept away from the hub."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from qafila.kernel import clock
from qafila.node.commands.backup import secret
from qafila.node.directory import NodeDirectory, NodeError
from qafila.node.sealed import Reader, SealedError, Writer
from qafila.sync import pki, vault


def add(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add it to the command line."""
    at = command("ca", run, "keep the root key of a hub's authority offline; renew the authority that works under it")
    words = """offline: seal the root key into FILE, away from the hub; renew: a new working authority, with the root
    key from FILE; show: what holds until when"""
    at.add_argument("verb", choices=("offline", "renew", "show"), help=words)
    at.add_argument("dir", type=Path)
    at.add_argument("file", type=Path, nargs="?", help="the sealed root key, on a stick that goes into a safe")
    at.add_argument(
        "--phrase-file", metavar="FILE", default="", help="file with the pass-phrase; '-' for standard input"
    )


def run(args: argparse.Namespace) -> int:
    """`qafila ca`."""
    node = NodeDirectory(args.dir)
    keys = node.path / "keys"
    if not (keys / "ca.crt").exists():
        pki.make_authority(keys, node.code)
    if args.verb == "show":
        for name in ("ca", "online", "units", "sync", "pages"):
            if (keys / f"{name}.crt").exists():
                left = pki.load(keys / f"{name}.crt").not_valid_after_utc - clock.now()
                away = "" if (keys / f"{name}.pem").exists() else ", its key is not here"
                print(f"{name}: {left.days} days{away}")
        return 0
    if args.file is None:
        raise NodeError("name the FILE of the sealed root key")
    if args.verb == "offline":
        _offline(keys, args.file, secret(args.phrase_file, "Pass-phrase for the root key: "))
        print("Restart the hub's server. Put the file into a safe, its pass-phrase into another.", file=sys.stderr)
    else:
        pki.make_online(keys, _root(args.file, secret(args.phrase_file, "Pass-phrase of the root key: ")))
        print("Restart the hub's server: its certificates are signed anew.", file=sys.stderr)
    return 0


def _offline(keys: Path, file: Path, phrase: str) -> None:
    if not (keys / "ca.pem").exists():
        raise NodeError("the root key is not on this machine any more")
    root = serialization.load_pem_private_key((keys / "ca.pem").read_bytes(), None)
    assert isinstance(root, ec.EllipticCurvePrivateKey)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        sealing = Writer(out, phrase=phrase)
        sealing.write((keys / "ca.pem").read_bytes())
        sealing.close()
        out.flush()
        os.fsync(out.fileno())
    # Only what can be opened again goes.
    if _root(file, phrase).private_numbers() != root.private_numbers():
        raise NodeError("the sealed key could not be read back; nothing was changed")
    pki.make_online(keys, root)
    vault.overwrite(keys / "ca.pem")
    vault.keep(keys)


def _root(file: Path, phrase: str) -> ec.EllipticCurvePrivateKey:
    try:
        with file.open("rb") as sealed:
            opened = Reader(sealed, phrase)
            pem = opened.read(1 << 16)
            opened.finish()
        found = serialization.load_pem_private_key(pem, None)
    except (SealedError, ValueError) as error:
        raise NodeError(f"{file}: {error}") from error
    if not isinstance(found, ec.EllipticCurvePrivateKey):
        raise NodeError(f"{file} holds no root key")
    return found
