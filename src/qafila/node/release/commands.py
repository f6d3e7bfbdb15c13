"""The commands `qafila release …`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from qafila.node.create import run_django
from qafila.node.directory import NodeDirectory, NodeError
from qafila.node.release import bundle, install


def run(verb: str, args: argparse.Namespace) -> int:
    """Run one of them; the exit status. Raises `NodeError`."""
    try:
        sys.stdout.write(VERBS[verb](args) + "\n")
    except bundle.Refused as refused:
        raise NodeError(str(refused)) from refused
    return 0


def key(args: argparse.Namespace) -> str:
    """`qafila release key`: a private key that only its owner may read; the public half is printed."""
    made = Ed25519PrivateKey.generate()
    args.file.touch(mode=0o600, exist_ok=False)
    raw = serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
    args.file.write_text(made.private_bytes(*raw).hex() + "\n")
    public = made.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return f'[release]\nkeys = ["{public.hex()}"]'


def build(args: argparse.Namespace) -> str:
    """`qafila release build`."""
    try:
        signer = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(args.key.read_text().strip()))
    except ValueError:
        raise bundle.Refused(f"{args.key} is no release key") from None
    known: set[str] = set()
    if args.since:
        with args.since.open("rb") as file:
            known = {w.sha256 for w in bundle.head(file, [signer.public_key()]).wheels}
    wheels = sorted(args.wheels.glob("*.whl"))
    made = bundle.build(args.out, wheels, args.version, args.number, signer, back=args.back, known=known.__contains__)
    carried = [w for w in made.wheels if w.carried]
    size = args.out.stat().st_size / 1e6
    return (
        f"{args.out}: {made.version}, number {made.number}, {len(carried)} of {len(made.wheels)} wheels, {size:.1f} MB"
    )


def _root(directory: NodeDirectory) -> Path:
    root = install.root_of(directory)
    if root is None:
        raise bundle.Refused("node.toml names no 'program': this node is updated by other means")
    return root


def bring(args: argparse.Namespace) -> str:
    """`qafila release bring`."""
    directory = NodeDirectory(args.dir)
    root = _root(directory)
    release = install.stage(root, args.file, directory)
    if args.now:
        (root / install.WANTED).write_text(str(release.number))
    return f"{release.version} waits to be installed" + (", now" if args.now else "")


def first(args: argparse.Namespace) -> str:
    """`qafila release first`."""
    directory = NodeDirectory(args.dir)
    root = _root(directory)
    release = install.first(root, args.file, directory)
    return f"{root}: {release.version}; '{root}/launch {root} {directory.path}' serves it"


def offer(args: argparse.Namespace) -> str:
    """`qafila release offer`: on the hub, to every unit."""
    directory = NodeDirectory(args.dir)
    with args.file.open("rb") as file:
        release = bundle.head(file, install.keys_of(directory))
    facts = (str(args.file.absolute()), release.version, release.number, release.back)
    run_django(directory, f"from pathlib import Path; from qafila.registry.programs import acts; f = {facts!r}; "
               "acts.offer(Path(f[0]), *f[1:])")  # fmt: skip
    return f"{release.version} is offered: units fetch it behind everything else, when they are parked"


def prepare(args: argparse.Namespace) -> str:
    """`qafila release prepare`."""
    directory = NodeDirectory(args.dir)
    release = install.prepare(args.root, args.slot, directory)
    # Last, because it took minutes in which the unit worked on.
    run_django(directory, "from qafila.node.release.watch import require_nobody; require_nobody()")
    return json.dumps({"version": release.version, "number": release.number})


VERBS: dict[str, Callable[[argparse.Namespace], str]] = {
    "key": key, "build": build, "offer": offer, "bring": bring, "first": first, "prepare": prepare,
}  # fmt: skip
