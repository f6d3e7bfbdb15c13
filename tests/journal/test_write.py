"""The writer: what is recorded, what is refused, what stands in the chain."""

from __future__ import annotations

import pytest
from django.db import connections

from qafila.journal import check, history
from qafila.journal.canon import Unfit
from qafila.journal.guard import OutsideWriter
from qafila.journal.here import Here
from qafila.journal.models import Clash, Record, Run
from qafila.journal.write import writing
from qafila.registry.people.models import Person


def new_person(**facts: object) -> Person:
    with writing(None, "person.register") as write:
        return write.save(Person(code="MMFE-T48G-2", **facts))


def test_a_row_and_its_record_are_one(unit: Here) -> None:
    person = new_person(phone="0600000000")
    record = Record.objects.get(subject=person.pk)
    assert record.pending and record.patient == person.pk
    assert [e.fields for e in history.of_subject(person.pk)] == [
        {"code": "MMFE-T48G-2", "phone": "0600000000", "custodian": "MS", "programme": "UMMC"}
    ]
    assert list(check.problems()) == []


def test_only_what_changed_is_recorded(unit: Here) -> None:
    person = Person.objects.get(pk=new_person(phone="0600000000").pk)
    person.phone = "0611111111"
    with writing(None, "person.edit") as write:
        write.save(person)
        write.save(person)
    assert [e.fields for e in history.of_subject(person.pk)][1:] == [{"phone": "0611111111"}]
    assert Person.objects.get(pk=person.pk).phone == "0611111111"


def test_a_stale_instance_changes_only_its_own_field(unit: Here) -> None:
    pk = new_person(phone="1", address="a").pk
    one, other = Person.objects.get(pk=pk), Person.objects.get(pk=pk)
    one.phone, other.address = "2", "b"
    with writing(None, "person.edit") as write:
        write.save(one)
    with writing(None, "person.edit") as write:
        write.save(other)
    now = Person.objects.get(pk=pk)
    assert (now.phone, now.address) == ("2", "b")
    assert not Clash.objects.exists()


def test_two_edits_of_one_field_are_a_clash_and_both_stay(unit: Here) -> None:
    pk = new_person(phone="1").pk
    one, other = Person.objects.get(pk=pk), Person.objects.get(pk=pk)
    one.phone, other.phone = "2", "3"
    for edited in (one, other):
        with writing(None, "person.edit") as write:
            write.save(edited)
    clash = Clash.objects.get(open=True)
    assert clash.field == "phone" and '"2"' in clash.sides and '"3"' in clash.sides
    assert list(check.problems()) == []
    settled = Person.objects.get(pk=pk)
    settled.phone = "2" if settled.phone == "3" else "3"
    with writing(None, "clash.resolve") as write:
        write.save(settled)
    assert not Clash.objects.filter(open=True).exists()
    assert list(check.problems()) == []


def test_nothing_is_written_around_the_journal(unit: Here) -> None:
    person = new_person()
    person.phone = "5"
    for attempt in (
        person.save,
        lambda: Person.objects.filter(pk=person.pk).update(phone="5"),
        lambda: Person.objects.create(code="x"),
        lambda: Person.objects.filter(pk=person.pk).delete(),
        lambda: Person._base_manager.bulk_create([Person(code="x")]),
        lambda: connections["default"].cursor().execute("UPDATE registry_person SET phone='5'"),
        lambda: connections["default"].cursor().execute("DELETE FROM registry_person"),
    ):
        with pytest.raises(OutsideWriter):
            attempt()
    with pytest.raises(TypeError):
        person.delete()


@pytest.mark.parametrize("facts", [{"phone": "0" * 21}, {"phone": "0\x00"}, {"address": "\ud800"}])
def test_what_postgresql_could_not_hold_is_refused_here_too(unit: Here, facts: dict[str, str]) -> None:
    with pytest.raises(Unfit):
        new_person(**facts)
    assert not Record.objects.exists() and not Person.objects.exists()


def test_a_failed_act_leaves_nothing(unit: Here) -> None:
    with pytest.raises(RuntimeError), writing(None, "person.register") as write:
        write.save(Person(code="x"))
        raise RuntimeError
    assert not Person.objects.exists() and not Record.objects.exists() and not Run.objects.exists()
    new_person()
    assert list(check.problems()) == []


def test_check_names_an_altered_a_missing_and_a_foreign_record(unit: Here) -> None:
    for _ in range(4):
        new_person()
    record = Record.objects.get(seq=3)
    Record.objects.filter(pk=record.pk).update(fields=b'{"code":"FORGED"}')
    assert any("altered" in p and "/3:" in p for p in check.problems())
    Record.objects.filter(pk=record.pk).delete()
    assert any("missing" in p for p in check.problems())
    connections["default"].cursor().execute("UPDATE journal_record SET seq=seq WHERE 0")


def test_each_life_of_a_process_is_a_run_of_its_own(unit: Here) -> None:
    new_person()
    unit.run = None
    new_person()
    assert Run.objects.filter(node="U1").count() == 2
    assert list(check.problems()) == []
