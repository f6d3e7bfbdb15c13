"""A release: built, signed, refused where anything is wrong with it, installed from real wheels without a network."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qafila.node.directory import NodeDirectory
from qafila.node.release import bundle, install
from qafila.node.release.bundle import Refused

KEY, NEXT, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2, 3))
KEYS = [KEY.public_key(), NEXT.public_key()]


def public(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw).hex()


def wheel(folder: Path, name: str, version: str, text: str) -> Path:
    """A real wheel (PEP 427) of one module."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": text,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [
        f"{n},sha256={base64.urlsafe_b64encode(hashlib.sha256(t.encode()).digest()).rstrip(b'=').decode()},{len(t)}"
        for n, t in files.items()
    ]
    made = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(made, "w") as out:
        for one, content in files.items():
            out.writestr(one, content)
        out.writestr(f"{info}/RECORD", "\n".join([*rows, f"{info}/RECORD,,"]))
    return made


@pytest.fixture
def wheels(tmp_path: Path) -> list[Path]:
    return [wheel(tmp_path / "w", "caravan", "1.0", "WORD = 1"), wheel(tmp_path / "w", "needed", "2.0", "WORD = 2")]


@pytest.fixture
def node(tmp_path: Path) -> NodeDirectory:
    (tmp_path / "node").mkdir()
    (tmp_path / "node" / "node.toml").write_text(
        f'code = "U1"\nprogram = "{tmp_path / "program"}"\n[release]\nkeys = ["{public(KEY)}", "{public(NEXT)}"]\n'
    )
    return NodeDirectory(tmp_path / "node")


def built(path: Path, wheels: list[Path], number: int = 10, key: Ed25519PrivateKey = KEY, back: int = 0) -> Path:
    bundle.build(path, wheels, "1.0", number, key, back=back)
    return path


def read(path: Path) -> bundle.Release:
    with path.open("rb") as file:
        return bundle.head(file, KEYS)


@pytest.mark.parametrize("key", [KEY, NEXT])
def test_either_of_two_keys_opens_a_release(tmp_path: Path, wheels: list[Path], key: Ed25519PrivateKey) -> None:
    release = read(built(tmp_path / "r", wheels, key=key))
    assert (release.version, release.number, [w.name for w in release.wheels]) == ("1.0", 10, [w.name for w in wheels])


def test_a_key_of_somebody_else_opens_nothing(tmp_path: Path, wheels: list[Path]) -> None:
    with pytest.raises(Refused, match="signed by none"):
        read(built(tmp_path / "r", wheels, key=OTHER))


def test_any_byte_that_differs_is_noticed(tmp_path: Path, wheels: list[Path]) -> None:
    whole = built(tmp_path / "r", wheels).read_bytes()
    into = tmp_path / "into"
    into.mkdir()
    for place in range(0, len(whole), 41):
        for changed in (whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :], whole[:place]):
            with pytest.raises(Refused):
                file = io.BytesIO(changed)
                list(bundle.unpack(file, bundle.head(file, KEYS), into))
    with pytest.raises(Refused, match="more behind"):
        file = io.BytesIO(whole + b"x")
        list(bundle.unpack(file, bundle.head(file, KEYS), into))


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.integers(0, 400))
def test_bytes_from_outside_are_a_release_or_refused(data: bytes, size: int) -> None:
    for one in (data, b"QAFILA RELEASE 1 %d\n" % size + data):
        with pytest.raises(Refused):
            bundle.head(io.BytesIO(one), KEYS)


def told(
    name: str = "x-1-py3-none-any.whl", number: int = 1, back: int = 0, size: int = 1,
    sha256: str = "a" * 64, version: str = "1.0",
) -> str:  # fmt: skip
    rows = [[name, size, sha256, True]]
    return json.dumps({"version": version, "number": number, "back": back, "wheels": rows})


