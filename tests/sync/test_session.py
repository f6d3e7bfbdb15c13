"""A unit and its hub: whatever the link does, both end with the same, and nothing confirmed is lost."""

from __future__ import annotations

import os

from qafila.clinic.cases.models import Answer, Case, Urgency
from qafila.clinic.visits.models import Attachment, Observation, Visit
from qafila.journal import blobs, check
from qafila.journal.here import Here, at
from qafila.journal.models import Blob, Lane, Quarantine, Record
from qafila.journal.write import writing
from qafila.kernel import clock, ids
from qafila.registry.people.models import Person, PersonName
from qafila.registry.staff.models import Credential, Staff
from qafila.registry.units.models import Assignment, Unit
from qafila.sync import mailbox
from qafila.sync.frames import PRESSING
from qafila.sync.models import Peer, Scope, Upload
from tests.conftest import wipe
from tests.sync.pair import Pair, join, pending, register, serve_unit


def test_records_go_up_and_are_confirmed(pair: Pair) -> None:
    person = register(pair.unit, "0600000001")
    assert pending(pair.unit) == 2
    report = pair.sync().report
    assert report.sent == 2 and pending(pair.unit) == 0
    with at(pair.hub):
        assert Person.objects.get(pk=person.pk).phone == "0600000001"
        assert Scope.objects.filter(person=person.pk, node="U1").exists()
    assert pair.sync().report.sent == 0


def test_what_the_hub_writes_about_a_persons_record_comes_down(pair: Pair) -> None:
    person = register(pair.unit)
    pair.sync()
    with at(pair.hub), writing(None, "person.edit") as write:
        row = Person.objects.get(pk=person.pk)
        row.phone = "0611111111"
        write.save(row)
    pair.sync()
    with at(pair.unit):
        assert Person.objects.get(pk=person.pk).phone == "0611111111"
        assert pending(pair.unit) == 0
    with at(pair.hub):
        assert mailbox.waiting("U1") == 0
    assert pair.sync().report.received == 0


def test_a_person_of_another_unit_does_not_come_down(pair: Pair) -> None:
    register(pair.hub)
    assert pair.sync().report.received == 0


def test_a_case_for_a_unit_brings_the_persons_earlier_records(pair: Pair) -> None:
    unit = serve_unit(pair.hub, "U1")
    person = register(pair.hub, "0622222222")
    pair.sync()
    with at(pair.unit):
        assert Unit.objects.filter(pk=unit.pk).exists() and not Person.objects.exists()
    with at(pair.hub), writing(None, "case.draft") as write:
        write.save(Case(person=person, unit=unit, doctor_id=ids.new(), specialty="cardiology"))
    pair.sync()
    with at(pair.unit):
        assert Person.objects.get(pk=person.pk).phone == "0622222222" and Case.objects.count() == 1


def test_credentials_travel_only_where_their_owner_works(pair: Pair) -> None:
    unit = serve_unit(pair.hub, "U1")
    with at(pair.hub), writing(None, "staff.create") as write:
        crew, other = (write.save(Staff(username=n, name=n)) for n in ("crew", "other"))
        for staff in (crew, other):
            write.save(Credential(staff=staff, password="argon2$synthetic"))
    pair.sync()
    with at(pair.unit):
        assert Staff.objects.count() == 2 and not Credential.objects.exists()
    with at(pair.hub), writing(None, "crew.assign") as write:
        write.save(Assignment(unit=unit, staff=crew, starts=clock.now().date()))
    pair.sync()
    with at(pair.unit):
        assert list(Credential.objects.values_list("staff_id", flat=True)) == [crew.pk]


def test_a_box_that_takes_over_a_unit_gets_its_people(unit: Here, hub: Here) -> None:
    mailbox.connect()
    home = serve_unit(hub, "U0")
    with at(hub), writing(None, "person.register") as write:
        person = write.save(Person(code="MMFE-T48G-2", home_unit=home))
    pair = join(unit, hub)
    with at(hub):
        mailbox.welcome(Peer.objects.get(code="U1"))
    pair.sync()
    with at(unit):
        assert Unit.objects.exists() and not Person.objects.exists()
    with at(hub), writing(None, "box.assign") as write:
        write.save(Assignment(unit=home, node="U1", starts=clock.now().date()))
    pair.sync()
    with at(unit):
        assert Person.objects.filter(pk=person.pk).exists()


