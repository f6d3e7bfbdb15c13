"""The authorisation matrix: every address × every role × whose record it is, against a table of rules.

`authorisation.toml` says of each address which right opens it and what stands in its places; `roles.toml` says who
holds that right, and how far it reaches. Neither is read from the views. `tests/security` asks the whole matrix; here
every role that lacks a right is tried, and of those who hold it one of each reach.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.test.utils import override_settings

from qafila.journal.here import Here
from qafila.packs import load
from tests.web.desk import desk
from tests.web.matrix import (
    EVERY,
    NOBODY,
    OTHER_PATIENT,
    OWN,
    RULES,
    circumstances,
    expected,
    holds,
    let_past,
    make_world,
    path,
    places,
    refused,
    wrong,
)


def test_every_address_has_a_rule_and_every_rule_an_address() -> None:
    names = [name for name, _ in EVERY]
    assert [name for name, n in Counter(names).items() if n > 1] == [], "two addresses of one name"
    assert sorted(set(names) - set(RULES)) == [], "who may open these? say so in authorisation.toml"
    assert sorted(set(RULES) - set(names)) == [], "rules of addresses that are no more"
    for name, pattern in EVERY:
        assert set(places(name)) == set(pattern.pattern.converters), f"{name}: what stands in its places?"


def test_every_address_for_every_role(unit: Here) -> None:
    sessions = override_settings(SESSION_ENGINE="django.contrib.sessions.backends.cache")
    with desk(unit), sessions:
        world = make_world("H")
        found = [wrong(world, *cell) for cell in reached_for()]
        found += [let_past(world, name, role) for name, role in lacking()]
    assert not (said := list(filter(None, found))), "\n".join(said)


def lacking() -> Iterator[tuple[str, str]]:
    """Address and role wherever the role has nothing to do with the page at all."""
    for name, _ in EVERY:
        for role in (NOBODY, *load.roles()):
            if not holds(name, role):
                yield name, role


def reached_for() -> Iterator[tuple[str, str, str]]:
    """One role of each reach: its own, and whatever it does not reach. Who lacks the right: one of them, through
    everything that stands before a page."""
    for name, _ in EVERY:
        reaches: set[tuple[str, ...]] = set()
        for role in load.roles():
            inside = tuple(one for one in circumstances(name) if expected(name, role, one))
            if inside in reaches:
                continue
            reaches.add(inside)
            if inside:
                yield from ((name, role, one) for one in circumstances(name) if one not in inside)
            if not (inside and RULES[name].get("drawn")):
                yield name, role, OWN


PAIRS = {"records:double", "nurse:arrived_one"}
"""Addresses that name two people on purpose, or a reading of a station, which is nobody's yet."""


def test_what_belongs_to_somebody_else_is_not_there(unit: Here) -> None:
    """Addresses with two things in them: the first of one person, the second of another."""
    found = []
    with desk(unit), override_settings(SESSION_ENGINE="django.contrib.sessions.backends.cache"):
        world = make_world("H")
        for name, _ in EVERY:
            kinds = [said for said in places(name).values() if said[0] != "="]
            if len(kinds) < 2 or name in PAIRS:
                continue
            mixed = world.rows[OWN] | {kind: world.rows[OTHER_PATIENT][kind] for kind in kinds[1:]}
            role = next(one for one in load.roles() if expected(name, one, OWN) and expected(name, one, OTHER_PATIENT))
            for method in ("GET", "POST"):
                answer = world.ask(role, method, path(name, mixed))
                if answer.status_code not in (404, 405) and not refused(answer):
                    found.append(f"{name}: {role}: {method} {answer.status_code}")
    assert found == []
