"""A hub that went back to a backup: what it lost comes back, and nothing is dropped too early."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections, transaction

from qafila.journal import blobs, check, lives
from qafila.journal.here import Here, at
from qafila.journal.ingest import ingest, parcels_of
from qafila.journal.models import Blob, Quarantine, Record, Run
from qafila.journal.write import writing
from qafila.registry.people.models import Person
from qafila.sync import keeping, mailbox, restored
from qafila.sync.models import Fork, Life, Peer
from tests.conftest import wipe
from tests.sync.pair import Pair, join, pending, register

PICTURE = bytes(range(256)) * 200


class Restore:
    """The hub's database as it was, in the simplest manner: its file."""

    def __init__(self, hub: Here, folder: Path) -> None:
        self.hub, self.copy = hub, folder / "backup.db"
        self.file = str(connections[hub.database].settings_dict["NAME"])

    def back_up(self) -> int:
        with at(self.hub):
            number = restored.begin_backup()
        connections[self.hub.database].cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(self.file, self.copy)
        return number

    def restore(self) -> None:
        connections[self.hub.database].close()
        for suffix in ("-wal", "-shm"):
            Path(self.file + suffix).unlink(missing_ok=True)
        shutil.copy(self.copy, self.file)
        with at(self.hub):
            restored.open_life()


@pytest.fixture
def two(unit: Here, hub: Here) -> Iterator[Pair]:
    yield join(unit, hub)
    mailbox.disconnect()


@pytest.fixture
def disaster(two: Pair, tmp_path: Path) -> Restore:
    return Restore(two.hub, tmp_path)


def edit(node: Here, person: Person, phone: str) -> None:
    with at(node), writing(None, "person.edit") as write:
        row = Person.objects.get(pk=person.pk)
        row.phone = phone
        write.save(row)


def whole(*nodes: Here) -> None:
    for node in nodes:
        with at(node):
            assert list(check.problems()) == []


def test_a_file_of_which_the_backup_has_the_record_alone(two: Pair, disaster: Restore) -> None:
    register(two.unit)
    two.sync()
    with at(two.unit):
        row = blobs.put(PICTURE, "image/jpeg")
    disaster.back_up()
    two.sync()
    assert two.hub.directory
    disaster.restore()
    with at(two.hub):
        assert not blobs.have(row.sha256)
    two.sync()
    with at(two.hub):
        assert blobs.read(row.sha256) == PICTURE
    assert two.sync().report.chunks_up == 0


def test_what_was_set_aside_after_the_backup(two: Pair, disaster: Restore) -> None:
    two.sync()
    disaster.back_up()
    register(two.unit)
    with at(two.unit):
        bad = Record.objects.order_by("no").last()
        assert bad
        Record.objects.filter(pk=bad.pk).update(fields=bytes(bad.fields or b"") + b" ")
    assert two.sync().report.aside == 1
    disaster.restore()
    assert two.sync().report.aside == 1 and two.sync().report.aside == 0
    with at(two.hub):
        assert Quarantine.objects.count() == 1


def test_what_the_hub_wrote_and_lost_comes_back_from_the_unit(two: Pair, disaster: Restore) -> None:
    person = register(two.unit)
    two.sync()
    edit(two.hub, person, "0611111111")
    two.sync()
    disaster.back_up()
    # In the run that the backup knows, and in another one.
    edit(two.hub, person, "0622222222")
    with at(two.hub):
        lives.seal(two.hub)
    edit(two.hub, person, "0633333333")
    two.sync()
    disaster.restore()
    with at(two.hub):
        assert Person.objects.get(pk=person.pk).phone == "0611111111"
    assert two.sync().report.sent == 2, "of the run that the backup knows what is lost alone"
    with at(two.hub):
        assert Person.objects.get(pk=person.pk).phone == "0633333333"
        assert not Quarantine.objects.exists()
    edit(two.hub, person, "0644444444")
    two.sync()
    with at(two.unit):
        assert Person.objects.get(pk=person.pk).phone == "0644444444" and not Quarantine.objects.exists()
    whole(two.unit, two.hub)
    assert two.sync().report.sent == 0 and pending(two.unit) == 0


def test_mail_that_the_restored_hub_believes_to_be_there_is_compared(two: Pair, disaster: Restore) -> None:
    """A clone acknowledged it, this box has taken the number over and has never seen the mail."""
    person = register(two.unit)
    two.sync()
    edit(two.hub, person, "0611111111")
    with at(two.hub):
        peer = Peer.objects.get()
        mailbox.acknowledge(peer, mailbox.fetch("U1", 10_000)[0])
        number = peer.ack_no
    disaster.back_up()
    with at(two.unit):
        Peer.objects.update(ack_no=number)
    disaster.restore()
    two.sync()
    with at(two.unit):
        assert Person.objects.get(pk=person.pk).phone == "0611111111"


def test_nobody_gives_a_hub_records_of_others_that_was_never_restored(two: Pair) -> None:
    foreign = Here("U9", "unit", database=two.unit.database, confirmed_by_hub=True)
    register(foreign)
    assert two.sync().report.aside == 2
    with at(two.hub):
        assert not Person.objects.exists() and Life.objects.count() == 1


