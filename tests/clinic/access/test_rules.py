"""Who reads what, over every role, every tie and every label; and how long a tie lasts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qafila.clinic.access import rules
from qafila.clinic.access.rules import Basis, Sight, Ties
from qafila.clinic.cases.transitions import OPEN, OVER
from qafila.kernel.rights import Grants
from qafila.packs import load
from qafila.packs.access import LEVELS

NAMES = ("unit", "nobodys", "case", "present", "grace", "broken")
EVERY = [Ties(**dict(zip(NAMES, flags, strict=True))) for flags in product((False, True), repeat=len(NAMES))]
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


def scopes(role: str) -> dict[str, str]:
    return dict(load.roles()[role].rights)


def sees(role: str, ties: Ties, level: int) -> Sight:
    held, label = scopes(role), load.access().labelled(level)
    if rules.basis(held.get("person.read"), ties) is None:
        return Sight.NOTHING
    return rules.sight(held.get(label.sees), held.get(label.knows) if label.knows else None, ties)


@pytest.mark.parametrize("role", sorted(load.roles()))
def test_without_a_tie_nobody_reads_but_whose_right_is_over_all(role: str) -> None:
    held = scopes(role)
    for right in ("person.read", "visit.read", "case.read"):
        why = rules.basis(held.get(right), Ties())
        assert (why == Basis.ALL) if held.get(right) == "all" else why is None
    assert {r for r in load.roles() if scopes(r).get("person.read") == "all"} == {"coordinator", "privacy_officer"}


@pytest.mark.parametrize("role", sorted(load.roles()))
def test_a_tie_opens_never_more_than_the_role(role: str) -> None:
    for ties in EVERY:
        seen = [sees(role, ties, level) for level in range(len(LEVELS))]
        # Who sees the stricter label sees the milder one.
        order = [Sight.NOTHING, Sight.KNOWS, Sight.SEES]
        assert [order.index(s) for s in seen] == sorted((order.index(s) for s in seen), reverse=True)
        if "person.read" not in scopes(role):
            assert set(seen) == {Sight.NOTHING}


def test_who_treats_sees_and_the_others_know_where_the_rule_says_so() -> None:
    own = Ties(unit=True)
    table = {role: [sees(role, own, level).value for level in (1, 2)] for role in ("assistant", "nurse", "doctor",
             "registrar", "supervisor", "coordinator", "admin")}  # fmt: skip
    assert table == {
        "assistant": ["nothing", "nothing"],
        "nurse": ["sees", "knows"],
        "doctor": ["sees", "sees"],
        "registrar": ["nothing", "nothing"],
        "supervisor": ["knows", "knows"],
        "coordinator": ["knows", "knows"],
        "admin": ["nothing", "nothing"],
    }
    assert [sees("specialist", Ties(case=True), level) for level in range(3)] == [Sight.SEES] * 3


def test_emergency_access_replaces_the_tie_and_not_the_right() -> None:
    broken = Ties(broken=True)
    for role in load.roles():
        for level in range(3):
            usual = Ties(unit=True, case=True)
            assert sees(role, broken, level) == sees(role, usual, level)


def test_a_specialist_has_nothing_of_units_and_a_crew_nothing_of_presence_elsewhere() -> None:
    assert rules.basis("case", Ties(unit=True, present=True, nobodys=True)) is None
    assert rules.basis("own_unit", Ties(case=True)) == Basis.CASE
    assert rules.basis("own_unit", Ties(present=True, broken=True)) == Basis.PRESENT


@given(st.sampled_from(sorted(OPEN | OVER)), st.booleans(),
       st.none() | st.integers(0, 100), st.integers(0, 60))  # fmt: skip
def test_a_case_is_read_as_long_as_it_needs_it(status: str, again: bool, ago: int | None, grace: int) -> None:
    ended = NOW - timedelta(days=ago) if ago is not None else None
    why = rules.needs_reading(status, OVER, again, ended, NOW, timedelta(days=grace))
    if status not in OVER or again:
        assert why == Basis.CASE
    else:
        assert why == (Basis.GRACE if ago is not None and ago < grace else None)


@given(st.integers(-50, 50), st.integers(-50, 50), st.none() | st.integers(-50, 50))
def test_a_grant_holds_from_its_start_to_its_end(start: int, length: int, ended: int | None) -> None:
    starts, until = NOW + timedelta(hours=start), NOW + timedelta(hours=start + length)
    over = NOW + timedelta(hours=ended) if ended is not None else None
    held = rules.holds(starts, until, over, NOW)
    assert held == (start <= 0 < start + length and (ended is None or ended > 0))


def test_the_union_of_two_roles_reads_through_both() -> None:
    both = Grants.of_roles({c: r.rights for c, r in load.roles().items()}, ["doctor", "specialist"])
    assert rules.basis(both.scope("person.read"), Ties(case=True)) == Basis.CASE
    assert rules.basis(both.scope("person.read"), Ties(unit=True)) == Basis.UNIT