@pytest.mark.parametrize(
    "manifest",
    [
        "[]", "{}", '{"version": "1", "number": 1, "back": 0, "wheels": []}',
        told("../x-1-py3-none-any.whl"), told(number=0), told(number=5, back=4), told(size=9_000_000_000),
        told(sha256="A" * 64), told(version="1; rm"),
    ],
)  # fmt: skip
def test_a_signed_manifest_that_makes_no_sense_is_refused_too(manifest: str) -> None:
    words = manifest.encode()
    sealed = KEY.sign(bundle.SEAL + words).hex().encode()
    with pytest.raises(Refused, match="cannot be read by this version"):
        bundle.head(io.BytesIO(b"QAFILA RELEASE 1 %d\n" % len(words) + words + sealed + b"\n"), KEYS)


@pytest.mark.parametrize(
    ("number", "back", "installed", "why"),
    [(11, 0, 10, ""), (10, 0, 10, "already"), (9, 0, 10, "older"), (9, 10, 10, ""), (9, 10, 11, "older")],
)
def test_an_older_release_needs_a_way_back_that_reaches(number: int, back: int, installed: int, why: str) -> None:
    release = bundle.Release("1.0", number, back, ())
    if why:
        with pytest.raises(Refused, match=why):
            bundle.may_follow(release, installed)
    else:
        bundle.may_follow(release, installed)


def test_what_may_not_be_installed_is_not_even_kept(tmp_path: Path, wheels: list[Path], node: NodeDirectory) -> None:
    root = tmp_path / "program"
    (root / "a").mkdir(parents=True)
    (root / "a" / install.MARK).write_text('{"number": 10}')
    (root / "current").symlink_to("a")
    (root / "refused").write_text('{"number": 12}')
    for number, key, why in ((9, KEY, "older"), (12, KEY, "not tried again"), (13, OTHER, "signed by none")):
        with pytest.raises(Refused, match=why):
            install.stage(root, built(tmp_path / "r", wheels, number, key), node)
    assert install.staged(root, node) is None and not (root / install.STAGED).exists()
    assert install.stage(root, built(tmp_path / "r", wheels, 13), node).number == 13
    assert install.staged(root, node) is not None


def test_a_node_without_keys_or_on_postgresql_installs_nothing(tmp_path: Path, wheels: list[Path]) -> None:
    for facts, why in (("", "names no release keys"), ('[release]\nkeys = ["zz"]', "cannot be read")):
        (tmp_path / "node.toml").write_text(facts)
        with pytest.raises(Refused, match=why):
            install.stage(tmp_path, built(tmp_path / "r", wheels), NodeDirectory(tmp_path))
    (tmp_path / "node.toml").write_text('[database]\nengine = "postgresql"\nname = "x"')
    with pytest.raises(Refused, match="by its administrator"):
        install.prepare(tmp_path, tmp_path / "b", NodeDirectory(tmp_path))


def test_the_commands(tmp_path: Path, wheels: list[Path]) -> None:
    def qafila(*words: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "qafila.cli", "release", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    made = qafila("key", tmp_path / "k")
    assert (tmp_path / "k").stat().st_mode & 0o777 == 0o600
    folder = tmp_path / "w"
    told = qafila(
        "build", tmp_path / "r", "--wheels", folder, "--version", "1.0", "--number", 10, "--key", tmp_path / "k"
    )
    assert "2 of 2 wheels" in told.stdout, told.stderr
    (tmp_path / "node.toml").write_text(f'code = "U1"\nprogram = "{tmp_path}/program"\n{made.stdout}')
    (tmp_path / "program").mkdir()
    told = qafila("bring", tmp_path, tmp_path / "r", "--now")
    assert told.stdout == "1.0 waits to be installed, now\n", told.stderr
    assert json.loads((tmp_path / "program" / install.WANTED).read_text()) == 10
    (tmp_path / "r").write_bytes(b"nothing")
    refused = qafila("bring", tmp_path, tmp_path / "r")
    assert refused.returncode == 1 and refused.stderr == "qafila: this is no release\n"
