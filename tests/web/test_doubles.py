"""The work list of records that may be of one person, and the pages about them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from qafila.journal.here import Here
from qafila.kernel.dates import PartialDate
from qafila.registry.people import acts, queries, watch
from qafila.registry.people.details import NameParts
from qafila.registry.people.models import Newcomer, Pair, Person, PersonLink
from tests.web.desk import Desk, desk
from tests.web.vehicle import fields, text


@pytest.fixture
def hub_desk(unit: Here) -> Iterator[Desk]:
    watch.connect()
    with desk(unit) as made:
        yield made
    watch.disconnect()


@pytest.fixture
def board(hub_desk: Desk) -> Any:
    return hub_desk.at(hub_desk.crew.coordinator)


BORN = PartialDate(1984, 3, 12)


def person(script: str, given: str, family: str, born: PartialDate = BORN) -> Person:
    return acts.register(
        None, None, names=[NameParts(script, given, "", family)], birth=born, sex="female", phone="0612345678"
    )


def pair_of_records() -> tuple[Person, Person]:
    return person("Arab", "فاطمة", "بن علي"), person("Latn", "Fatima", "Benali", PartialDate(1984, 12, 3))


def test_whoever_comes_is_compared_and_a_person_decides(board: Any) -> None:
    one, other = pair_of_records()
    person("Latn", "Hassan", "Ouhammou", PartialDate(1951, 7, 7))
    assert Newcomer.objects.count() >= 3
    watch.compare_newcomers()
    assert not Newcomer.objects.exists()
    assert [(p.one, p.other) for p in Pair.objects.all()] == [(one.pk, other.pk)]
    page = text(board.get("/records/doubles/"))
    assert "Fatima Benali" in page and "فاطمة بن علي" in page and "Hassan" not in page
    address = f"/records/doubles/{one.pk}/{other.pk}/"
    compared = text(board.get(address))
    assert "the same, spelt in another way" in compared and "day and month change places" in compared
    done = board.post(address, fields(board.get(address), "keep") | {"keep": one.pk.hex, "note": "rang her"})
    assert (done.status_code, done.url) == (302, f"/reception/people/{one.pk}/")
    assert not Pair.objects.exists()
    assert board.get(f"/reception/people/{other.pk}/").url == f"/reception/people/{one.pk}/"
    assert other.code in text(board.get(f"/reception/people/{one.pk}/"))
    link = PersonLink.objects.get()
    sent = fields(board.get(address), "/part/")
    assert board.post(f"/records/doubles/{link.pk}/part/", sent | {"note": ""}).status_code == 422
    sent = fields(board.get(address), "/part/")
    assert board.post(f"/records/doubles/{link.pk}/part/", sent | {"note": "cousins"}).status_code == 302
    assert queries.one_with(one.pk) == [one.pk]
    assert board.get(f"/reception/people/{other.pk}/").status_code == 200


def test_two_people_are_not_proposed_again(board: Any) -> None:
    one, other = pair_of_records()
    watch.compare_newcomers()
    address = f"/records/doubles/{one.pk}/{other.pk}/"
    board.post(address, fields(board.get(address), "apart") | {"apart": "yes"})
    assert not Pair.objects.exists()
    acts.edit(Person.objects.get(pk=one.pk), None, {"address": "Rue 4"})
    watch.compare_newcomers()
    assert not Pair.objects.exists()


def test_only_who_may_merge_sees_it(hub_desk: Desk) -> None:
    one, other = pair_of_records()
    doctor = hub_desk.at(hub_desk.crew.doctor)
    assert doctor.get("/records/doubles/").status_code == 403
    assert doctor.post(f"/records/doubles/{one.pk}/{other.pk}/", {"keep": one.pk.hex}).status_code == 403
    assert not PersonLink.objects.exists()


def test_odd_addresses(board: Any) -> None:
    one, _ = pair_of_records()
    assert board.get(f"/records/doubles/{one.pk}/{one.pk}/").status_code == 404
    assert board.get(f"/records/doubles/{one.pk}/00000000-0000-0000-0000-000000000001/").status_code == 404
