"""A person's record is erased on every node, and stays so: by network, by stick, after a restore, in any order."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from django.apps import apps
from django.db import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qafila.clinic.visits.models import Attachment, Draft, Note
from qafila.journal import blobs, check, history
from qafila.journal.header import decode
from qafila.journal.here import Here, at
from qafila.journal.ingest import ingest, parcels_of
from qafila.journal.models import Blob, Erased, Quarantine, Read, Record, Recorded
from qafila.journal.write import writing
from qafila.kernel import clock, ids
from qafila.registry.people import keys
from qafila.registry.people.models import MatchKey, NameKey, Person, PersonLink, PersonName
from qafila.registry.units.models import Unit
from qafila.sync import anchors, erasing, restored, stick
from qafila.sync.models import Erasing, Erasure, ErasureReceipt, Look, Mail, Scope
from tests.conftest import wipe
from tests.sync.erased import WORDS, copy, database_bytes, put_back, put_rows, rows, said_in
from tests.sync.moving import visit
from tests.sync.pair import Pair


@pytest.fixture
def person(pair: Pair, south: Unit) -> Person:
    """Somebody of whom much is written, on the unit and on the hub."""
    pair.sync()
    with at(pair.unit):
        with writing(None, "person.register") as write:
            row = write.save(
                Person(code="MMFE-T48G-2", home_unit=south, phone="0699887766", national_id="EX998877",
                       address="by the well")
            )  # fmt: skip
            write.save(PersonName(person=row, script="Latn", given="Zoubidata", family="Erasemesson"))
            child = write.save(Person(code="MMFE-T48G-3", home_unit=south))
            write.save(PersonLink(person=child, other=row, relation="mother", note="seen at night"))
        seen = visit(pair.unit, row, south, closed=True)
        with writing(None, "note.write") as write:
            write.save(Note(person=row, visit=seen, kind_of_note="note", text="souffle étrange"))
            name = blobs.put(b"photo of Zoubidata" * 900, "image/jpeg", row.pk).sha256
            write.save(
                Attachment(person=row, visit=seen, sha256=name, size=16200, media="image/jpeg", kind_of_file="photo")
            )
        Draft.objects.create(staff=ids.new(), form=f"vitals:{row.pk.hex}", data='{"note": "souffle étrange"}')
        Look.objects.create(actor=ids.new(), name="Zoubidata", chosen=row.pk, people=[])
        history.log_read(ids.new(), row.pk, "doctor.visit", "break-glass: Zoubidata is here")
    pair.sync()
    pair.sync()
    with at(pair.hub):
        with writing(None, "person.edit") as write:
            again = Person.objects.get(pk=row.pk)
            again.phone_owner = "Erasemesson"
            write.save(again)
        assert Blob.objects.filter(complete=True).exists()
    return row


@pytest.fixture(autouse=True)
def _connected() -> None:
    keys.connect()


def erase(hub: Here, person: UUID, **more: object) -> Erasure:
    with at(hub):
        with writing(None, "erasure.confirm") as write:
            word = write.save(Erasure(who=person, ground="withdrawn", **more))
        erasing.work()
        return word


def whole(node: Here) -> None:
    with at(node):
        assert [*check.problems(), *anchors.faults(), *blobs.problems()] == []
        assert not Record.objects.filter(patient__in=_gone()).exclude(fields=None).exists()


def _gone() -> set[UUID]:
    return set(Erased.objects.values_list("patient", flat=True)) & set(Erasure.objects.values_list("who", flat=True))


def test_a_record_is_erased_on_every_node_and_each_says_so(pair: Pair, person: Person) -> None:
    before = said_in(pair.unit), said_in(pair.hub)
    assert "journal.record" in before[0] and "registry.personname" in before[1] and "registry.namekey" not in before[0]
    folder = pair.unit.directory
    assert folder and list((folder / "blobs").rglob("*"))
    word = erase(pair.hub, person.pk)
    assert said_in(pair.hub) == {}
    pair.sync()
    pair.sync()
    for node in (pair.unit, pair.hub):
        assert said_in(node) == {}
        whole(node)
        with at(node):
            assert not NameKey.objects.filter(person=person.pk).exists()
            assert not MatchKey.objects.filter(person=person.pk).exists()
            assert not Blob.objects.filter(patient=person.pk).exists() and not Draft.objects.exists()
            assert not Scope.objects.filter(person=person.pk).exists() and Person.objects.count() == 1
            assert Read.objects.filter(patient=person.pk, reason="").exists() or node is pair.hub
        assert node.directory and not [f for f in (node.directory / "blobs").rglob("*") if f.is_file()]
    with at(pair.hub):
        receipts = {r.node: (r.records, r.files) for r in ErasureReceipt.objects.filter(erasure=word.pk)}
        assert set(receipts) == {"H", "U1"} and all(records > 4 and files == 1 for records, files in receipts.values())


def test_what_waits_on_a_unit_goes_up_without_its_fields(pair: Pair, person: Person) -> None:
    with at(pair.unit), writing(None, "person.edit") as write:
        row = Person.objects.get(pk=person.pk)
        row.address = "by the well, second door"
        write.save(row)
    erase(pair.hub, person.pk)
    with at(pair.hub):
        count = Record.objects.filter(patient=person.pk).count()
    # The unit sends before it hears.
    pair.sync()
    pair.sync()
    with at(pair.hub):
        assert Record.objects.filter(patient=person.pk).count() > count
    for node in (pair.unit, pair.hub):
        assert said_in(node) == {}
        whole(node)


def test_written_by_a_page_that_was_open_it_is_taken_away_again(pair: Pair, person: Person) -> None:
    erase(pair.hub, person.pk)
    pair.sync()
    with at(pair.unit):
        with writing(None, "note.write") as write:
            write.save(Note(person=person, kind_of_note="note", text="souffle étrange"))
        assert "journal.record" in said_in(pair.unit)
        erasing.work()
    assert said_in(pair.unit) == {}
    pair.sync()
    for node in (pair.unit, pair.hub):
        whole(node)


def test_the_same_person_can_be_registered_anew(pair: Pair, south: Unit, person: Person) -> None:
    erase(pair.hub, person.pk)
    pair.sync()
    with at(pair.unit), writing(None, "person.register") as write:
        again = write.save(Person(code="MMFE-T48G-4", home_unit=south, national_id="EX998877"))
        write.save(PersonName(person=again, script="Latn", given="Zoubidata", family="Erasemesson"))
    pair.sync()
    for node in (pair.unit, pair.hub):
        with at(node):
            erasing.work()
            assert Person.objects.get(pk=again.pk).national_id == "EX998877"
            assert PersonName.objects.filter(person=again).count() == 1
        whole(node)


def test_a_unit_restored_from_before_holds_nothing_after_one_contact(pair: Pair, person: Person) -> None:
    kept = copy(pair.unit)
    erase(pair.hub, person.pk)
    pair.sync()
    pair.sync()
    put_back(pair.unit, kept)
    assert "registry.personname" in said_in(pair.unit)
    pair.sync()
    pair.sync()
    for node in (pair.unit, pair.hub):
        assert said_in(node) == {}
        whole(node)


def test_a_restore_reads_the_list_that_lies_beside_the_backups(pair: Pair, person: Person, tmp_path: Path) -> None:
    kept = copy(pair.unit)
    erase(pair.hub, person.pk)
    pair.sync()
    with at(pair.unit):
        assert erasing.write_list(tmp_path / "erased.list") == 1
    assert not any(w.encode() in (tmp_path / "erased.list").read_bytes() for w in WORDS)
    put_back(pair.unit, kept)
    with at(pair.unit):
        kept_words = (tmp_path / "erased.list").read_bytes()
        (tmp_path / "erased.list").write_bytes(kept_words + b'\nnonsense\n["00"]\n')
        assert erasing.read_list(tmp_path / "erased.list") == 1
    assert said_in(pair.unit) == {}
    pair.sync()
    for node in (pair.unit, pair.hub):
        whole(node)


def test_a_hub_restored_from_before_is_told_by_its_unit(pair: Pair, person: Person) -> None:
    with at(pair.hub):
        restored.life()
    pair.sync()
    kept = rows(pair.hub)
    erase(pair.hub, person.pk)
    pair.sync()
    pair.sync()
    put_rows(pair.hub, kept)
    with at(pair.hub):
        restored.open_life()
        assert "registry.personname" in said_in(pair.hub)
    for _ in range(3):
        pair.sync()
    with at(pair.hub):
        erasing.work()
    assert said_in(pair.hub) == {} and said_in(pair.unit) == {}
    for node in (pair.unit, pair.hub):
        whole(node)


def test_a_stick_written_before_brings_nothing_back(pair: Pair, person: Person, tmp_path: Path) -> None:
    with at(pair.hub):
        Mail.objects.filter(to="U1").update(acked=None)
        stick.to_stick(tmp_path, receiver="U1")
    erase(pair.hub, person.pk)
    pair.sync()
    pair.sync()
    with at(pair.unit):
        assert stick.from_stick(tmp_path).sound
    assert said_in(pair.unit) == {}
    whole(pair.unit)


def test_records_come_in_emptied_in_any_order_and_a_unit_is_not_believed(pair: Pair, person: Person) -> None:
    with at(pair.unit):
        parcels = parcels_of(Record.objects.order_by("no"))
        bad = next(p for p in parcels if decode(p.header).patient_id == person.pk)
    erase(pair.hub, person.pk)
    with at(pair.hub):
        ingest(parcels[::-1], "U1")
        # What does not fit is set aside, and that without its fields.
        ingest([type(bad)(bad.header, b'{"address":"by the well"}', bad.salt, bad.lane, bad.prev)], "U1")
        assert Quarantine.objects.count() == 1
    assert said_in(pair.hub) == {}
    whole(pair.hub)
    with at(pair.unit):
        with writing(None, "erasure.confirm") as write:
            write.save(Erasure(who=ids.new(), ground="withdrawn"))
        assert erasing.work() == 0 and not Erasing.objects.exists()


def test_some_rows_alone(pair: Pair, person: Person) -> None:
    with at(pair.hub):
        note, photo = Note.objects.get(), Attachment.objects.get()
    erase(pair.hub, person.pk, rows=[note.pk.hex, photo.pk.hex])
    pair.sync()
    pair.sync()
    for node in (pair.unit, pair.hub):
        with at(node):
            assert Person.objects.filter(pk=person.pk).exists() and not Note.objects.exists()
            assert not Attachment.objects.exists() and not Blob.objects.filter(patient=person.pk).exists()
            assert NameKey.objects.filter(person=person.pk).exists()
            assert [*check.problems(), *blobs.problems()] == []
        assert not any("souffle étrange" in words for words in said_in(node).values())


HARMLESS = {
    "clinic.draft": "by the signal `forgotten`", "clinic.summed": "numbers",
    "clinic.nearby": "devices", "clinic.pairing": "devices", "clinic.radio": "devices",
    "exchange.commitment": "numbers of objects", "exchange.peer": "devices",
    "journal.anchor": "hashes", "journal.blob": "by `drop_files`", "journal.clash": "by `emptying`",
    "journal.erased": "the list itself", "journal.folded": "kinds", "journal.quarantine": "by `emptying`",
    "journal.read": "its reason goes; that somebody looked stays", "journal.record": "by `emptying`",
    "journal.run": "hashes", "node.job": "names of jobs", "office.release": "counts; small ones never leave the hub",
    "registry.identity": "staff", "registry.nameshare": "counts of many people", "registry.secondfactor": "staff",
    "registry.pin": "staff", "sync.aside": "numbers", "sync.asked": "ids: who asked is kept", "sync.backup": "numbers",
    "sync.clockword": "staff", "sync.covered": "numbers", "sync.enrolmentcode": "nodes", "sync.erasing": "ids",
    "sync.fork": "numbers", "sync.lease": "seconds",
    "sync.leave": "ids: what the hub said", "sync.life": "numbers", "sync.linkchoice": "staff",
    "sync.linkday": "bytes", "sync.look": "by `erasing`", "sync.mail": "numbers", "sync.peer": "nodes",
    "sync.scope": "by `erasing`", "sync.stickmail": "numbers", "sync.tally": "counts", "web.failure": "log-in",
    "web.loginsession": "ids, gone at the end of the shift",
    "web.once": "tokens and addresses with ids",
}  # fmt: skip
"""Local tables of which an erasure takes nothing by `BESIDE`, and why."""


def test_every_local_table_is_judged() -> None:
    local = {
        m._meta.label_lower
        for m in apps.get_models()
        if m.__module__.startswith("qafila.") and not issubclass(m, Recorded)
    }
    judged = set(erasing.BESIDE) | set(HARMLESS)
    assert local <= judged, f"say what an erasure does with: {sorted(local - judged)}"
    for table, fields in erasing.BESIDE.items():
        names = {f.attname for f in apps.get_model(table)._meta.concrete_fields}
        assert set(fields) <= names and set(fields.values()) <= {"person", "row", "file", "code"}


def test_nothing_is_left_in_the_database_files(pair: Pair, person: Person) -> None:
    for node in (pair.unit, pair.hub):
        # What PostgreSQL knows of a column are values of its rows. Nothing of ours asks SQLite to know any.
        if connections[node.database].vendor == "postgresql":
            connections[node.database].cursor().execute("ANALYZE")
    erase(pair.hub, person.pk)
    pair.sync()
    pair.sync()
    for node in (pair.unit, pair.hub):
        with at(node):
            purged()
            raw = database_bytes(node)
            assert not [w for w in WORDS if w.encode() in raw]


def purged() -> None:
    """The job has come often enough: PostgreSQL's own analysis of a table may be looking at it in between."""
    end = clock.monotonic() + 60
    while erasing.work() or Erasing.objects.filter(purged_at=None).exists():
        assert clock.monotonic() < end, "something is not purged"


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_erased_stays_erased_in_any_order_and_repetition(trio: list[Here], data: st.DataObject) -> None:
    here, there = trio[0], trio[1]
    wipe(here.database)
    wipe(there.database)
    here.run = there.run = None
    with at(here):
        with writing(None, "person.register") as write:
            gone, stays = (write.save(Person(code="MMFE-T48G-2", phone="0699887766")) for _ in range(2))
            for who in (gone, stays, gone):
                write.save(PersonName(person=who, script="Latn", given="Zoubidata"))
        with writing(None, "person.edit") as write:
            for who in (gone, stays):
                row = Person.objects.get(pk=who.pk)
                row.address = "by the well"
                write.save(row)
        parcels = parcels_of(Record.objects.order_by("seq"))
    places = data.draw(st.lists(st.integers(0, len(parcels) - 1), max_size=12)) + list(range(len(parcels)))
    order = data.draw(st.permutations(places))
    moment = data.draw(st.integers(0, len(order)))
    with at(there):
        for place, number in enumerate([*order, None]):
            if place == moment:
                with writing(None, "erasure.confirm") as write:
                    write.save(Erasure(who=gone.pk, ground="ordered"))
                if data.draw(st.booleans()):
                    erasing.work()
            if number is not None:
                ingest([parcels[number]], "N0")
        erasing.work()
        assert not Record.objects.filter(patient=gone.pk).exclude(fields=None).exists()
        assert Record.objects.filter(patient=gone.pk).count() == 4 and not Person.objects.filter(pk=gone.pk).exists()
        kept = Person.objects.get(pk=stays.pk)
        assert kept.address == "by the well" and PersonName.objects.get().person_id == stays.pk
        assert list(check.problems()) == [] and not Record.objects.filter(applied=False).exists()
