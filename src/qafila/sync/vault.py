"""The keys of a node that is switched off: sealed on the disk, in clear in memory alone while it runs.

    vault/keys.sealed    all files of `keys/`, under the vault's key (ChaCha20-Poly1305, RFC 8439; a nonce a writing)
    vault/slots.json     the vault's key, wrapped once for each way to open it
    vault/door.*         certificate of the page that asks for a password
    keys                 a link to a folder in memory, dangling while the node is locked

A slot is opened by a crew member's password (Argon2id, RFC 9106) *and* the device's key, by the device's key alone, or
by the recovery code, which is on paper. The database, the files and all that is derived from their keys go with the
keys: without a slot nothing of a stolen disk can be read, and to destroy the slots is to erase it (`destroy`).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from qafila.kernel import durable, typed

FOLDER, SEALED, SLOTS = "vault", "keys.sealed", "slots.json"
CREW, DEVICE, RECOVERY = "crew", "device", "recovery"
KEY, CODE, SHORTEST = 32, 16, 10
_PASSES, _MEMORY_KIB, _LANES = 3, 64 * 1024, 4
_ABOUT = b"qafila vault 1"


class Shut(Exception):
    """The vault does not open; the message says why, for a person."""


class Slot(msgspec.Struct):
    """One way to open the vault. Of a crew member's, `who` is a salted digest of the name; `wrapped` is empty while it
    waits for a new password."""

    kind: str
    who: str
    salt: str
    wrapped: str


def exists(directory: Path) -> bool:
    """Whether this node's keys lie in a vault."""
    return (directory / FOLDER / SLOTS).exists()


def locked(directory: Path) -> bool:
    """Whether they do, and nobody has opened it since the machine was started."""
    return exists(directory) and _kept_away(directory) and not (_memory(directory) / "vault.key").exists()


def _kept_away(directory: Path) -> bool:
    # A vault that was cut off in the making counts for nothing: the keys still lie where they were.
    return (directory / "keys").is_symlink() or not (directory / "keys").exists()


def make(directory: Path, device: bytes = b"", *, alone: bool = False) -> str:
    """Put the node's keys into a vault, which stays open for now; the recovery code. `alone`: the device's key opens it
    without anybody. Raises `Shut` where there is one already."""
    if exists(directory) and _kept_away(directory):
        raise Shut("the keys of this node lie in a vault already")
    place = _room(directory)
    (place / "vault.key").touch(mode=0o600)
    (place / "vault.key").write_bytes(secrets.token_bytes(KEY))
    (place / "home").write_text(str(directory.absolute()))
    plain, clear = directory / "keys", place / "keys"
    shutil.rmtree(clear, ignore_errors=True)
    shutil.copytree(plain, clear)
    (directory / FOLDER).mkdir(mode=0o700, exist_ok=True)
    code = secrets.token_bytes(CODE)
    slots = [_slot(RECOVERY, "", code, _vault_key(directory), b"")]
    if alone and device:
        slots.append(_slot(DEVICE, "", b"", _vault_key(directory), device))
    keep(clear)
    _write_slots(directory, slots)
    # From here on the vault counts; what lay in clear goes.
    aside = directory / ".keys-in-clear"
    plain.rename(aside)
    plain.symlink_to(clear)
    for file in aside.rglob("*"):
        if file.is_file():
            overwrite(file)
    shutil.rmtree(aside)
    return typed.spell(code)


def let_in(directory: Path, name: str, password: str, device: bytes = b"") -> None:
    """Let a crew member open the vault from now on (or with another password). Raises `Shut`."""
    if len(password) < SHORTEST:
        raise Shut(f"at least {SHORTEST} characters: a copied disk can be tried without end")
    fresh = _slot(CREW, name, password.encode(), _vault_key(directory), device)
    with _slots_alone(directory):
        others = [slot for slot in _slots(directory) if not _is_of(slot, name)]
        _write_slots(directory, [*others, fresh])


