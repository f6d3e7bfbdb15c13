"""Two records of one person: levels, evidence, blocks."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qafila.journal import tables
from qafila.journal.here import Here
from qafila.kernel.dates import PartialDate
from qafila.packs import load
from qafila.registry.people.blocking import asked, blocks, hashed, nearest
from qafila.registry.people.matching import FIELDS, Known, Level, called, compare, weigh, word
from qafila.registry.people.models import MatchKey
from qafila.registry.people.queries import in_blocks

FATIMA = Known(
    names=(called("فاطمة الزهراء", "أحمد", "بن علي"),),
    birth=PartialDate(1984, 3, 12),
    sex="female",
    place="05.081.03.09",
    phone="0612345678",
    mothers=(word("Khadija Alaoui"),),  # type: ignore[arg-type]
)


def evidence(one: Known, other: Known) -> float:
    return weigh(compare(one, other), load.matching())


@pytest.mark.parametrize(
    ("field", "value", "level"),
    [
        ("names", (called("Fatima-Zohra", "", "Benali"),), "sound"),
        ("birth", PartialDate(1984, 12, 3), "swapped"),
        ("birth", PartialDate(1984, 3, 21), "one_off"),
        ("birth", PartialDate(1985, 3, 12), "one_off"),
        ("birth", PartialDate(1948, 3, 12), "one_off"),
        ("birth", PartialDate(1984), "year"),
        ("birth", PartialDate(1984, 1, 1), "year"),
        ("birth", PartialDate(1984, 3), "year"),
        ("birth", PartialDate(1984, 7, 30), "same_year"),
        ("birth", PartialDate(1985), "next_year"),
        ("birth", PartialDate(1986, plus_minus=3), "stated"),
        ("birth", PartialDate(1961, 7, 2), "differ"),
        ("birth", None, "missing"),
        ("sex", "male", "differ"),
        ("sex", "", "missing"),
        ("phone", "0612345687", "near"),
        ("phone", "0698765432", "differ"),
        ("mothers", (word("خديجة العلوي"),), "sound"),
        ("mothers", (), "missing"),
        ("place", "01.001.01.01", "differ"),
    ],
)
def test_levels(field: str, value: object, level: str) -> None:
    levels = compare(FATIMA, replace(FATIMA, **{field: value}))  # type: ignore[arg-type]
    told = {"names": "given", "mothers": "mother"}.get(field, field)
    assert levels[told] == level
    assert all(x in (Level.SAME, Level.SOUND, Level.MISSING) for f, x in levels.items() if f != told)


def test_given_and_family_name_in_each_others_place() -> None:
    levels = compare(FATIMA, replace(FATIMA, names=(called("Benali", "", "Fatima Zohra"),)))
    assert (levels["given"], levels["family"]) == ("sound", "sound")
    alone = compare(FATIMA, replace(FATIMA, names=(called("Benali"),)))
    assert (alone["given"], alone["family"]) == ("missing", "sound")


def test_one_person_in_another_script_with_a_slip_is_proposed() -> None:
    again = Known(names=(called("Fatima Zohra", "", "Ben Ali"),), birth=PartialDate(1984, 12, 3), sex="female")
    assert evidence(FATIMA, again) > load.matching().propose


def test_twins_are_two_people() -> None:
    twin = replace(FATIMA, names=(called("خديجة", "أحمد", "بن علي"),))
    assert evidence(FATIMA, twin) < load.matching().propose


def test_what_is_missing_is_no_evidence() -> None:
    without = replace(FATIMA, phone="")
    levels = compare(FATIMA, without)
    kept = {f: x for f, x in levels.items() if f != "phone"}
    assert weigh(levels, load.matching()) == weigh(kept, load.matching())


def test_more_people_here_ask_for_more_evidence() -> None:
    levels = compare(FATIMA, FATIMA)
    assert weigh(levels, load.matching(), people=1_000_000) <= weigh(levels, load.matching())
    assert weigh(levels, load.matching(), {"given": 3.0, "family": 3.0}) < weigh(levels, load.matching())


def test_every_level_has_its_odds() -> None:
    names = {Level.SAME, Level.SOUND, Level.NEAR, Level.LIKE, Level.PART, Level.DIFFER}
    plain = {Level.SAME, Level.DIFFER}
    births = {*plain, Level.SWAPPED, Level.ONE_OFF, Level.YEAR, Level.SAME_YEAR, Level.NEXT_YEAR, Level.STATED}
    wanted = dict.fromkeys(("given", "family", "middle", "mother"), names) | {"birth": births}
    wanted |= dict.fromkeys(("sex", "place", "national_id"), plain) | {"phone": {*plain, Level.NEAR}}
    assert {f: set(x) for f, x in load.matching().field.items()} == wanted
    assert set(wanted) == set(FIELDS)


TEXT = st.text(max_size=20)
BIRTHS = st.one_of(
    st.none(),
    st.builds(PartialDate, st.integers(1900, 2030)),
    st.builds(PartialDate, st.integers(1900, 2030), plus_minus=st.integers(1, 11)),
    st.dates().map(lambda d: PartialDate(d.year, d.month, d.day)),
)
PEOPLE = st.builds(
    lambda names, birth, sex, place, phone, mother: Known(
        tuple(called(*n) for n in names), birth, sex, place, phone, tuple(w for m in mother if (w := word(m)))
    ),
    st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=3),
    BIRTHS,
    st.sampled_from(["", "female", "male"]),
    TEXT,
    st.text("0123456789", max_size=12),
    st.lists(TEXT, max_size=2),
)


@given(PEOPLE, PEOPLE)
def test_whatever_is_known_it_can_be_compared_either_way(one: Known, other: Known) -> None:
    there, back = compare(one, other), compare(other, one)
    assert there == back
    assert weigh(there, load.matching()) == weigh(back, load.matching())
    assert len(blocks(one)) < 400


@given(PEOPLE)
def test_a_record_is_found_in_its_own_blocks(one: Known) -> None:
    assert not blocks(one) or blocks(one) & asked(one)


@given(PEOPLE)
def test_the_years_of_one_thing_said_lie_side_by_side(one: Known) -> None:
    keys = {hashed(block): block for block in asked(one)}
    assert len(keys) == len(asked(one))
    assert {key >> 16 for key in keys} == {hashed(b) >> 16 for b in asked(one)}
    assert len({key >> 16 for key in keys}) == len({block.said for block in keys.values()})
    assert all(-(2**63) <= key < 2**63 and key & 0xFFFF == block.year for key, block in keys.items())


def test_who_shares_rarer_blocks_is_compared_first() -> None:
    street = [("street", who) for who in range(9)]
    assert nearest([*street, ("telephone", 7), ("telephone", 5), ("mother", 5)], 3) == [5, 7, 0]


def test_the_database_names_the_same_people_in_the_same_order(unit: Here) -> None:
    people = sorted((uuid4() for _ in range(9)), key=lambda one: one.int)
    rows = [*((1, who) for who in people), (2, people[7]), (2, people[5]), (-3, people[5])]
    tables.insert(MatchKey, ["key", "person_id"], rows, unit.database)
    assert in_blocks([1, 2, -3], 4) == nearest(rows, 4) == [people[n] for n in (5, 7, 0, 1)]
