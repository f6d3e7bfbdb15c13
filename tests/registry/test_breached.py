"""A list of breached passwords beside the node: whatever is in it is found, and nothing else."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from qafila.registry.staff.breached import stands_in

PASSWORD = "correct horse battery staple"


def digest(word: str) -> bytes:
    return hashlib.sha1(word.encode(), usedforsecurity=False).hexdigest().upper().encode()


def listed(words: set[str], seen: list[int], end: str) -> bytes:
    rows = sorted(digest(word) for word in words)
    return end.encode().join(b"%s:%d" % (row, seen[n % len(seen)]) for n, row in enumerate(rows))


@given(st.sets(st.text(max_size=5), min_size=1, max_size=60), st.lists(st.integers(1, 10**9), min_size=1),
       st.text(max_size=5), st.sampled_from(["\n", "\r\n"]), st.booleans())  # fmt: skip
def test_whoever_is_in_the_list_is_found_and_nobody_else(
    words: set[str], seen: list[int], other: str, end: str, ended: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "pwned.txt")
        file.write_bytes(listed(words, seen, end) + (end.encode() if ended else b""))
        assert all(stands_in(file, digest(word)) for word in words)
        assert stands_in(file, digest(other)) == (other in words)


@given(st.binary(max_size=600))
def test_any_other_file_is_read_or_refused(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "pwned.txt")
        file.write_bytes(data)
        try:
            assert not stands_in(file, digest(PASSWORD))
        except ValueError:
            assert data


def named(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str) -> None:
    monkeypatch.setattr(settings, "DIRECTORY", SimpleNamespace(path=folder, facts={"breached_passwords": name}))


def test_a_breached_password_is_refused_where_node_toml_names_a_list(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "pwned.txt").write_bytes(listed({PASSWORD, "12345"}, [7], "\n"))
    validate_password(PASSWORD)
    named(monkeypatch, tmp_path, "pwned.txt")
    with pytest.raises(ValidationError, match="stolen somewhere"):
        validate_password(PASSWORD)
    validate_password("another horse of the mountain")


@pytest.mark.parametrize("content", [None, b"password1\npassword2\n"])
def test_a_list_that_cannot_be_read_lets_nothing_by(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "pwned.txt").write_bytes(content)
    named(monkeypatch, tmp_path, "pwned.txt")
    with pytest.raises(ValidationError, match="cannot be read"):
        validate_password(PASSWORD)
