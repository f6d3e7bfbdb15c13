"""Whom a case goes to."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from qafila.clinic.cases.routing import Candidate, Choice, Facts, Nobody, choose

STAFF = [UUID(int=n) for n in range(1, 7)]
candidate = st.builds(
    Candidate,
    staff=st.sampled_from(STAFF),
    name=st.sampled_from(["Amal", "Badr", "Chafik"]),
    specialties=st.frozensets(st.sampled_from(["cardiology", "dermatology"])),
    on_duty=st.booleans(),
    languages=st.frozensets(st.sampled_from(["ar", "fr", "ber"])),
    load=st.integers(0, 30),
)
people = st.lists(candidate, unique_by=lambda c: c.staff, max_size=6)
facts = st.builds(
    Facts,
    specialty=st.just("cardiology"),
    language=st.sampled_from(["", "ar", "fr", "es"]),
    known_by=st.frozensets(st.sampled_from(STAFF)),
    declined_by=st.frozensets(st.sampled_from(STAFF)),
)


@given(people, facts)
def test_nobody_off_duty_of_another_specialty_or_unwilling_is_ever_chosen(crew: list[Candidate], case: Facts) -> None:
    found = choose(crew, case)
    able = {c.staff for c in crew if c.on_duty and case.specialty in c.specialties and c.staff not in case.declined_by}
    if isinstance(found, Choice):
        assert found.staff in able and str(found.reason)
    else:
        assert isinstance(found, Nobody) and not able and str(found.reason)


@given(people, facts, st.randoms())
def test_the_order_of_the_list_does_not_matter(crew: list[Candidate], case: Facts, random) -> None:
    shuffled = list(crew)
    random.shuffle(shuffled)
    assert choose(crew, case) == choose(shuffled, case)


def _heart(n: int, load: int = 0, *languages: str) -> Candidate:
    return Candidate(STAFF[n], f"Dr {n}", frozenset({"cardiology"}), True, frozenset(languages), load)


def test_continuity_then_language_then_load() -> None:
    crew = [_heart(0, 1, "fr"), _heart(1, 3, "ar"), _heart(2, 0, "fr")]
    assert choose(crew, Facts("cardiology", "es")).staff == STAFF[2]
    assert choose(crew, Facts("cardiology", "ar")).staff == STAFF[1]
    assert choose(crew, Facts("cardiology", "ar", frozenset({STAFF[0]}))).staff == STAFF[0]
    assert choose([_heart(0, 9), _heart(1, 0)], Facts("cardiology", "", frozenset({STAFF[0]}))).staff == STAFF[1]
