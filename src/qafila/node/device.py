"""The key of the machine, which a copied disk lacks: held by the TPM, or a file elsewhere on the machine.

`node.toml`:    [vault]
                device = "tpm"                          sealed by the TPM 2.0 (tpm2-tools), opened by this machine alone
                device = "/etc/qafila/U1.device"        a file outside of the node's directory, best on another disk
                alone = true                            opens without anybody (a hub in a locked room)
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from qafila.node.directory import NodeDirectory, NodeError

LENGTH = 32
TPM = "tpm"


def terms(node: NodeDirectory) -> dict[str, Any]:
    """The section `[vault]` of the node."""
    found: dict[str, Any] = node.facts.get("vault", {})
    return found


def key(node: NodeDirectory, *, make: bool = False) -> bytes:
    """The device's key; empty where the node names none. `make`: at the first call one is made. Raises `NodeError`."""
    said = str(terms(node).get("device", ""))
    if not said:
        return b""
    if said == TPM:
        return _of_tpm(node.path / "vault", make=make)
    file = Path(said)
    if not file.is_absolute() or file.is_relative_to(node.path):
        raise NodeError(f"the device's key must lie outside of {node.path}: a copied disk would hold both")
    if make and not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(secrets.token_bytes(LENGTH))
            out.flush()
            os.fsync(out.fileno())
    try:
        return file.read_bytes()
    except OSError:
        # The vault can still be opened by the recovery code.
        return b""


def _of_tpm(vault: Path, *, make: bool) -> bytes:
    if shutil.which("tpm2_unseal") is None:
        raise NodeError("the TPM needs the package tpm2-tools")
    public, private = vault / "device.pub", vault / "device.priv"
    with tempfile.TemporaryDirectory(prefix="qafila-tpm-") as scratch:
        primary, loaded = Path(scratch) / "primary", Path(scratch) / "loaded"
        try:
            _tpm("createprimary", "-Q", "-C", "o", "-c", primary)
            if make and not public.exists():
                vault.mkdir(mode=0o700, exist_ok=True)
                _tpm("create", "-Q", "-C", primary, "-i", "-", "-u", public, "-r", private,
                     said=secrets.token_bytes(LENGTH))  # fmt: skip
            _tpm("load", "-Q", "-C", primary, "-u", public, "-r", private, "-c", loaded)
            return _tpm("unseal", "-c", loaded)
        except subprocess.CalledProcessError as error:
            if make:
                raise NodeError("the TPM of this machine does not answer: is /dev/tpmrm0 there?") from error
            # Another machine, or a TPM that was cleared: the recovery code opens the vault.
            return b""


def _tpm(verb: str, *words: object, said: bytes = b"") -> bytes:
    command = [f"tpm2_{verb}", *map(str, words)]
    told = subprocess.run(command, input=said, capture_output=True, check=True).stdout
    # Without a resource manager before it a TPM has room for three objects.
    subprocess.run(["tpm2_flushcontext", "-t"], capture_output=True, check=False)  # noqa: S607
    return told
