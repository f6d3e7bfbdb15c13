"""Sticks between real nodes: whatever way and order they come, both sides end with the same, and nothing is lost."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from django.utils import translation

from qafila.clinic.visits.models import Attachment
from qafila.journal import blobs, check
from qafila.journal.here import Here, at
from qafila.journal.models import Blob, Quarantine, Record
from qafila.journal.write import writing
from qafila.registry.people.models import Person
from qafila.sync import mailbox, stick
from qafila.sync.models import Aside, Peer, StickMail
from tests.sync.pair import Pair, pending, register
from tests.sync.usb import put, read, restore, save, trip

PICTURE = os.urandom(3 * blobs.CHUNK + 100)


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
        assert not StickMail.objects.exists()
        confirmed = Peer.objects.get().ack_no
    with at(pair.hub):
        assert Peer.objects.get().ack_no == confirmed > 0
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


def test_two_sticks_that_overtake_each_other_make_the_hub_send_nothing_again(pair: Pair, tmp_path: Path) -> None:
    slow, fast = tmp_path / "slow", tmp_path / "fast"
    slow.mkdir()
    fast.mkdir()
    person = register(pair.unit)
    pair.sync()
    edit(pair.hub, person, "0611111111")
    put(pair.unit, slow)
    put(pair.hub, fast, receiver="U1")
    read(pair.unit, fast)
    put(pair.unit, fast)
    for path in (fast, slow, fast):
        assert read(pair.hub, path).sound and waiting(pair) == 0


def test_a_receipt_that_the_network_has_overtaken_sets_nothing_back(pair: Pair, tmp_path: Path) -> None:
    person = register(pair.unit)
    pair.sync()
    edit(pair.hub, person, "0611111111")
    put(pair.hub, tmp_path, receiver="U1")
    read(pair.unit, tmp_path)
    put(pair.unit, tmp_path)
    read(pair.hub, tmp_path)
    put(pair.hub, tmp_path)
    edit(pair.hub, person, "0622222222")
    pair.sync()
    with at(pair.unit):
        before = Peer.objects.get().ack_no
    read(pair.unit, tmp_path)
    with at(pair.unit):
        assert Peer.objects.get().ack_no == before
    assert pair.sync().report.received == 0


def test_what_could_not_be_understood_is_confirmed_all_the_same(pair: Pair, tmp_path: Path) -> None:
    register(pair.unit)
    with at(pair.unit):
        bad = Record.objects.order_by("no").last()
        assert bad
        Record.objects.filter(pk=bad.pk).update(fields=bytes(bad.fields or b"") + b" ")
    put(pair.unit, tmp_path)
    assert read(pair.hub, tmp_path).bundles[0].aside == 1
    put(pair.hub, tmp_path)
    read(pair.unit, tmp_path)
    assert pending(pair.unit) == 0
    with at(pair.unit):
        assert Aside.objects.count() == 1
    session = pair.sync()
    assert session.report.sent == 0 and session.greeted


def test_a_unit_cannot_speak_for_another_by_stick(pair: Pair, tmp_path: Path) -> None:
    foreign = Here("U9", "unit", database=pair.unit.database, confirmed_by_hub=True)
    register(foreign)
    register(pair.unit)
    put(pair.unit, tmp_path)
    assert read(pair.hub, tmp_path).bundles[0].aside == 2
    with at(pair.hub):
        assert Person.objects.count() == 1 and Quarantine.objects.count() == 2


def test_a_restored_unit_gets_again_what_it_had_acknowledged_by_stick(pair: Pair, tmp_path: Path) -> None:
    backup, usb, old = tmp_path / "backup", tmp_path / "usb", tmp_path / "old"
    usb.mkdir()
    person = register(pair.unit)
    trip(pair, usb)
    save(pair.unit, backup)
    edit(pair.hub, person, "0611111111")
    trip(pair, usb)
    extra = register(pair.unit)
    trip(pair, usb)
    assert waiting(pair) == 0
    shutil.copytree(usb, old)
    restore(pair.unit, backup)
    # A receipt for what this life of the unit never had must not make it claim to have it.
    shutil.rmtree(usb / "qafila" / "H")
    register(pair.unit)
    trip(pair, usb)
    with at(pair.unit):
        assert {p.pk for p in Person.objects.all()} > {person.pk, extra.pk}
        assert Person.objects.get(pk=person.pk).phone == "0611111111" and list(check.problems()) == []
    trip(pair, usb)
    assert waiting(pair) == 0 and pending(pair.unit) == 0
    assert pair.sync().report.received == 0


@pytest.mark.parametrize("rounds", [1, 2])
def test_a_restored_unit_does_not_believe_receipts_of_its_later_life(pair: Pair, tmp_path: Path, rounds: int) -> None:
    backup = tmp_path / "backup"
    person = register(pair.unit)
    pair.sync()
    save(pair.unit, backup)
    for number in range(rounds):
        edit(pair.hub, person, str(number))
        put(pair.hub, tmp_path, receiver="U1")
        read(pair.unit, tmp_path)
        put(pair.unit, tmp_path)
        read(pair.hub, tmp_path)
    put(pair.hub, tmp_path)
    receipts = max((tmp_path / "qafila" / "U1").iterdir())
    for file in (tmp_path / "qafila" / "U1").iterdir():
        if file != receipts:
            file.unlink()
    restore(pair.unit, backup)
    read(pair.unit, tmp_path)
    with at(pair.unit):
        assert Peer.objects.get().ack_no == 0
    pair.sync()
    with at(pair.unit):
        assert Person.objects.get(pk=person.pk).phone == str(rounds - 1)


def test_a_restored_hub_gets_everything_again_and_numbers_given_anew_acknowledge_nothing(
    pair: Pair, tmp_path: Path
) -> None:
    if pair.hub.database.startswith("pg"):
        return
    backup, usb = tmp_path / "backup", tmp_path / "usb"
    usb.mkdir()
    person = register(pair.unit)
    with at(pair.unit):
        blobs.put(PICTURE, "image/jpeg")
    trip(pair, usb)
    save(pair.hub, backup)
    extra = register(pair.unit)
    edit(pair.hub, person, "0611111111")
    trip(pair, usb)
    assert pending(pair.unit) == 0
    restore(pair.hub, backup)
    edit(pair.hub, person, "0622222222")
    shutil.rmtree(usb / "qafila")
    for _ in range(3):
        trip(pair, usb)
    with at(pair.hub):
        assert Person.objects.filter(pk=extra.pk).exists() and list(check.problems()) == []
    with at(pair.unit):
        assert Person.objects.get(pk=person.pk).phone == "0622222222"
        assert not Blob.objects.filter(sent=False).exists()
    assert waiting(pair) == 0 and pending(pair.unit) == 0


def test_one_stick_carries_for_many_and_any_vehicle_carries_it(pair: Pair, other: Pair, tmp_path: Path) -> None:
    one, two = register(pair.unit), register(other.unit)
    put(pair.unit, tmp_path)
    put(other.unit, tmp_path)
    with translation.override("en"):
        said = read(other.unit, tmp_path)
        assert not said.sound and "2 bundles for H stay on the stick" in str(said)
    assert len(read(pair.hub, tmp_path).bundles) == 2
    with at(pair.hub):
        assert set(Person.objects.values_list("pk", flat=True)) == {one.pk, two.pk}
    assert {w.receiver for w in put(pair.hub, tmp_path)} == {"U1", "U2"}
    said = read(pair.unit, tmp_path, clean=True)
    # Its own bundle and the hub's for it; what is the other unit's stays.
    assert said.sound and len(said.removed) == 2 and said.carried == {"H": 1, "U2": 1}
    assert read(other.unit, tmp_path, clean=True).sound
    assert pending(pair.unit) == pending(other.unit) == 0
    assert not list(tmp_path.rglob("*.qfb"))


def test_a_hub_writes_for_whom_it_is_told(pair: Pair, other: Pair, tmp_path: Path) -> None:
    with pytest.raises(stick.StickError) as refused:
        put(pair.hub, tmp_path)
    assert refused.value.reason == "nobody"
    assert [w.receiver for w in put(pair.hub, tmp_path, receiver="U2")] == ["U2"]
    assert [w.receiver for w in put(pair.hub, tmp_path, receiver="all")] == ["U1", "U2"]
    with at(pair.hub):
        Peer.objects.filter(code="U2").update(revoked=True)
    with pytest.raises(stick.StickError) as refused:
        put(pair.hub, tmp_path, receiver="U2")
    assert refused.value.reason == "unknown_node"