def shut_out(directory: Path, name: str) -> bool:
    """A crew member opens it no more; whether there was such a one. Raises `Shut`."""
    with _slots_alone(directory):
        slots = _slots(directory)
        left = [slot for slot in slots if not _is_of(slot, name)]
        if left != slots:
            _write_slots(directory, left)
    return len(left) < len(slots)


def suspend(directory: Path, name: str) -> bool:
    """A crew member's password opens it no more, until `let_in` is told another; whether there was such a one."""
    with _slots_alone(directory):
        slots = _slots(directory)
        own = [slot for slot in slots if _is_of(slot, name) and slot.wrapped]
        for slot in own:
            slot.wrapped = ""
        if own:
            _write_slots(directory, slots)
    return bool(own)


def suspended(directory: Path, name: str) -> bool:
    """Whether a crew member who may open it has to say their new password first."""
    return any(_is_of(slot, name) and not slot.wrapped for slot in _slots(directory))


def openers(directory: Path, names: Iterable[str]) -> tuple[list[str], int]:
    """Who of them opens it now, and how many other ways there are beside the recovery code. Raises `Shut`."""
    slots = [slot for slot in _slots(directory) if slot.kind != RECOVERY and slot.wrapped]
    opening = [name for name in names if any(_is_of(slot, name) for slot in slots)]
    return opening, sum(not any(_is_of(slot, name) for name in opening) for slot in slots)


def unlock(directory: Path, name: str = "", secret: str = "", device: bytes = b"") -> None:
    """Open the vault: with a name and a password, with the recovery code, or (nothing given) by the device alone.
    Raises `Shut`."""
    for slot in _slots(directory):
        if slot.kind == CREW and name and not _is_of(slot, name):
            continue
        if (slot.kind == DEVICE) == bool(secret):
            continue
        try:
            given = typed.read(secret, CODE) if slot.kind == RECOVERY else secret.encode()
            key = _cipher(_wrapping(slot, given, device)).decrypt(bytes(12), bytes.fromhex(slot.wrapped), _ABOUT)
        except (typed.Mistyped, InvalidTag, ValueError):
            continue
        _pour(directory, key)
        return
    raise Shut("nothing opens by this: check the name and the password, or take the recovery code")


def shut(directory: Path) -> None:
    """Lock: the keys leave the memory. Processes that hold them have to be ended by their server."""
    place = _memory(directory)
    if exists(directory) and place.exists():
        shutil.rmtree(place)


def keep(keys: Path) -> None:
    """Seal `keys` again after one of them was written; does nothing where they lie in no vault."""
    clear = keys.resolve()
    place = clear.parent
    if not (place / "vault.key").exists():
        return
    with _alone(place):
        key, home = (place / "vault.key").read_bytes(), Path((place / "home").read_text())
        files = {f.name: f.read_bytes() for f in sorted(clear.iterdir()) if f.is_file() and f.name[0] != "."}
        nonce = secrets.token_bytes(12)
        sealed = nonce + _cipher(key).encrypt(nonce, msgspec.msgpack.encode(files), _ABOUT)
        durable.write_private(home / FOLDER / SEALED, sealed)


def destroy(directory: Path) -> None:
    """Erase: slots and sealed keys are overwritten and removed, the keys leave the memory. Nothing opens again what was
    under them. Keys that lay in no vault are overwritten where they lie."""
    for folder in (directory / FOLDER, directory / "keys"):
        if folder.is_symlink():
            folder.unlink()
        elif folder.exists():
            for file in folder.rglob("*"):
                if file.is_file():
                    overwrite(file)
            shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(_memory(directory), ignore_errors=True)


