"""Two records of one person: merged, taken back, the same on every node and in any order."""

from __future__ import annotations

from types import SimpleNamespace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qafila.journal.here import Here, at
from qafila.kernel.rights import NotAllowed
from qafila.registry.people import acts, keys, merging, queries
from qafila.registry.people.details import BadDetails, NameParts
from qafila.registry.people.models import Person
from qafila.registry.people.sameness import groups
from qafila.registry.people.search import search
from qafila.registry.places import here as place_here
from qafila.registry.staff.acts import create_staff

IDS = [UUID(int=n) for n in range(1, 8)]
EDGES = st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)), max_size=12)


@given(EDGES, st.randoms())
def test_the_order_of_merges_says_nothing(edges: list[tuple[UUID, UUID]], dice: object) -> None:
    turned = list(edges)
    dice.shuffle(turned)  # type: ignore[attr-defined]
    assert groups(turned) == groups([*edges, *edges])


@given(EDGES, st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)))
def test_a_merge_taken_back_leaves_what_was(edges: list[tuple[UUID, UUID]], more: tuple[UUID, UUID]) -> None:
    before = groups(edges)
    both = [*edges, more]
    groups(both)
    both.pop()
    assert groups(both) == before


@given(EDGES)
def test_everybody_of_a_group_resolves_to_one_survivor_who_is_in_it(edges: list[tuple[UUID, UUID]]) -> None:
    found = groups(edges)
    for one, into in edges:
        if one != into:
            assert found[one] == found[into]
    for member, group in found.items():
        assert member in group
        assert len(set(group)) == len(group)
        assert found[group[0]][0] == group[0]


def test_chains_and_rings() -> None:
    a, b, c = IDS[:3]
    assert groups([(a, b), (b, c)])[a] == (c, a, b)
    assert groups([(a, b), (b, a)])[b] == (a, b)
    assert groups([(c, a), (c, b)])[c] == (a, b, c)
    assert groups([(a, a)]) == {}


@pytest.fixture
def desk(hub: Here):  # type: ignore[no-untyped-def]
    keys.connect()
    place_here.use("MA")
    with at(hub):
        coordinator = create_staff(None, "amal", "Chevre-montagne-11", "Amal", ["coordinator"])
        nobody = create_staff(None, "hind", "Gardien-phare-51", "Hind", ["admin"])

        def person(given: str, family: str) -> Person:
            return acts.register(None, None, names=[NameParts("Latn", given, "", family)], phone="0612345678")

        yield SimpleNamespace(by=coordinator, nobody=nobody, person=person)
    place_here.use(None)


def test_search_and_names_follow_the_survivor_until_it_is_taken_back(desk: SimpleNamespace) -> None:
    one, other = desk.person("Fatima", "Benali"), desk.person("Fatma", "Ben Ali")
    before = [f.person.pk for f in search("benali")]
    link = merging.merge(one, other, desk.by, "same card")
    assert queries.one_with(one.pk) == queries.one_with(other.pk) == [other.pk, one.pk]
    assert queries.get(one.pk) == other
    assert queries.names_of([one.pk])[one.pk][0].text == "Fatma Ben Ali"
    assert [f.person for f in search("benali")] == [other]
    assert [f.person for f in search(one.code)] == [other]
    merging.unmerge(link, desk.by, "two cousins")
    assert queries.one_with(one.pk) == [one.pk]
    assert queries.get(one.pk) == one
    assert [f.person.pk for f in search("benali")] == before
    assert queries.names_of([one.pk])[one.pk][0].text == "Fatima Benali"


def test_a_chain_joins_the_surviving_records(desk: SimpleNamespace) -> None:
    a, b, c = (desk.person(name, "Benali") for name in ("Fatima", "Fatma", "Fatim"))
    merging.merge(a, b, desk.by)
    merging.merge(a, c, desk.by)
    assert queries.one_with(a.pk) == [c.pk, a.pk, b.pk]
    again = merging.merge(c, a, desk.by)
    assert not again.withdrawn
    assert queries.one_with(c.pk) == [c.pk, a.pk, b.pk]


def test_two_people_stay_two_until_somebody_thinks_better(desk: SimpleNamespace) -> None:
    one, other = desk.person("Fatima", "Benali"), desk.person("Fatma", "Benali")
    apart = merging.tell_apart(one, other, desk.by)
    assert merging.tell_apart(other, one, desk.by) == apart
    merging.merge(one, other, desk.by)
    assert [x.relation for x in queries.decided_of([one.pk])] == ["same"]


def test_who_may(desk: SimpleNamespace, hub: Here) -> None:
    one, other = desk.person("Fatima", "Benali"), desk.person("Fatma", "Benali")
    with pytest.raises(NotAllowed):
        merging.merge(one, other, desk.nobody)
    with pytest.raises(BadDetails):
        merging.merge(one, one, desk.by)
    link = merging.merge(one, other, desk.by)
    with pytest.raises(BadDetails):
        merging.unmerge(link, desk.by, " ")
    with at(Here("U9", "unit", database=hub.database)), pytest.raises(merging.NotHere):
        merging.merge(one, other, desk.by)
