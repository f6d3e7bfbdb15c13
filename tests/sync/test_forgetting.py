"""A unit forgets whom it does not need any more, and nothing that is here alone; the receipt comes back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from qafila.clinic.cases.models import Case
from qafila.clinic.visits.models import Attachment, Draft
from qafila.journal import blobs, check
from qafila.journal.here import Here, at, here
from qafila.journal.models import Blob, Record
from qafila.journal.ranges import holds as in_ranges
from qafila.journal.write import writing
from qafila.kernel import clock, ids
from qafila.registry.people.models import Person, PersonLink
from qafila.registry.units.models import Assignment, Unit
from qafila.sync import forgetting, holdings, leaving, mailbox, stick
from qafila.sync.models import Holding, Leave, Mail
from tests.sync.moving import holds, later, move, moved, receipts, register, review, visit
from tests.sync.pair import Pair, pending


@pytest.fixture(autouse=True)
def _backups(pair: Pair) -> None:
    pair.backs_up = True


def test_a_hub_without_a_backup_elsewhere_forgets_nobody(pair: Pair, south: Unit, north: Unit) -> None:
    pair.backs_up = False
    person = moved(pair, south, north)
    pair.sync()
    with at(pair.unit):
        assert forgetting.in_use(person.pk, _all_of(person)) == "backup"
    assert holds(pair.unit, person) and receipts(pair.hub) == []
    pair.backs_up = True
    pair.sync()
    assert not holds(pair.unit, person)
    pair.sync()
    with at(pair.unit):
        told, _ = pair.session().store.have()
        emptied = Record.objects.filter(fields=None).exclude(node="U1").values_list("node", "run", "seq")
        assert all(not in_ranges(told[n][f"{run:x}"], seq) for n, run, seq in emptied)


def test_who_moves_away_is_forgotten_and_the_receipt_comes_back(pair: Pair, south: Unit, north: Unit) -> None:
    stays = register(pair.unit, south, "Other")
    person = moved(pair, south, north)
    with at(pair.unit):
        staff = ids.new()
        Draft.objects.create(staff=staff, form=f"vitals:{person.pk.hex}", data="{}")
        Draft.objects.create(staff=staff, form=f"vitals:{stays.pk.hex}", data="{}")
    assert holds(pair.unit, person)
    pair.sync()
    assert not holds(pair.unit, person) and holds(pair.unit, stays) and holds(pair.hub, person)
    assert receipts(pair.hub) == [(person.pk, False)] and pending(pair.unit) == 0
    with at(pair.unit):
        assert list(Draft.objects.values_list("form", flat=True)) == [f"vitals:{stays.pk.hex}"]
    with at(pair.hub):
        assert leaving.open_words("U1") == 0
    pair.sync()
    assert receipts(pair.hub) == [(person.pk, False)]


def test_who_comes_back_is_mailed_anew_with_what_the_unit_wrote_itself(pair: Pair, south: Unit, north: Unit) -> None:
    person = moved(pair, south, north)
    pair.sync()
    move(pair.hub, person, south)
    pair.sync()
    assert holds(pair.unit, person)
    with at(pair.unit):
        assert Person.objects.get(pk=person.pk).home_unit_id == south.pk
        assert not Record.objects.filter(fields=None).exists()
    assert receipts(pair.hub) == [(person.pk, False), (person.pk, True)]
    review(pair.hub)
    pair.sync()
    assert holds(pair.unit, person)


def test_nothing_is_forgotten_that_is_here_alone(pair: Pair, south: Unit, north: Unit) -> None:
    person = moved(pair, south, north)
    visit(pair.unit, person, south, closed=True)
    with at(pair.unit):
        session = pair.session()
        session.greeted, session.mail = True, 1
        pull = session._pull()
        assert pull is not None
        session._out[1] = pull
        session._mail(pull, _mail_of(pair))
        assert forgetting.in_use(person.pk, {}) == "waiting"
        assert Leave.objects.get(person=person.pk).due
    assert holds(pair.unit, person)
    # What the crew wrote tells the hub that the person is there: all of it stays.
    pair.sync()
    pair.sync()
    assert holds(pair.unit, person) and receipts(pair.hub)[-1] == (person.pk, True)


def _mail_of(pair: Pair):  # type: ignore[no-untyped-def]
    from qafila.sync import codec
    from qafila.sync.messages import Mail as MailMessage

    with at(pair.hub):
        numbers, parcels = mailbox.fetch("U1", 100_000)
        return MailMessage(numbers, codec.COLUMNS.pack(parcels), 0, 0)


def test_an_open_visit_and_an_open_case_are_waited_for(pair: Pair, south: Unit, north: Unit) -> None:
    person = register(pair.unit, north)
    row = visit(pair.unit, person, south)
    with at(pair.unit), writing(None, "case.draft") as write:
        doctor = ids.new()
        case = write.save(Case(person=person, visit=row, unit=south, doctor_id=doctor, specialty="cardiology"))
    pair.sync()
    for _ in range(3):
        later(pair.hub, days=60)
        review(pair.hub)
        pair.sync()
        assert holds(pair.unit, person)
    with at(pair.unit), writing(None, "case.close") as write:
        case.closed_at = clock.now() - timedelta(days=50)
        write.save(case)
    pair.sync()
    review(pair.hub)
    with at(pair.unit):
        assert forgetting.in_use(person.pk, _all_of(person)) == "visit"
    with at(pair.unit), writing(None, "visit.close") as write:
        row.closed_at = clock.now() - timedelta(days=20)
        write.save(row)
    pair.sync()
    later(pair.hub, days=60)
    review(pair.hub)
    pair.sync()
    assert holds(pair.unit, person), "a visitor stays for thirty days"
    with at(pair.unit), writing(None, "visit.close") as write:
        row.closed_at = clock.now() - timedelta(days=40)
        write.save(row)
    pair.sync()
    later(pair.hub, days=60)
    review(pair.hub)
    pair.sync()
    assert not holds(pair.unit, person)


def test_who_has_no_home_unit_stays_where_he_is_known(pair: Pair, south: Unit) -> None:
    person = register(pair.unit, None)
    pair.sync()
    later(pair.hub, days=400)
    review(pair.hub)
    pair.sync()
    assert holds(pair.unit, person)


def test_a_box_that_serves_nobody_is_not_emptied(pair: Pair, south: Unit, north: Unit) -> None:
    person = register(pair.unit, north)
    pair.sync()
    with at(pair.hub), writing(None, "unit.leave") as write:
        row = Assignment.objects.get(node="U1")
        row.ends = clock.now().date() - timedelta(days=9)
        write.save(row)
    later(pair.hub, days=400)
    review(pair.hub)
    pair.sync()
    assert holds(pair.unit, person)


def test_a_copy_runs_out_a_day_after_the_visit(pair: Pair, south: Unit, north: Unit) -> None:
    person = register(pair.hub, north)
    with at(pair.hub):
        mailbox.admit([(person.pk, "U1")], copied_at=clock.now())
    pair.sync()
    assert holds(pair.unit, person)
    row = visit(pair.unit, person, south)
    pair.sync()
    later(pair.hub, days=3)
    review(pair.hub)
    pair.sync()
    assert holds(pair.unit, person)
    with at(pair.unit), writing(None, "visit.close") as write:
        row.closed_at = clock.now() - timedelta(hours=23)
        write.save(row)
    pair.sync()
    later(pair.hub, days=3)
    review(pair.hub)
    pair.sync()
    assert holds(pair.unit, person)
    with at(pair.unit), writing(None, "visit.close") as write:
        row.closed_at = clock.now() - timedelta(hours=25)
        write.save(row)
    pair.sync()
    later(pair.hub, days=3)
    review(pair.hub)
    pair.sync()
    assert not holds(pair.unit, person)


def test_own_records_outside_of_the_hubs_backup_hold_it_back(pair: Pair, south: Unit, north: Unit) -> None:
    latest = [0]
    leaving.backed_up.append(lambda: latest[0])
    try:
        person = moved(pair, south, north)
        pair.sync()
        assert holds(pair.unit, person)
        with at(pair.hub):
            latest[0] = Record.objects.latest("no").no
        later(pair.hub, hours=2)
        review(pair.hub)
        pair.sync()
        assert not holds(pair.unit, person)
    finally:
        leaving.backed_up.clear()


def _all_of(person: Person) -> dict[str, list[list[int]]]:
    return holdings.known(person.pk, "U1")


def attach(node: Here, person: Person, data: bytes) -> str:
    with at(node), writing(None, "photo.add") as write:
        row = blobs.put(data, "image/jpeg", person.pk)
        values = {"kind_of_file": "photo", "media": "image/jpeg", "sha256": row.sha256, "size": row.size}
        write.save(Attachment(person=person, **values))
        return row.sha256


def test_files_go_but_those_that_others_need(pair: Pair, south: Unit, north: Unit) -> None:
    stays = register(pair.unit, south)
    person = register(pair.unit, south)
    own, shared = attach(pair.unit, person, b"own" * 9000), attach(pair.unit, person, b"shared")
    attach(pair.unit, stays, b"shared")
    with at(pair.unit):
        assert forgetting.in_use(person.pk, {}) == "waiting"
        Record.objects.update(pending=False)
        assert forgetting.in_use(person.pk, {}) == "newer"
        assert forgetting.in_use(person.pk, _all_of(person)) == "files"
        Record.objects.update(pending=True)
    pair.sync()
    later(pair.hub, days=2)
    review(pair.hub)
    move(pair.hub, person, north)
    review(pair.hub)
    pair.sync()
    with at(pair.unit):
        assert not holds(pair.unit, person)
        assert not Blob.objects.filter(sha256=own).exists() and not blobs._path(own).exists()
        assert blobs.read(shared) == b"shared" and Blob.objects.get(sha256=shared).patient == stays.pk
        assert list(blobs.problems()) == []
    move(pair.hub, person, south)
    pair.sync()
    with at(pair.unit):
        assert blobs.read(own) == b"own" * 9000


def test_a_link_stays_as_long_as_the_other_person_needs_it(pair: Pair, south: Unit, north: Unit) -> None:
    mother, child = register(pair.unit, south), register(pair.unit, south)
    with at(pair.unit), writing(None, "person.link") as write:
        link = write.save(PersonLink(person=child, other=mother, relation="mother"))
    pair.sync()
    later(pair.hub, days=2)
    review(pair.hub)
    move(pair.hub, child, north)
    review(pair.hub)
    pair.sync()
    with at(pair.unit):
        assert PersonLink.objects.filter(pk=link.pk).exists() and not Person.objects.filter(pk=child.pk).exists()
        assert list(check.problems()) == []
    move(pair.hub, mother, north)
    review(pair.hub)
    pair.sync()
    with at(pair.unit):
        assert not PersonLink.objects.exists() and not Person.objects.exists()
        assert not Record.objects.filter(patient__in=[mother.pk, child.pk]).exclude(fields=None).exists()
    move(pair.hub, mother, south)
    pair.sync()
    with at(pair.unit):
        assert PersonLink.objects.filter(pk=link.pk).exists() and set(Person.objects.all()) == {mother}


def test_what_comes_late_is_taken_away_again(pair: Pair, south: Unit, north: Unit, tmp_path: Path) -> None:
    """A stick was written before the hub said to forget, and is read after."""
    person = register(pair.hub, south)
    with at(pair.hub):
        stick.to_stick(tmp_path, receiver="" if here().confirmed_by_hub else stick.ALL)
    pair.sync()
    later(pair.hub, days=2)
    review(pair.hub)
    move(pair.hub, person, north)
    review(pair.hub)
    pair.sync()
    assert not holds(pair.unit, person)
    with at(pair.unit):
        assert stick.from_stick(tmp_path).sound
    assert not holds(pair.unit, person)
    pair.sync()
    assert receipts(pair.hub) == [(person.pk, False)]


def test_word_and_receipt_travel_by_stick(pair: Pair, south: Unit, north: Unit, tmp_path: Path) -> None:
    person = moved(pair, south, north)
    with at(pair.hub):
        stick.to_stick(tmp_path, receiver="" if here().confirmed_by_hub else stick.ALL)
    with at(pair.unit):
        stick.from_stick(tmp_path)
    assert not holds(pair.unit, person)
    with at(pair.unit):
        stick.to_stick(tmp_path, receiver="" if here().confirmed_by_hub else stick.ALL)
    for _ in range(2):
        with at(pair.hub):
            stick.from_stick(tmp_path)
        assert receipts(pair.hub) == [(person.pk, False)]
    pair.sync()
    assert receipts(pair.hub) == [(person.pk, False)]


def _forgotten(pair: Pair, unit: Unit) -> tuple[Person, int]:
    """A person whom the hub knows, and whom the unit has forgotten at a turn that the hub knows nothing of."""
    person = register(pair.unit, unit)
    pair.sync()
    with at(pair.unit):
        turn = clock.now_ms() + 60_000
        Leave.objects.create(person=person.pk, turn=turn, held=False, known=_all_of(person))
        forgetting.settle()
    assert not holds(pair.unit, person)
    return person, turn


def test_a_hub_that_lost_its_word_mails_the_person_again(pair: Pair, south: Unit, north: Unit) -> None:
    """It was restored to the moment before: to its knowledge the unit holds the person."""
    person, _ = _forgotten(pair, south)
    pair.sync()
    assert holds(pair.unit, person)
    assert receipts(pair.hub)[-1] == (person.pk, True)


def test_a_clone_that_forgets_after_the_hub_lost_and_got_back_its_words_is_mailed_all_of_it(
    pair: Pair, south: Unit
) -> None:
    """To the other clone the hub had said that the person is back; a restore cost it both words and the mail, and the
    words alone came back. What the unit wrote itself was never mailed in this life of the hub."""
    person, turn = _forgotten(pair, south)
    with at(pair.hub), writing(None, "person.readmit") as write:
        write.save(Holding(node="U1", who=person.pk, held=True, turn=turn + 1))
    pair.sync()
    assert holds(pair.unit, person)
    assert receipts(pair.hub)[-1] == (person.pk, True)


def test_another_units_word_is_not_believed(pair: Pair, south: Unit) -> None:
    """A box that is not the hub writes a forget for a person of this one."""
    person = register(pair.unit, south)
    pair.sync()
    stranger = Here("U9", "unit", database="n2", confirmed_by_hub=True)
    from qafila.journal.ingest import ingest, parcels_of
    from tests.conftest import wipe

    wipe("n2")
    with at(stranger):
        with writing(None, "person.release") as write:
            write.save(Holding(node="U1", who=person.pk, held=False, turn=clock.now_ms()))
        parcels = parcels_of(Record.objects.order_by("no"))
    with at(pair.hub):
        ingest(parcels, "U9")
        assert not Mail.objects.filter(record__kind=Holding.kind()).exists()
    with at(pair.unit):
        ingest(parcels, "H")
        assert not Leave.objects.exists()
    assert holds(pair.unit, person)
