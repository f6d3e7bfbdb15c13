"""A person's record is taken off a node, and comes back whole in any order."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qafila.clinic.visits.models import Note, Visit
from qafila.journal import check
from qafila.journal.emptying import empty
from qafila.journal.here import Here, at
from qafila.journal.ingest import ingest, parcels_of
from qafila.journal.models import Record
from qafila.journal.write import writing
from qafila.kernel import clock, ids
from qafila.registry.people.models import Person, PersonName


def a_day(node: Here) -> tuple[Person, Person]:
    """Two people with names, a visit each, and changes."""
    with at(node):
        people = []
        for phone in ("1", "2"):
            with writing(None, "person.register") as write:
                person = write.save(Person(code="MMFE-T48G-2", phone=phone))
                write.save(PersonName(person=person, script="Latn", given="Test", family=phone))
                visit = write.save(Visit(person=person, unit_id=ids.new(), day=clock.now().date(), ticket=1))
            for number in range(3):
                with writing(None, "visit.change") as write:
                    visit.reason = f"{phone}-{number}"
                    visit.ticket = number + 2
                    write.save(visit)
                    write.save(Note(person=person, visit=visit, kind_of_note="plan", text=f"{phone} {number}"))
            people.append(person)
    return people[0], people[1]


def rows(node: Here) -> set[tuple[object, ...]]:
    with at(node):
        found = {("person", *p) for p in Person.objects.values_list("pk", "phone", "heads")}
        found |= {("visit", *v) for v in Visit.objects.values_list("pk", "reason", "ticket", "heads")}
        return found | {("note", *n) for n in Note.objects.values_list("pk", "text")}


def test_one_person_goes_and_the_other_stays(trio: list[Here]) -> None:
    gone, stays = a_day(trio[0])
    with at(trio[0]):
        done = empty(gone.pk)
        assert done.records == Record.objects.filter(patient=gone.pk, fields=None, salt=None).count() == 9
        assert set(Person.objects.values_list("pk", flat=True)) == {stays.pk}
        assert not Note.objects.filter(person_id=gone.pk).exists() and Note.objects.count() == 3
        assert list(check.problems()) == []
        assert empty(gone.pk).records == 0


def test_rows_that_others_need_are_kept(trio: list[Here]) -> None:
    gone, _ = a_day(trio[0])
    with at(trio[0]):
        note = Note.objects.filter(person_id=gone.pk).first()
        empty(gone.pk, {note.pk})
        assert Note.objects.filter(pk=note.pk).exists() and Record.objects.get(subject=note.pk).fields
        assert list(check.problems()) == []


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), size=st.sampled_from([1, 3, 50]))
def test_it_comes_back_as_it_was_in_any_order(trio: list[Here], seed: int, size: int) -> None:
    dice = random.Random(seed)
    author, reader = trio[0], trio[1]
    gone, _ = a_day(author)
    with at(author):
        parcels = parcels_of(Record.objects.filter(patient=gone.pk).order_by("no"))
        everything = parcels_of(Record.objects.order_by("no"))
    for node in (author, reader):
        with at(node):
            ingest(everything)
            before = rows(node)
            empty(gone.pk)
            mixed = dice.sample(parcels, len(parcels))
            for start in range(0, len(mixed), size):
                ingest(mixed[start : start + size])
            assert rows(node) == before
            assert list(check.problems()) == []
            assert not Record.objects.filter(fields=None).exists()
            assert not Record.objects.filter(applied=False).exists()