def urgent_case(unit: Here) -> tuple[Person, Case]:
    with at(unit):
        with writing(None, "person.register") as write:
            person = write.save(Person(code="MMFE-T48G-2"))
            write.save(PersonName(person=person, script="Latn", given="Amina", family="Synthetic"))
        with writing(None, "visit.open") as write:
            visit = write.save(Visit(person=person, unit_id=ids.new(), day=clock.now().date(), ticket=1))
            write.save(Observation(person=person, visit=visit, code="pulse", number=120, unit="/min"))
        with writing(None, "case.send") as write:
            case = write.save(
                Case(person=person, visit=visit, unit_id=visit.unit_id, doctor_id=ids.new(), specialty="cardiology",
                     status="sent", urgency=Urgency.EMERGENCY)
            )  # fmt: skip
    return person, case


def test_an_urgent_case_overtakes_with_all_that_it_refers_to(pair: Pair) -> None:
    for _ in range(60):
        register(pair.unit)
    person, case = urgent_case(pair.unit)
    with at(pair.unit):
        first = Record.objects.filter(pending=True, lane=Lane.URGENT)
        assert set(first.values_list("patient", flat=True)) == {person.pk} and first.count() == 5
        request = pair.session().next()
        assert request
        assert request.headers == [(PRESSING, "1")]
        pair.ask(request.data)
    with at(pair.hub):
        assert Case.objects.get(pk=case.pk).person.pk == person.pk
        assert Observation.objects.count() == 1 and PersonName.objects.count() == 1


def test_what_is_added_to_an_urgent_case_is_urgent_too(pair: Pair) -> None:
    _, case = urgent_case(pair.unit)
    with at(pair.unit):
        row = blobs.put(os.urandom(500), "application/dicom", case.person_id, Lane.BULK)
        with writing(None, "attachment.add") as write:
            write.save(
                Attachment(person_id=case.person_id, visit_id=case.visit_id, kind_of_file="ecg", media=row.media,
                           sha256=row.sha256, size=row.size)
            )  # fmt: skip
        assert Record.objects.get(kind="clinic.attachment").lane == Lane.URGENT
        assert Blob.objects.get(pk=row.pk).lane == Lane.URGENT


def test_the_answer_comes_before_the_bulk(pair: Pair) -> None:
    person = register(pair.unit)
    pair.sync()
    with at(pair.hub):
        for number in range(30):
            with writing(None, "note") as write:
                write.save(Observation(person=person, code="pulse", number=number, unit="/min"))
        with writing(None, "case.answer") as write:
            write.save(Answer(person=person, case_id=ids.new(), diagnosis="x", certainty="confirmed", plan="y"))
            write.save(Case(person=person, unit_id=ids.new(), doctor_id=ids.new(), specialty="cardiology"))
        numbers, parcels = mailbox.fetch("U1", 100_000)
        assert len(numbers) == 32
        assert b"clinic.answer" in parcels[0].header and b"clinic.case" in parcels[1].header


PICTURE = os.urandom(5 * blobs.CHUNK + 100)


def test_files_go_up_in_chunks_and_small_ones_first(pair: Pair) -> None:
    with at(pair.unit):
        big = blobs.put(PICTURE, "image/jpeg")
        small = blobs.put(b"preview", "image/jpeg")
        session = pair.session()
        for _ in range(5):
            request = session.next()
            assert request
            session.receive(pair.ask(request.data)[1])
        assert Blob.objects.get(pk=small.pk).sent and not Blob.objects.get(pk=big.pk).sent
        assert 0 < Upload.objects.get(pk=big.pk).confirmed < 6
    assert pair.sync().report.chunks_up == 6 - 2
    with at(pair.hub):
        assert blobs.read(big.sha256) == PICTURE
    with at(pair.unit):
        assert Blob.objects.get(pk=big.pk).sent


def test_a_file_of_the_hub_comes_down_where_its_person_is_known(pair: Pair) -> None:
    person, stranger = register(pair.unit), register(pair.hub)
    pair.sync()
    with at(pair.hub):
        for who, data in ((person, PICTURE), (stranger, b"not for this unit")):
            row = blobs.put(data, "image/jpeg", who.pk)
            with writing(None, "attachment.add") as write:
                write.save(
                    Attachment(person=who, kind_of_file="photo", media=row.media, sha256=row.sha256, size=row.size)
                )
    pair.sync()
    with at(pair.unit):
        assert Blob.objects.count() == 1 and blobs.read(Blob.objects.get().sha256) == PICTURE
        import hashlib

        from qafila.sync import files

        files.want(hashlib.sha256(b"not for this unit").hexdigest())
    pair.sync()
    with at(pair.unit):
        assert Blob.objects.filter(complete=True).count() == 1


