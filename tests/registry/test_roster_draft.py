"""The draft of a week: never against the rules, as good as trying everything, and it says why a place stays short."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from itertools import product
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from qafila.registry.staff.roster.draft import Draft, Place, Worker, obstacle, rests, roster_draft

MONDAY = date(2026, 3, 2)
PLACES = [Place(MONDAY + timedelta(days=d), half) for d in range(3) for half in ("am", "pm", "night")]
places = st.sampled_from(PLACES)


def workers(most: int) -> st.SearchStrategy[list[Worker]]:
    one = st.builds(
        Worker,
        staff=st.integers(1, 40).map(lambda n: UUID(int=n)),
        most=st.integers(0, 4),
        away=st.frozensets(st.sampled_from([p.day for p in PLACES]), max_size=2),
        carry=st.integers(-2, 2),
        likes=st.dictionaries(places, st.sampled_from([-1, 1]), max_size=4),
        taken=st.frozensets(places, max_size=1),
    )
    return st.lists(one, max_size=most, unique_by=lambda w: w.staff)


def lawful(worker: Worker, mine: list[Place]) -> bool:
    return all(not obstacle(worker, p, [o for o in mine if o != p]) for p in mine)


@settings(max_examples=40)
@given(st.dictionaries(places, st.integers(0, 3)), workers(7))
def test_no_draft_breaks_a_rule_and_every_shortage_is_explained(needs: dict[Place, int], crew: list[Worker]) -> None:
    draft = roster_draft(needs, crew)
    filled = Counter(p for _, p in draft.shifts)
    assert len(set(draft.shifts)) == len(draft.shifts)
    assert all(filled[p] <= needs.get(p, 0) for p in filled)
    for one in crew:
        assert lawful(one, [p for s, p in draft.shifts if s == one.staff])
    assert {s.place: s.missing for s in draft.short} == {p: n - filled[p] for p, n in needs.items() if n > filled[p]}
    for short in draft.short:
        assert "" not in short.why, "somebody could have taken it"
        assert sum(short.why.values()) == len(crew) - filled[short.place]
    assert roster_draft(needs, list(reversed(crew))) == draft


def _score(needs: dict[Place, int], crew: list[Worker], given_: dict[UUID, list[Place]]) -> tuple[int, int, int]:
    filled = Counter(p for held in given_.values() for p in held)
    loads = [w.carry + len(given_[w.staff]) for w in crew]
    liked = sum(w.likes.get(p, 0) for w in crew for p in given_[w.staff])
    return sum(needs.values()) - sum(filled.values()), max(loads) - min(loads), -liked


def _best(needs: dict[Place, int], crew: list[Worker]) -> tuple[int, int, int]:
    order = sorted(needs)
    choices = []
    for one in crew:
        subsets = [
            [p for p, bit in zip(order, bits, strict=True) if bit] for bits in product((0, 1), repeat=len(order))
        ]
        choices.append([held for held in subsets if lawful(one, held)])
    found = []
    for held in product(*choices):
        filled = Counter(p for mine in held for p in mine)
        if all(filled[p] <= needs[p] for p in filled):
            found.append(_score(needs, crew, {w.staff: list(m) for w, m in zip(crew, held, strict=True)}))
    return min(found)


@settings(max_examples=25)
@given(st.dictionaries(places, st.integers(1, 2), min_size=1, max_size=4), workers(3).filter(bool))
def test_a_small_week_is_as_good_as_trying_everything(needs: dict[Place, int], crew: list[Worker]) -> None:
    draft = roster_draft(needs, crew)
    held = {w.staff: [p for s, p in draft.shifts if s == w.staff] for w in crew}
    assert draft.proven and _score(needs, crew, held) == _best(needs, crew)
    assert (draft.spread, -draft.liked) == _best(needs, crew)[1:]


def test_nights_are_followed_by_rest() -> None:
    night = Place(MONDAY, "night")
    tomorrow = MONDAY + timedelta(days=1)
    assert (
        rests(night, Place(MONDAY, "pm"))
        and rests(Place(tomorrow, "am"), night)
        and rests(night, Place(tomorrow, "pm"))
    )
    assert not rests(night, Place(MONDAY, "am")) and not rests(night, Place(tomorrow, "night"))


def test_a_week_of_thirty_people_is_drafted() -> None:
    week = [Place(MONDAY + timedelta(days=d), h) for d in range(7) for h in ("am", "pm", "night")]
    needs = {p: {"am": 8, "pm": 5, "night": 1}[p.half] for p in week}
    crew = [Worker(UUID(int=n + 1), likes={week[n % 21]: 1, week[(n * 5) % 21]: -1}) for n in range(30)]
    draft: Draft = roster_draft(needs, crew, effort=1.0)
    assert not draft.short and draft.spread <= 2


def test_nobody_at_all() -> None:
    draft = roster_draft({PLACES[0]: 2}, [])
    assert draft.short[0].missing == 2 and not draft.short[0].why and draft.proven
