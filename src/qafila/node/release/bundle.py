"""A release as one signed file: what it is, which wheels it is made of, and those of them that a unit may lack.

    QAFILA RELEASE 1 <bytes of the manifest>\\n
    manifest                   JSON: version, number, back, wheels [[name, bytes, SHA-256, carried], …]
    <signature>\\n              Ed25519 over "qafila release 1\\n" + manifest, hexadecimal
    the carried wheels, one behind the other, in the manifest's order

Nothing of it is believed before the signature holds, and nothing of a wheel before its hash does; there is no archive
to unpack. `number` grows with each release: a lower one is refused, unless it was signed as a way back from the one
installed (`back`: from releases up to this number). So an old way back opens nothing once a later release is installed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

HEAD = re.compile(rb"QAFILA RELEASE 1 (\d{1,7})\n")
SEAL = b"qafila release 1\n"
MOST_MANIFEST = 1_000_000
MOST_WHEEL = 300_000_000
MOST_WHEELS = 500
WHEEL = re.compile(
    r"[A-Za-z0-9_.]+-[A-Za-z0-9_.!+]+(-\d[A-Za-z0-9_.]*)?-[A-Za-z0-9_.]+-[A-Za-z0-9_.]+-[A-Za-z0-9_.]+\.whl"
)
VERSION = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4}){1,3}")
_CHUNK = 1 << 16


class Refused(Exception):
    """A file that is no release, or none that this node may take. The words say why."""


@dataclass(frozen=True)
class Wheel:
    """A wheel of a release. `carried`: its bytes are in the bundle."""

    name: str
    size: int
    sha256: str
    carried: bool


@dataclass(frozen=True)
class Release:
    """What a release says of itself. `back`: it may follow one of a higher number up to this; 0: none."""

    version: str
    number: int
    back: int
    wheels: tuple[Wheel, ...]

    def manifest(self) -> bytes:
        """Its bytes as they are signed."""
        facts = {"version": self.version, "number": self.number, "back": self.back}
        rows = [[w.name, w.size, w.sha256, w.carried] for w in self.wheels]
        return json.dumps({**facts, "wheels": rows}, separators=(",", ":")).encode()


def public_keys(words: Iterable[object]) -> list[Ed25519PublicKey]:
    """Keys from their hexadecimal form; two, so that one can take over from the other. Raises `Refused`."""
    try:
        return [Ed25519PublicKey.from_public_bytes(bytes.fromhex(str(one))) for one in words]
    except ValueError:
        raise Refused("a release key in node.toml cannot be read: 64 hexadecimal digits") from None


def build(
    out: Path, wheels: Iterable[Path], version: str, number: int, key: Ed25519PrivateKey,
    *, back: int = 0, known: Callable[[str], bool] = lambda _: False,
) -> Release:  # fmt: skip
    """Write a bundle of these wheels. `known`: whether the units have the wheel of that SHA-256 already."""
    files = sorted(wheels, key=lambda p: p.name)
    digests = [_digest(file) for file in files]
    rows = (Wheel(f.name, f.stat().st_size, d, not known(d)) for f, d in zip(files, digests, strict=True))
    release = _checked(Release(version, number, back, tuple(rows)))
    manifest = release.manifest()
    fresh = out.with_name(f"{out.name}.new")
    with fresh.open("wb") as file:
        file.write(b"QAFILA RELEASE 1 %d\n" % len(manifest) + manifest)
        file.write(key.sign(SEAL + manifest).hex().encode() + b"\n")
        for path, wheel in zip(files, release.wheels, strict=True):
            if wheel.carried:
                file.write(path.read_bytes())
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(out)
    return release


def head(file: BinaryIO, keys: Iterable[Ed25519PublicKey]) -> Release:
    """The release that the file holds, its signature checked; the file stands at the first wheel. Raises `Refused`."""
    found = HEAD.fullmatch(file.readline(40))
    if found is None or int(found[1]) > MOST_MANIFEST:
        raise Refused("this is no release")
    manifest = file.read(int(found[1]))
    sealed = file.readline(130)
    try:
        signature = bytes.fromhex(sealed.decode("ascii").strip())
    except ValueError:
        raise Refused("this is no release") from None
    if not any(_signed(key, signature, SEAL + manifest) for key in keys):
        raise Refused("the release is signed by none of this node's release keys")
    try:
        told = json.loads(manifest)
        wheels = tuple(Wheel(str(n), int(s), str(d), bool(c)) for n, s, d, c in told["wheels"])
        release = Release(str(told["version"]), int(told["number"]), int(told["back"]), wheels)
    except (ValueError, KeyError, TypeError):
        raise Refused("the release cannot be read by this version") from None
    return _checked(release)


def unpack(file: BinaryIO, release: Release, into: Path) -> Iterator[Path]:
    """Write each carried wheel into the folder, under its name, its hash checked. Raises `Refused`, `OSError`."""
    for wheel in release.wheels:
        if not wheel.carried:
            continue
        fresh, digest, left = into / f"{wheel.name}.new", hashlib.sha256(), wheel.size
        with fresh.open("wb") as out:
            while left and (data := file.read(min(left, _CHUNK))):
                digest.update(data)
                out.write(data)
                left -= len(data)
            out.flush()
            os.fsync(out.fileno())
        if left or digest.hexdigest() != wheel.sha256:
            fresh.unlink()
            raise Refused(f"{wheel.name} in the release is damaged")
        fresh.replace(into / wheel.name)
        yield into / wheel.name
    if file.read(1):
        raise Refused("there is more behind the release than it says")


def may_follow(release: Release, number: int) -> None:
    """Raises `Refused` for a release that is older than, or the same as, the one of that number."""
    if release.number == number:
        raise Refused("this release is installed already")
    if release.number < number and release.back < number:
        raise Refused("the release is older than the installed one and not signed as a way back from it")


def words(release: Release) -> dict[str, object]:
    """It as it is kept beside an installed program."""
    return {**asdict(release), "wheels": [asdict(w) for w in release.wheels]}


def _checked(release: Release) -> Release:
    names = {w.name for w in release.wheels}
    sound = (
        VERSION.fullmatch(release.version)
        and 0 < release.number < 1 << 53
        and (release.back == 0 or release.number < release.back < 1 << 53)
        and 0 < len(release.wheels) <= MOST_WHEELS
        and len(names) == len(release.wheels)
        and all(WHEEL.fullmatch(w.name) and ".." not in w.name for w in release.wheels)
        and all(0 < w.size <= MOST_WHEEL and re.fullmatch("[0-9a-f]{64}", w.sha256) for w in release.wheels)
    )
    if not sound:
        raise Refused("the release cannot be read by this version")
    return release


def _signed(key: Ed25519PublicKey, signature: bytes, words: bytes) -> bool:
    try:
        key.verify(signature, words)
    except InvalidSignature:
        return False
    return True


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
