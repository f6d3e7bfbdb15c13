"""The list of unusual reading: every rule over made-up looks, and the summing of looks by day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from qafila.clinic.access.looks import Seen, summed
from qafila.clinic.access.unusual import RULES, Broken, Glance, Known, unusual
from qafila.packs import load

READERS = [UUID(int=n) for n in range(1, 3)]
PEOPLE = [UUID(int=n) for n in range(100, 105)]
DAY = datetime(2026, 3, 2, tzinfo=UTC)
RULE = {one.code: one for one in load.access().unusual}
MINUTES = st.integers(0, 2 * 1440 - 1)
GLANCES = st.lists(
    st.builds(
        lambda staff, patient, minute, basis: Glance(staff, patient, DAY + timedelta(minutes=minute), basis),
        st.sampled_from(READERS), st.sampled_from(PEOPLE), MINUTES, st.sampled_from(["unit", "all", "case"]),
    ), max_size=40,
)  # fmt: skip


def at(hour: int, minute: int = 0, staff: UUID = READERS[0], patient: UUID = PEOPLE[0], basis: str = "unit") -> Glance:
    return Glance(staff, patient, DAY + timedelta(hours=hour, minutes=minute), basis)


def test_every_rule_of_the_pack_is_known() -> None:
    assert set(RULE) == {*RULES, "broken_glass"}


def test_many_records_in_a_short_time() -> None:
    rule = RULE["many"]
    fast = [Glance(READERS[0], UUID(int=1000 + n), DAY + timedelta(hours=9, minutes=n), "unit") for n in range(40)]
    found = RULES["many"](rule, fast, Known())
    assert [(f.staff, f.number) for f in found] == [(READERS[0], 40)] and len(found[0].patients) == 40
    assert RULES["many"](rule, fast[:39], Known()) == []
    slow = [Glance(READERS[0], UUID(int=1000 + n), DAY + timedelta(minutes=15 * n), "unit") for n in range(60)]
    assert RULES["many"](rule, slow, Known()) == []
    assert RULES["many"](rule, [at(9, n) for n in range(59)], Known()) == []


def test_a_record_far_from_every_visit_and_case() -> None:
    def found(*days: int, basis: str = "unit", open_: bool = False) -> int:
        cared = {PEOPLE[0]: [DAY.date() + timedelta(days=n) for n in days]}
        return len(RULES["no_care"](RULE["no_care"], [at(9, basis=basis)], Known(cared, [PEOPLE[0]] if open_ else [])))

    assert found() == 1 and found(-31) == 1 and found(-30) == 0 and found(30) == 0
    assert found(open_=True) == 0 and found(basis="all") == 0


def test_the_own_family_name() -> None:
    known = Known(family_of_staff={READERS[0]: ["benali"]}, family_of_patients={PEOPLE[0]: ["benali"], PEOPLE[1]: []})
    found = RULES["family"](RULE["family"], [at(9), at(10), at(9, patient=PEOPLE[1])], known)
    assert [(f.patients, f.number) for f in found] == [((PEOPLE[0],), 2)]


def test_night_is_over_midnight() -> None:
    hours = [hour for hour in range(24) if RULES["night"](RULE["night"], [at(hour)], Known())]
    assert hours == [0, 1, 2, 3, 4, 22, 23]


def test_emergency_access_is_listed_when_no_care_followed_in_time() -> None:
    def found(cared: bool, over: bool) -> int:
        return len(unusual([RULE["broken_glass"]], [], Known(), [Broken(READERS[0], PEOPLE[0], DAY, cared, over)]))

    assert [found(False, True), found(True, True), found(False, False)] == [1, 0, 0]


@given(GLANCES)
def test_a_key_names_one_line_and_the_order_of_looks_does_not_matter(glances: list[Glance]) -> None:
    found = unusual(RULE.values(), glances, Known())
    assert len({(f.rule, f.key) for f in found}) == len(found)
    assert all(len(f.key) <= 80 for f in found)
    assert {(f.rule, f.key, f.number) for f in unusual(RULE.values(), glances[::-1], Known())} == {
        (f.rule, f.key, f.number) for f in found
    }


@given(st.lists(st.tuples(st.sampled_from([None, *READERS]), st.sampled_from(["unit", "broken", ""]),
                          st.integers(0, 1439), st.sampled_from("abcdefghij")), max_size=60))  # fmt: skip
def test_summing_counts_every_look_once(looks: list[tuple[UUID | None, str, int, str]]) -> None:
    seen = [Seen(who, basis, DAY + timedelta(minutes=minute), page) for who, basis, minute, page in looks]
    rows = summed(seen)
    assert sum(row[4] for row in rows) == len(seen)
    assert {(row[0], row[1]) for row in rows} == {(s.staff.hex if s.staff else "", s.basis) for s in seen}
    for staff, basis, first, last, _, pages in rows:
        mine = [
            s.at.hour * 60 + s.at.minute for s in seen if (s.staff.hex if s.staff else "", s.basis) == (staff, basis)
        ]
        assert (first, last) == (min(mine), max(mine)) and 1 <= len(pages) <= 6