def _pour(directory: Path, key: bytes) -> None:
    sealed = (directory / FOLDER / SEALED).read_bytes()
    try:
        files = msgspec.msgpack.decode(_cipher(key).decrypt(sealed[:12], sealed[12:], _ABOUT), type=dict[str, bytes])
    except (InvalidTag, ValueError, msgspec.MsgspecError) as error:
        raise Shut("the sealed keys are damaged: restore them from a backup") from error
    place = _room(directory)
    clear = place / "keys"
    clear.mkdir(mode=0o700, exist_ok=True)
    for name, data in files.items():
        file = clear / Path(name).name
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(data)
    (place / "home").write_text(str(directory.absolute()))
    link = directory / "keys"
    if not link.is_symlink() or link.readlink() != clear:
        link.unlink(missing_ok=True)
        link.symlink_to(clear)
    # Last: only now does the node count as open.
    durable.write_private(place / "vault.key", key)


def _slot(kind: str, name: str, secret: bytes, key: bytes, device: bytes) -> Slot:
    slot = Slot(kind, "", secrets.token_hex(16), "")
    slot.who = _who(name, slot.salt) if name else ""
    slot.wrapped = _cipher(_wrapping(slot, secret, device)).encrypt(bytes(12), key, _ABOUT).hex()
    return slot


def _wrapping(slot: Slot, secret: bytes, device: bytes) -> bytes:
    salt = bytes.fromhex(slot.salt)
    if slot.kind == CREW:
        kdf = Argon2id(salt=salt, length=KEY, iterations=_PASSES, lanes=_LANES, memory_cost=_MEMORY_KIB)
        secret = kdf.derive(secret) + device
    elif slot.kind == DEVICE:
        secret = device
    return HKDF(SHA256(), KEY, salt, _ABOUT + slot.kind.encode()).derive(secret)


def _is_of(slot: Slot, name: str) -> bool:
    return slot.kind == CREW and slot.who == _who(name, slot.salt)


def _who(name: str, salt: str) -> str:
    return hashlib.sha256(f"{salt}\0{name.strip().lower()}".encode()).hexdigest()[:16]


def _cipher(key: bytes) -> ChaCha20Poly1305:
    return ChaCha20Poly1305(key)


def _slots(directory: Path) -> list[Slot]:
    try:
        return msgspec.json.decode((directory / FOLDER / SLOTS).read_bytes(), type=list[Slot])
    except (OSError, msgspec.MsgspecError) as error:
        raise Shut("this node has no vault, or its slots are damaged") from error


def _write_slots(directory: Path, slots: list[Slot]) -> None:
    durable.write_private(directory / FOLDER / SLOTS, msgspec.json.encode(slots))


def _vault_key(directory: Path) -> bytes:
    try:
        return (_memory(directory) / "vault.key").read_bytes()
    except OSError as error:
        raise Shut("this node is locked: open it first") from error


def _memory(directory: Path) -> Path:
    """Where the keys lie while the node runs: a folder of a file system that is memory."""
    said = os.environ.get("QAFILA_RUN", "")
    run = Path("/run/qafila")
    base = Path(said) if said else run if os.access(run, os.W_OK) else Path("/dev/shm")  # noqa: S108 - checked below
    return base / f"qafila-{hashlib.sha256(str(directory.absolute()).encode()).hexdigest()[:24]}"


def _room(directory: Path) -> Path:
    place = _memory(directory)
    with suppress(FileExistsError):
        place.mkdir(mode=0o700)
    told = place.lstat()
    if place.is_symlink() or told.st_uid != os.geteuid() or told.st_mode & 0o077:
        raise Shut(f"{place} is somebody else's: keys are not put there")
    return place


@contextmanager
def _slots_alone(directory: Path) -> Iterator[None]:
    """Pages and agent both change the slots: one at a time."""
    try:
        folder = os.open(directory / FOLDER, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise Shut("this node has no vault") from error
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    lock = os.open(place / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def overwrite(file: Path) -> None:
    """Remove a file, its content first."""
    # A flash disk may keep an old copy of the block: what counts is that few bytes were ever written in clear.
    with file.open("r+b") as old:
        old.write(secrets.token_bytes(file.stat().st_size))
        old.flush()
        os.fsync(old.fileno())
    file.unlink()
