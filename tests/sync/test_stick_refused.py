"""A stick that is not wholly sound, or not ours, or full: a clear word, and nothing of it is used."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from qafila.journal import blobs
from qafila.journal.here import Here, at
from qafila.journal.models import Blob, Quarantine, Record
from qafila.registry.people.models import Person
from qafila.sync import bundle, stick
from qafila.sync.models import Peer
from tests.sync.pair import Pair, pending, register
from tests.sync.usb import put, read, trip


def nothing_taken(pair: Pair) -> bool:
    with at(pair.hub):
        return not (Record.objects.exists() or Quarantine.objects.exists() or Blob.objects.exists()
                    or Peer.objects.exclude(heard=b"").exists())  # fmt: skip


def bundle_of(path: Path) -> Path:
    [file] = path.rglob("*.qfb")
    return file


def test_a_stick_that_was_tampered_with_imports_nothing(pair: Pair, tmp_path: Path) -> None:
    register(pair.unit)
    put(pair.unit, tmp_path)
    file = bundle_of(tmp_path)
    whole = file.read_bytes()
    for bit in range(0, 8 * len(whole), 61):
        spoilt = bytearray(whole)
        spoilt[bit >> 3] ^= 1 << (bit & 7)
        file.write_bytes(spoilt)
        said = read(pair.hub, tmp_path)
        assert not said.sound and str(said)
    for cut in range(0, len(whole), 23):
        file.write_bytes(whole[:cut])
        assert not read(pair.hub, tmp_path).sound
    assert nothing_taken(pair)
    file.write_bytes(whole)
    assert read(pair.hub, tmp_path).sound


def refusal(pair: Pair, path: Path) -> list[str]:
    said = read(pair.hub, path)
    assert not said.sound and nothing_taken(pair)
    return [b.reason for b in said.bundles]


def test_a_foreign_stick_imports_nothing_and_says_why(pair: Pair, other: Pair, tmp_path: Path) -> None:
    register(pair.unit)
    put(pair.unit, tmp_path)
    with at(pair.hub):
        Peer.objects.filter(code="U1").update(revoked=True)
        assert refusal(pair, tmp_path) == ["revoked"]
        Peer.objects.filter(code="U1").update(revoked=False, code="U3")
        Peer.objects.filter(code="U1").delete()
        assert refusal(pair, tmp_path) == ["unknown_sender"]
        Peer.objects.filter(code="U2").update(code="U1")
        # Another box under that code, of another jurisdiction say.
        assert refusal(pair, tmp_path) == ["altered"]
    keys = (pair.hub.directory or tmp_path) / "keys"
    (keys / "sealing.pem").rename(keys / "sealing.old")
    assert refusal(pair, tmp_path) == ["other_key"]
    with at(Here("H2", "hub", directory=pair.hub.directory, database=pair.hub.database)):
        said = stick.from_stick(tmp_path)
        assert not said.bundles and said.carried == {"H": 1} and not said.sound


def test_what_is_no_bundle_is_refused(pair: Pair, tmp_path: Path) -> None:
    assert not read(pair.hub, tmp_path).sound
    folder = tmp_path / "qafila" / "H"
    folder.mkdir(parents=True)
    (folder / "a.qfb").write_text("a letter")
    (folder / "b.qfb").mkdir()
    os.mkfifo(folder / "c.qfb")
    (folder / "d.qfb").symlink_to("/etc/passwd")
    (folder / "e.qfb").touch()
    (folder / "readme.txt").write_text("not looked at")
    said = read(pair.hub, tmp_path)
    assert not said.sound and len(said.unknown) == 5 and nothing_taken(pair)
    with pytest.raises(stick.StickError) as refused:
        read(pair.hub, tmp_path / "nowhere")
    assert refused.value.reason == "no_stick" and str(refused.value)


def test_a_sound_bundle_is_taken_beside_a_damaged_one(pair: Pair, other: Pair, tmp_path: Path) -> None:
    register(other.unit)
    put(other.unit, tmp_path)
    file = bundle_of(tmp_path)
    file.write_bytes(file.read_bytes()[:-5])
    person = register(pair.unit)
    put(pair.unit, tmp_path)
    said = read(pair.hub, tmp_path)
    assert sorted(b.reason for b in said.bundles) == ["", "truncated"] and not said.sound
    with at(pair.hub):
        assert list(Person.objects.values_list("pk", flat=True)) == [person.pk]


def test_a_full_stick_gets_no_half_bundle(pair: Pair, tmp_path: Path) -> None:
    register(pair.unit)
    with at(pair.unit):
        blobs.put(os.urandom(300_000), "image/jpeg")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, hard))
    try:
        with pytest.raises(stick.StickError) as refused:
            put(pair.unit, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert refused.value.reason == "full" and str(refused.value)
    assert not [f for f in (tmp_path / "qafila").rglob("*") if f.is_file()]
    trip(pair, tmp_path)
    assert pending(pair.unit) == 0


def test_a_hub_whose_disk_is_full_confirms_nothing(pair: Pair, tmp_path: Path) -> None:
    if pair.hub.database.startswith("pg"):
        return
    register(pair.unit)
    put(pair.unit, tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, hard))
    try:
        assert refusal(pair, tmp_path) == ["disk"]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    trip(pair, tmp_path)
    assert pending(pair.unit) == 0


def test_every_reason_has_words() -> None:
    for words in (*stick.REASONS.values(), *bundle.REASONS.values()):
        assert str(words).endswith((".", "?"))