def test_a_hub_restored_to_an_earlier_state_gets_everything_again(pair: Pair) -> None:
    register(pair.unit)
    pair.sync()
    with at(pair.hub):
        peer = Peer.objects.get()
    register(pair.unit)
    with at(pair.unit):
        blobs.put(PICTURE, "image/jpeg")
    pair.sync()
    wipe(pair.hub.database)
    with at(pair.hub):
        peer.ack_no = 0
        peer.save(force_insert=True)
    pair.hub.run = None
    pair.sync()
    with at(pair.hub):
        assert Person.objects.count() == 2 and Blob.objects.filter(complete=True).count() == 1
    assert pending(pair.unit) == 0


def test_a_unit_restored_to_an_earlier_state_gets_everything_again(pair: Pair) -> None:
    person = register(pair.unit)
    pair.sync()
    with at(pair.hub), writing(None, "person.edit") as write:
        row = Person.objects.get(pk=person.pk)
        row.phone = "0611111111"
        write.save(row)
    pair.sync()
    with at(pair.unit):
        hub = Peer.objects.get()
    wipe(pair.unit.database)
    pair.unit.run = None
    with at(pair.unit):
        hub.ack_no = 0
        hub.save(force_insert=True)
    register(pair.unit)
    pair.sync()
    with at(pair.unit):
        assert Person.objects.get(pk=person.pk).phone == "0611111111" and Person.objects.count() == 2
        assert list(check.problems()) == []
    assert pair.sync().report.received == 0


def test_a_record_that_cannot_be_understood_stops_nothing(pair: Pair) -> None:
    register(pair.unit)
    with at(pair.unit):
        bad = Record.objects.order_by("no").last()
        assert bad
        Record.objects.filter(pk=bad.pk).update(fields=bytes(bad.fields or b"") + b" ")
    register(pair.unit)
    session = pair.sync()
    assert session.report.aside == 1 and pending(pair.unit) == 0
    with at(pair.hub):
        assert Person.objects.count() == 1 and Quarantine.objects.count() == 1
    again = pair.sync()
    assert again.report.sent == 0


def test_a_failing_side_effect_sets_one_record_aside_and_stops_nothing(pair: Pair) -> None:
    from qafila.journal.signals import ingested

    poison = register(pair.unit)
    good = register(pair.unit)

    def stumble(headers: list[object], **kwargs: object) -> None:
        if any(getattr(h, "subject_id", None) == poison.pk for h in headers):
            raise KeyError("a mistake of a later version")

    ingested.connect(stumble)
    try:
        session = pair.sync()
    finally:
        ingested.disconnect(stumble)
    assert session.report.aside == 1
    with at(pair.hub):
        assert set(Person.objects.values_list("pk", flat=True)) == {good.pk} and Quarantine.objects.count() == 1


def test_a_unit_cannot_speak_for_another(pair: Pair) -> None:
    foreign = Here("U9", "unit", database=pair.unit.database, confirmed_by_hub=True)
    register(foreign)
    register(pair.unit)
    assert pair.sync().report.aside == 2
    with at(pair.hub):
        assert Person.objects.count() == 1 and Quarantine.objects.count() == 2


def test_the_same_key_with_another_content_is_an_alarm(pair: Pair) -> None:
    register(pair.unit)
    pair.sync()
    with at(pair.unit):
        record = Record.objects.order_by("no").last()
        assert record
        Record.objects.filter(pk=record.pk).update(pending=True, prev=bytes(32))
    assert pair.sync().report.alarms == 1


def test_frames_come_to_the_size_that_suits_a_thin_link(pair: Pair) -> None:
    for number in range(300):
        register(pair.unit, str(number))
    sizes = []
    with at(pair.unit):
        session = pair.session()
        while (request := session.next()) is not None:
            sizes.append(len(request.data))
            session.receive(pair.ask(request.data)[1])
    assert pending(pair.unit) == 0 and max(sizes) < 9000 and len(sizes) < 15


def test_a_node_that_joins_another_hub_sends_it_everything(pair: Pair) -> None:
    person = register(pair.unit)
    pair.sync()
    wipe(pair.hub.database)
    with at(pair.unit):
        Peer.objects.all().delete()
    other = Here("H2", "hub", directory=pair.hub.directory, database=pair.hub.database)
    moved = join(pair.unit, other)
    moved.sync()
    with at(other):
        assert Person.objects.filter(pk=person.pk).exists()
