"""Packages come from where pip is told to look, by uv and, where that cannot, by pip; what has another hash never."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from tests.house.tree import setup_script


@pytest.fixture
def packages() -> ModuleType:
    return setup_script("packages")


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The line of a lock for the one package of a folder where pip is told to look."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    wheel = folder / "invented_thing-1.0-py3-none-any.whl"
    about = "invented_thing-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("invented_thing.py", "")
        file.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: invented-thing\nVersion: 1.0\n")
        file.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{about}/RECORD", "".join(f"{name},,\n" for name in file.namelist()))
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    return f"invented-thing==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


def test_pips_settings_in_uvs_words(packages: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    (tmp_path / "pip.conf").write_text(
        "[global]\nindex-url = https://packages.example/simple\nextra-index-url =\n  file:///one\n  file:///two\n"
        "find-links = /nowhere\n[install]\ntrusted-host = packages.example\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("PIP_FIND_LINKS", "/here /there")
    found = packages.places({"PATH": "/bin"})
    assert found["UV_DEFAULT_INDEX"] == "https://packages.example/simple" and found["PATH"] == "/bin"
    assert found["UV_INDEX"] == "file:///one file:///two" and found["UV_INSECURE_HOST"] == "packages.example"
    assert found["UV_FIND_LINKS"] == "/here,/there"


@pytest.mark.parametrize("by", ["uv", "pip"])
def test_what_the_lock_names_is_installed_and_nothing_else(
    packages: ModuleType, shelf: str, by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    real = packages.subprocess.run
    monkeypatch.setattr(packages.subprocess, "run", lambda words, **more: asked.append(words) or real(words, **more))
    if by == "pip":
        monkeypatch.setattr(packages, "BIN", tmp_path)
    lock, target = tmp_path / "some.lock", tmp_path / "target"
    lock.write_text(shelf)
    assert packages.main(["--target", str(target), str(lock)]) == 0
    assert (target / "invented_thing.py").is_file()
    assert ("pip" in asked[-1][2:3]) == (by == "pip")
    lock.write_text(shelf[:-9] + "00000000\n")
    assert packages.main(["--target", str(tmp_path / "other"), str(lock)]) != 0
    assert not (tmp_path / "other" / "invented_thing.py").exists()
