"""A hub restored from a backup older than the one on whose word a unit forgot somebody: what another unit has of that
person comes back in full, to the hub and to its author."""

from __future__ import annotations

import pytest

from qafila.journal import check
from qafila.journal.here import Here, at
from qafila.journal.ingest import ingest, parcels_of
from qafila.journal.models import Erased, Record
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.registry.people.models import Person
from qafila.sync import forgetting, holdings, mailbox, restored
from qafila.sync.models import Leave, Peer, Scope
from tests.sync.pair import Pair, register


@pytest.fixture
def person(pair: Pair, other: Pair) -> Person:
    """Written by U1, which has forgotten him; U2 has all of it; the hub nothing, since its restore."""
    pair.sync()
    other.sync()
    with at(pair.unit):
        before = Record.objects.count()
        found = register(pair.unit, "0611111111")
        parcels = parcels_of(Record.objects.order_by("no")[before:])
        Record.objects.update(pending=False)
        known = holdings.known(found.pk, "U1")
        Leave.objects.create(person=found.pk, turn=clock.now_ms(), held=False, known=known, due=False)
        forgetting._forget(found.pk, set())
    with at(other.unit):
        assert not ingest(parcels, "H").aside
    with at(pair.hub):
        restored.open_life()
    assert not holds(pair.unit, found) and not holds(pair.hub, found)
    return found


def holds(node: Here, person: Person) -> bool:
    with at(node):
        assert list(check.problems()) == []
        full = Record.objects.filter(patient=person.pk).exclude(fields=None).exists()
        assert full == Person.objects.filter(pk=person.pk).exists()
        return full


def back(pair: Pair, person: Person) -> None:
    """The hub lets U1 hold the person again, before it has anything of him."""
    with at(pair.hub):
        mailbox.admit([(person.pk, "U1")])
        holdings.say(person.pk, "U1", held=True, after=clock.now_ms())


def phone(node: Pair, person: Person) -> str:
    with at(node.unit):
        return Person.objects.get(pk=person.pk).phone


def test_what_its_author_has_forgotten_comes_from_another_unit_and_goes_to_the_author(
    pair: Pair, other: Pair, person: Person
) -> None:
    back(pair, person)
    other.sync()
    assert holds(pair.hub, person)
    pair.sync()
    assert holds(pair.unit, person) and phone(pair, person) == "0611111111"
    assert pair.sync().report.received == 0 == other.sync().report.sent


def test_the_header_that_the_author_sends_does_not_stand_for_the_record(
    pair: Pair, other: Pair, person: Person
) -> None:
    back(pair, person)
    with at(pair.hub):
        Peer.objects.create(code="U9", profile="unit", signing_key=b"9", sealing_key=b"9")
        mailbox.admit([(person.pk, "U9")])
    pair.sync()
    with at(pair.hub):
        assert Record.objects.filter(patient=person.pk).count() == 1, "the chain is whole"
        numbers, parcels = mailbox.fetch("U9", 100_000)
        assert any(p.fields is None for p in parcels)
        mailbox.acknowledge(Peer.objects.get(code="U9"), numbers)
    assert not holds(pair.hub, person) and not holds(pair.unit, person)
    other.sync()
    assert holds(pair.hub, person)
    with at(pair.hub):
        assert all(p.fields for p in mailbox.fetch("U9", 100_000)[1]), "who was mailed the header gets the record"
        assert mailbox.waiting("U9") == 1
    pair.sync()
    assert holds(pair.unit, person) and phone(pair, person) == "0611111111"
    assert pair.sync().report.received == 0 == other.sync().report.sent


def test_what_is_erased_is_not_asked_back(pair: Pair, other: Pair, person: Person) -> None:
    with at(pair.hub):
        Erased.objects.create(patient=person.pk, subject=person.pk)
    pair.sync()
    with at(pair.hub):
        assert Record.objects.filter(patient=person.pk, fields=None).count() == 1
    assert other.sync().report.sent == 0
    assert not holds(pair.hub, person)


def test_who_gives_all_of_a_person_back_holds_him(pair: Pair, other: Pair, person: Person) -> None:
    """Why it has him was lost with the rest, and the hub could not see of whom it told."""
    other.sync()
    with at(pair.hub):
        assert Scope.objects.filter(person=person.pk, node="U2").exists()
    with at(pair.hub), writing(None, "person.edit") as write:
        row = Person.objects.get(pk=person.pk)
        row.phone = "0622222222"
        write.save(row)
    other.sync()
    assert phone(other, person) == "0622222222"
