"""Sticks between real nodes: whatever way and order they come, both sides end with the same, and nothing is lost."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from qafila.clinic.visits.models import Attachment, Observation
from qafila.journal import blobs, check
from qafila.journal.here import Here, at
from qafila.journal.models import Blob, Quarantine, Record
from qafila.journal.write import writing
from qafila.registry.people.models import Person
from qafila.sync import mailbox, stick
from qafila.sync.models import Mail, Peer, StickMail
from tests.sync.pair import Pair, keys_of, pending, register

PICTURE = os.urandom(3 * blobs.CHUNK + 100)


def put(node: Here, path: Path, **options: object) -> list[stick.Written]:
    with at(node):
        return stick.to_stick(path, **options)  # type: ignore[arg-type]


def read(node: Here, path: Path, clean: bool = False) -> stick.Reading:
    with at(node):
        return stick.from_stick(path, clean=clean)


def trip(pair: Pair, path: Path) -> None:
    """To the hub and back."""
    put(pair.unit, path)
    assert read(pair.hub, path).sound
    put(pair.hub, path)
    assert read(pair.unit, path).sound


def edit(node: Here, person: Person, phone: str) -> None:
    with at(node), writing(None, "person.edit") as write:
        row = Person.objects.get(pk=person.pk)
        row.phone = phone
        write.save(row)


def waiting(pair: Pair) -> int:
    with at(pair.hub):
        return mailbox.waiting(pair.unit.node)


def test_records_go_up_and_are_confirmed_by_the_hubs_stick_alone(pair: Pair, tmp_path: Path) -> None:
    person = register(pair.unit, "0600000001")
    [written] = put(pair.unit, tmp_path)
    assert (written.receiver, written.records, written.left) == ("H", 2, 0)
    assert pending(pair.unit) == 2
    reading = read(pair.hub, tmp_path)
    assert reading.sound and [b.records for b in reading.bundles] == [2]
    with at(pair.hub):
        assert Person.objects.get(pk=person.pk).phone == "0600000001"
    put(pair.hub, tmp_path)
    assert read(pair.unit, tmp_path).bundles[0].confirmed == 2
    assert pending(pair.unit) == 0 and pair.sync().report.sent == 0


def test_mail_comes_down_and_its_acknowledgement_goes_up(pair: Pair, tmp_path: Path) -> None:
    person = register(pair.unit)
    trip(pair, tmp_path)
    edit(pair.hub, person, "0611111111")
    trip(pair, tmp_path)
    with at(pair.unit):
        assert Person.objects.get(pk=person.pk).phone == "0611111111"
        assert StickMail.objects.count() == 1
    assert waiting(pair) == 1
    trip(pair, tmp_path)
    with at(pair.unit):
        assert not StickMail.objects.exists() and Peer.objects.get().ack_no == 1
    assert waiting(pair) == 0
    assert pair.sync().report.received == 0


def test_files_go_up_and_down(pair: Pair, tmp_path: Path) -> None:
    person, stranger = register(pair.unit), register(pair.hub)
    with at(pair.unit):
        own = blobs.put(PICTURE, "image/jpeg", person.pk)
        blobs.put(b"", "image/jpeg")
    trip(pair, tmp_path)
    with at(pair.unit):
        assert not Blob.objects.filter(sent=False).exists()
    with at(pair.hub):
        assert blobs.read(own.sha256) == PICTURE
        for who, data in ((person, PICTURE[7:]), (stranger, b"not for this unit")):
            row = blobs.put(data, "image/jpeg", who.pk)
            with writing(None, "attachment.add") as write:
                write.save(
                    Attachment(person=who, kind_of_file="photo", media=row.media, sha256=row.sha256, size=row.size)
                )
    trip(pair, tmp_path)
    trip(pair, tmp_path)
    with at(pair.unit):
        assert Blob.objects.count() == 3 and not Blob.objects.filter(complete=False).exists()


def test_a_limit_leaves_the_rest_for_the_next_stick(pair: Pair, tmp_path: Path) -> None:
    register(pair.unit)
    with at(pair.unit):
        blobs.put(PICTURE, "image/jpeg")
        blobs.put(b"preview", "image/jpeg")
    [written] = put(pair.unit, tmp_path, limit=20_000)
    assert (written.records, written.files, written.files_left) == (2, 1, 1) and written.bytes < 20_000
    assert read(pair.hub, tmp_path).sound
    put(pair.hub, tmp_path)
    read(pair.unit, tmp_path)
    [written] = put(pair.unit, tmp_path)
    assert (written.records, written.files, written.files_left) == (0, 1, 0)
    [written] = put(pair.unit, tmp_path, limit=1)
    assert (written.files, written.files_left) == (0, 1)


def test_reading_a_stick_twice_or_after_the_network_changes_nothing(pair: Pair, tmp_path: Path) -> None:
    person = register(pair.unit)
    put(pair.unit, tmp_path)
    pair.sync()
    edit(pair.hub, person, "0611111111")
    for _ in range(2):
        assert read(pair.hub, tmp_path).sound
    put(pair.hub, tmp_path)
    pair.sync()
    assert waiting(pair) == 0
    for _ in range(2):
        assert read(pair.unit, tmp_path).sound
    with at(pair.hub):
        before = set(Record.objects.values_list("hash", flat=True))
    trip(pair, tmp_path)
    pair.sync()
    with at(pair.hub):
        assert set(Record.objects.values_list("hash", flat=True)) == before and not Quarantine.objects.exists()
    assert pending(pair.unit) == 0 and waiting(pair) == 0


def test_an_old_stick_after_a_newer_contact_makes_the_hub_send_nothing_again(pair: Pair, tmp_path: Path) -> None:
    person = register(pair.unit)
    put(pair.unit, tmp_path)
    pair.sync()
    edit(pair.hub, person, "0611111111")
    pair.sync()
    with at(pair.unit), writing(None, "person.edit") as write:
        row = Person.objects.get(pk=person.pk)
        row.phone = "0622222222"
        write.save(row)
    pair.sync()
    assert read(pair.hub, tmp_path).sound
    assert waiting(pair) == 0 and pair.sync().report.received == 0
