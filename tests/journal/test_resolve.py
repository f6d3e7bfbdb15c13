"""A clash that a person settles is over on every node, whichever value holds."""

from __future__ import annotations

import pytest

from qafila.journal import check, resolve
from qafila.journal.here import Here, at
from qafila.journal.ingest import ingest, parcels_of
from qafila.journal.models import Clash, Record
from qafila.journal.write import writing
from qafila.registry.people.models import Person


def exchange(nodes: list[Here]) -> None:
    for sender in nodes:
        with at(sender):
            parcels = parcels_of(Record.objects.order_by("no"))
        for receiver in nodes:
            if receiver is not sender:
                with at(receiver):
                    ingest(parcels, sender.node)


@pytest.fixture
def clashed(trio: list[Here]) -> list[Here]:
    """Two nodes gave one person different telephones; everybody has heard of both."""
    with at(trio[0]), writing(None, "person.register") as write:
        write.save(Person(code="MMFE-T48G-2"))
    exchange(trio)
    for node, phone in zip(trio[:2], ("0611", "0622"), strict=True):
        with at(node), writing(None, "person.edit") as write:
            person = Person.objects.get()
            person.phone = phone
            write.save(person)
    exchange(trio)
    return trio


@pytest.mark.parametrize("value", ["0611", "0622", "0633"])
def test_the_chosen_value_holds_everywhere(clashed: list[Here], value: str) -> None:
    with at(clashed[2]):
        clash = Clash.objects.get(open=True)
        assert {s.value for s in resolve.sides(clash)} == {"0611", "0622"}
        assert resolve.in_force(clash) == Person.objects.get().phone
        resolve.resolve(clash, value, None, resolve.seen_by(clash))
    exchange(clashed)
    for node in clashed:
        with at(node):
            assert Person.objects.get().phone == value
            assert not Clash.objects.filter(open=True).exists()
            assert list(check.problems()) == []


def test_nobody_decides_twice_or_about_what_they_did_not_see(clashed: list[Here]) -> None:
    with at(clashed[0]):
        clash = Clash.objects.get(open=True)
        with pytest.raises(resolve.Over):
            resolve.resolve(clash, "0611", None, "another")
        before = Record.objects.count()
        resolve.resolve(clash, "0611", None)
        assert Record.objects.count() == before + 1
        with pytest.raises(resolve.Over):
            resolve.resolve(clash, "0622", None)
        assert Person.objects.get().phone == "0611" and Record.objects.count() == before + 1
