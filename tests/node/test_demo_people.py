"""Invented people: of every country, the same for the same seed, and such as the registry takes."""

from __future__ import annotations

from datetime import date

import pytest

from qafila.node.demo.people import Inventor
from qafila.packs import load, national_id

TODAY = date(2026, 11, 21)
COUNTRIES = load.countries()


def inventor(code: str, seed: int = 3) -> Inventor:
    units = load.units(code).unit
    places = sorted({stop.place for stop in units[0].round[0].stop})
    return Inventor(load.country(code), load.people(code), places, TODAY, seed)


@pytest.mark.parametrize("code", COUNTRIES)
def test_the_same_seed_invents_the_same_people(code: str) -> None:
    assert inventor(code).people(80) == inventor(code).people(80)
    assert inventor(code).people(80) != inventor(code, 4).people(80)


@pytest.mark.parametrize("code", COUNTRIES)
@pytest.mark.parametrize("count", [1, 19, 20, 150])
def test_as_many_as_asked_for(code: str, count: int) -> None:
    assert len(inventor(code).people(count)) == count


@pytest.mark.parametrize("code", COUNTRIES)
def test_mothers_come_first_and_are_old_enough(code: str) -> None:
    people = inventor(code).people(200)
    children = [one for one in people if one.mother >= 0]
    assert children
    for child in children:
        mother = people[child.mother]
        assert people.index(mother) < people.index(child)
        assert mother.sex == "female"
        assert child.born.year - mother.born.year >= 16


@pytest.mark.parametrize("code", COUNTRIES)
def test_unusual_people_are_among_them(code: str) -> None:
    people = inventor(code).people(100)
    assert {"ordinary", "newborn", "unidentified"} == {one.circumstance for one in people}
    assert any(one.no_fixed_address for one in people)
    assert any(one.birth is None for one in people)
    assert any(one.birth_order == 2 for one in inventor(code).people(600))


@pytest.mark.parametrize("code", COUNTRIES)
def test_national_numbers_are_of_the_form_unique_and_true_to_the_person(code: str) -> None:
    people = [one for one in inventor(code).people(300) if one.national_id]
    assert len({one.national_id for one in people}) == len(people) > 50
    for one in people:
        found = national_id.read(code, one.national_id, TODAY)
        assert "form" not in found.warnings
        assert found.birth_date in (None, one.born)
        assert found.sex in ("", one.sex)


@pytest.mark.parametrize("code", COUNTRIES)
def test_telephones_begin_with_the_country_s_stem_for_examples(code: str) -> None:
    stem = load.country(code).phone.example_stem
    assert all(one.phone.startswith(stem) for one in inventor(code).people(200) if one.phone)
