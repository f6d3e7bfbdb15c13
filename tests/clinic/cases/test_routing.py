"""Whom a case goes to, and which case goes first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from qafila.clinic.cases.routing import (
    LIMITS,
    RANK,
    Candidate,
    Choice,
    Facts,
    Held,
    Nobody,
    Waiting,
    choose,
    distribute,
    has_room,
    order,
    relieve,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
STAFF = [UUID(int=n) for n in range(1, 7)]
URGENCIES = st.sampled_from(sorted(RANK))
candidate = st.builds(
    Candidate,
    staff=st.sampled_from(STAFF),
    name=st.sampled_from(["Amal", "Badr", "Chafik"]),
    specialties=st.frozensets(st.sampled_from(["cardiology", "dermatology"])),
    on_duty=st.booleans(),
    languages=st.frozensets(st.sampled_from(["ar", "fr", "ber"])),
    hands=st.integers(0, 8),
    load=st.integers(0, 30),
    sex=st.sampled_from(["", "female", "male"]),
    skills=st.frozensets(st.sampled_from(["rhythm"])),
)
people = st.lists(candidate, unique_by=lambda c: c.staff, max_size=6)
facts = st.builds(
    Facts,
    specialty=st.just("cardiology"),
    language=st.sampled_from(["", "ar", "fr", "es"]),
    known_by=st.frozensets(st.sampled_from(STAFF)),
    declined_by=st.frozensets(st.sampled_from(STAFF), max_size=3),
    urgency=URGENCIES,
    skill=st.sampled_from(["", "rhythm"]),
    wish=st.sampled_from(["", "female", "male"]),
)
waiting = st.builds(
    Waiting,
    case=st.uuids(),
    facts=facts,
    deadline=st.one_of(st.none(), st.integers(0, 999).map(lambda m: NOW + timedelta(minutes=m))),
    since=st.integers(0, 99).map(lambda m: NOW - timedelta(minutes=m)),
)
lines = st.lists(waiting, max_size=25, unique_by=lambda w: w.case).map(lambda found: sorted(found, key=order))


@given(people, facts)
def test_nobody_off_duty_of_another_specialty_unwilling_or_full_is_ever_chosen(
    crew: list[Candidate], case: Facts
) -> None:
    found = choose(crew, case)
    willing = {
        c.staff: c for c in crew if c.on_duty and case.specialty in c.specialties and c.staff not in case.declined_by
    }
    able = {pk for pk, c in willing.items() if has_room(c, case.urgency)}
    if isinstance(found, Choice):
        assert found.staff in able and str(found.reason)
        best = willing[found.staff]
        assert (found.unmet is None) == (not case.wish or best.sex == case.wish)
        if case.urgency == "emergency":
            assert best.load == min(c.load for c in willing.values())
    else:
        assert isinstance(found, Nobody) and not able and str(found.reason)
        assert found.kind != "busy" or (willing and case.urgency != "emergency")


@given(people, facts, st.randoms())
def test_the_order_of_the_list_does_not_matter(crew: list[Candidate], case: Facts, random) -> None:
    shuffled = list(crew)
    random.shuffle(shuffled)
    assert choose(crew, case) == choose(shuffled, case)


@given(people, facts)
def test_a_wish_is_met_whenever_somebody_with_the_same_skill_and_room_can(crew: list[Candidate], case: Facts) -> None:
    found = choose(crew, case)
    if case.wish and not case.skill and case.urgency != "emergency" and isinstance(found, Choice):
        could = [
            c
            for c in crew
            if c.on_duty and case.specialty in c.specialties and c.staff not in case.declined_by
            and has_room(c, case.urgency) and c.sex == case.wish
        ]  # fmt: skip
        assert (found.unmet is None) == bool(could)


@given(lines, people)
def test_nobody_who_could_take_a_waiting_case_has_room_afterwards(line: list[Waiting], crew: list[Candidate]) -> None:
    hands = {c.staff: c for c in crew}
    left = []
    for one, found in distribute(line, crew):
        if isinstance(found, Choice):
            hands[found.staff] = hands[found.staff].with_one(one.facts.urgency)
        else:
            left.append(one)
    for one in left:
        assert isinstance(choose(hands.values(), one.facts), Nobody)
        assert one.facts.urgency != "emergency" or not [
            c for c in crew
            if c.on_duty and "cardiology" in c.specialties and c.staff not in one.facts.declined_by
        ]  # fmt: skip


@given(lines, people)
def test_nobody_is_passed_by_a_case_behind_them_whom_the_same_people_may_see(
    line: list[Waiting], crew: list[Candidate]
) -> None:
    lines_ = list(distribute(line, crew))
    for place, (one, found) in enumerate(lines_):
        if isinstance(found, Nobody) and found.kind == "busy":
            for later, what in lines_[place + 1 :]:
                if later.facts.declined_by >= one.facts.declined_by and later.facts.urgency == one.facts.urgency:
                    assert isinstance(what, Nobody)


@given(lines, people)
def test_relief_leaves_nobody_with_nothing_while_a_colleague_has_two(
    line: list[Waiting], crew: list[Candidate]
) -> None:
    crew = [c.with_one("routine", -c.hands) for c in crew]
    named = {c.staff: c for c in crew}
    held = []
    for one, found in distribute(line, crew):
        if isinstance(found, Choice):
            named[found.staff] = named[found.staff].with_one(one.facts.urgency)
            held.append(Held(one, found.staff))
    newcomer = Candidate(UUID(int=99), "Dounia", frozenset({"cardiology"}), True)
    moved = relieve([*named.values(), newcomer], held)
    to = [choice.staff for _, choice in moved]
    assert len(set(to)) == len(to) and all(named.get(t, newcomer).hands == 0 for t in to)
    given_up = [one.staff for one, _ in moved]
    now = {pk: c.hands - given_up.count(pk) + to.count(pk) for pk, c in named.items()}
    assert all(now[pk] >= 1 for pk in given_up)
    refused = {pk for one in held for pk in one.waiting.facts.declined_by}
    for idle in [pk for pk, n in now.items() if n == 0 and named[pk].on_duty and pk not in refused]:
        assert "cardiology" not in named[idle].specialties or not any(n > 1 for n in now.values())
    assert newcomer.staff in to or not any(n > 1 for n in now.values())


def _heart(n: int, hands: int = 0, *languages: str, **more: object) -> Candidate:
    known = {"load": hands, **more}
    return Candidate(STAFF[n], f"Dr {n}", frozenset({"cardiology"}), True, frozenset(languages), hands, **known)  # type: ignore[arg-type]


def test_skill_then_wish_then_continuity_then_language_then_load() -> None:
    crew = [
        _heart(0, 1, "fr", sex="male"),
        _heart(1, 2, "ar", sex="male", skills=frozenset({"rhythm"})),
        _heart(2, 0, "fr", sex="male"),
        _heart(3, 2, "fr", sex="female"),
    ]
    said = {
        "es": choose(crew, Facts("cardiology", "es")),
        "ar": choose(crew, Facts("cardiology", "ar")),
        "known": choose(crew, Facts("cardiology", "ar", frozenset({STAFF[0]}))),
        "wish": choose(crew, Facts("cardiology", "ar", frozenset({STAFF[0]}), wish="female")),
        "skill": choose(crew, Facts("cardiology", "fr", frozenset({STAFF[0]}), wish="female", skill="rhythm")),
        "emergency": choose(crew, Facts("cardiology", "ar", frozenset({STAFF[0]}), urgency="emergency")),
    }
    assert {k: v.staff for k, v in said.items() if isinstance(v, Choice)} == {
        "es": STAFF[2], "ar": STAFF[1], "known": STAFF[0], "wish": STAFF[3], "skill": STAFF[1], "emergency": STAFF[2],
    }  # fmt: skip
    assert "sub-specialty" in str(said["skill"].reason) and "could take" in str(said["skill"].unmet)  # type: ignore[union-attr]
    assert "as the person wishes" in str(said["wish"].reason) and "at once" in str(said["emergency"].reason)


def test_a_full_hand_is_not_filled_further_but_for_what_is_more_urgent() -> None:
    full = [_heart(n, LIMITS["routine"]) for n in range(2)]
    assert choose(full, Facts("cardiology")) == Nobody(choose(full, Facts("cardiology")).reason, "busy")
    assert isinstance(choose(full, Facts("cardiology", urgency="urgent")), Choice)
    buried = [_heart(0, 40), _heart(1, 41)]
    assert choose(buried, Facts("cardiology", urgency="emergency")).staff == STAFF[0]  # type: ignore[union-attr]


def test_the_line_goes_by_urgency_and_promise_and_never_by_arrival() -> None:
    def one(n: int, urgency: str, due: int) -> Waiting:
        return Waiting(UUID(int=n), Facts("cardiology", urgency=urgency), NOW + timedelta(minutes=due), NOW)

    held = [one(1, "routine", 5), one(2, "urgent", 300), one(3, "urgent", 20), one(4, "emergency", 15)]
    assert [w.case.int for w in sorted(held, key=order)] == [4, 3, 2, 1]