def test_a_restored_hub_believes_nobody_about_a_run_in_which_it_writes(two: Pair, disaster: Restore) -> None:
    two.sync()
    disaster.back_up()
    disaster.restore()
    register(two.hub)
    with at(two.hub):
        run = Run.objects.get(node="H", sealed__isnull=True).run
    forger = Here("H", "unit", database=two.unit.database, confirmed_by_hub=True)
    forger.run, forger.run_pid = None, 0
    register(forger)
    with at(two.unit):
        told = list(Record.objects.filter(node="H"))
        for record in told:
            header = bytes(record.header).replace(f",{record.run},".encode(), f",{run},".encode(), 1)
            Record.objects.filter(pk=record.pk).update(header=header, run=run)
    assert two.sync().report.aside == len(told)
    with at(two.hub):
        assert Person.objects.count() == 1


def test_nothing_is_safe_to_drop_before_a_backup_stands(two: Pair) -> None:
    register(two.unit)
    with at(two.unit):
        row = blobs.put(PICTURE, "image/jpeg")
        numbers = list(Record.objects.values_list("no", flat=True))

    def safe() -> tuple[bool, bool]:
        with at(two.unit):
            return keeping.safe_to_drop(numbers), keeping.safe_to_drop(files=[row.sha256])

    assert safe() == (False, False), "nothing was sent"
    two.sync()
    assert safe() == (False, False), "it is on the hub's disk alone"
    with at(two.hub):
        early = restored.begin_backup()
        assert restored.backup_stands(early) and not restored.backup_stands(99)
    two.sync()
    assert safe() == (False, False), "that backup may have begun before they came"
    with at(two.hub):
        number = restored.begin_backup()
    two.sync()
    assert safe() == (False, False), "that backup may have failed"
    with at(two.hub):
        restored.backup_stands(number)
    two.sync()
    assert safe() == (True, True)
    register(two.unit)
    with at(two.unit):
        assert not keeping.safe_to_drop(Record.objects.values_list("no", flat=True))
        assert keeping.safe_to_drop(numbers)
        Record.objects.filter(pk=numbers[0]).update(pending=True)
        assert not keeping.safe_to_drop(numbers)
    with at(two.hub):
        assert not keeping.safe_to_drop(numbers), "a hub drops nothing"


def test_a_restore_takes_back_what_later_backups_covered(two: Pair, disaster: Restore) -> None:
    with at(two.unit):
        early = blobs.put(b"early", "image/jpeg").sha256
    two.sync()
    two.sync()
    disaster.back_up()
    two.sync()
    with at(two.unit):
        late = blobs.put(b"late", "image/jpeg").sha256
    for _ in range(2):
        two.sync()
    with at(two.hub):
        restored.backup_stands(restored.begin_backup())
    two.sync()
    with at(two.unit):
        assert keeping.safe_to_drop(files=[early, late])
    disaster.restore()
    with at(two.hub):
        # Of the number of one that was lost, and without what only that one had.
        restored.backup_stands(restored.begin_backup())
    report = two.sync().report
    assert report.chunks_up == 1, "what the backup has is not sent again"
    with at(two.unit):
        assert keeping.safe_to_drop(files=[early]) and not keeping.safe_to_drop(files=[late])
        assert Blob.objects.get(pk=late).sent
    with at(two.hub):
        assert blobs.have(late)


def test_what_a_third_unit_has_of_two_machines_with_one_memory_comes_out(two: Pair) -> None:
    """The hub lost the records of one, heard the other, lacks a part of the run: totals of the whole say nothing."""
    two.sync()
    wipe("n2")
    other = Here("U9", "unit", database="n2", confirmed_by_hub=True)
    register(other, "1")
    with at(other):
        with transaction.atomic(using="n2"):
            ours = register(other, "heard by the hub")
            at_the_hub = parcels_of(Record.objects.order_by("seq"))
            transaction.set_rollback(True, using="n2")
        theirs, late = register(other, "heard by the third"), register(other, "late")
        at_the_unit = parcels_of(Record.objects.order_by("seq"))
    with at(two.hub):
        assert not ingest(at_the_hub, "U9").aside
        restored.open_life()
    with at(two.unit):
        assert not ingest(at_the_unit, "H").aside
    two.sync()
    for node, kept, aside in ((two.hub, ours, theirs), (two.unit, theirs, ours)):
        with at(node):
            assert Person.objects.filter(pk=kept.pk).exists() and Person.objects.filter(pk=late.pk).exists()
            assert aside.pk.hex.encode().hex() in bytes(Quarantine.objects.get(node="U9").raw).decode()
    assert two.sync().report.sent == 0 and two.sync().report.received == 0


def test_two_machines_with_one_memory_are_told_apart(two: Pair, tmp_path: Path) -> None:
    register(two.unit, "1")
    two.sync()
    wipe("n2")
    connections["default"].cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(str(connections["default"].settings_dict["NAME"]), str(connections["n2"].settings_dict["NAME"]))
    twin = Here("U1", "unit", directory=two.unit.directory, database="n2", confirmed_by_hub=True)
    twin.run, twin.run_pid = two.unit.run, two.unit.run_pid
    first, second = register(two.unit, "first"), register(twin, "second")
    two.sync()
    other = Pair(twin, two.hub)
    # A greeting alone must not take the other's record for one's own.
    other.sync()
    with at(two.hub):
        assert Person.objects.filter(pk=first.pk).exists() and Quarantine.objects.filter(node="U1").count() == 1
    third = register(twin, "third")
    other.sync()
    other.sync()
    with at(twin):
        assert Person.objects.filter(pk=second.pk).exists() and Run.objects.filter(sealed__isnull=True).count() == 1
        assert Fork.objects.count() == 1 and not Record.objects.filter(pending=True).exists()
    with at(two.hub):
        assert Person.objects.filter(pk=third.pk).exists()
    assert other.sync().report.sent == 0
