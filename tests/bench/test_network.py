"""The network bench is driven by the rules and adds up."""

from __future__ import annotations

from bench.network.crews import Crew, Shift
from bench.network.demand import SPECIALTIES, URGENCIES, year
from bench.network.hub import ANSWERED, Hub
from bench.network.run import _of, _p
from qafila.clinic.cases.routing import Candidate

MINUTES = {"emergency": 15, "urgent": 240, "routine": 1440}


def _crew(code: str, people: int) -> Crew:
    from uuid import UUID

    ids = [UUID(int=n + 1) for n in range(people)]
    named = {one: Candidate(one, f"Dr {n}", frozenset({code}), True) for n, one in enumerate(ids)}
    return Crew(named, [Shift(0, 365 * 1440, one) for one in ids], 0)


def test_a_year_is_the_same_for_the_same_seed_and_has_all_kinds() -> None:
    one, again, other = year(2000, 20, 1), year(2000, 20, 1), year(2000, 20, 2)
    assert one == again != other
    assert {a.urgency for a in one} == set(URGENCIES) and {a.specialty for a in one} == set(SPECIALTIES)
    assert all(a.received >= a.sent for a in one) and one == sorted(one, key=lambda a: (a.received, a.case.int))


def test_nobody_falls_out_and_nobody_idles_whatever_the_policy() -> None:
    arrivals = [a for a in year(6000, 20, 3) if a.specialty == "cardiology"]
    for first_come in (False, True):
        hub = Hub(_crew("cardiology", 2), arrivals, MINUTES, first_come=first_come)
        cases = hub.run()
        assert len(cases) == len(arrivals) and hub.orphans() == 0 and hub.idle_worst <= 5
        answered = [c for c in cases if c.status == ANSWERED]
        assert len(answered) > 0.9 * len(cases)
        assert all(c.answered >= c.arrival.received + 0.2 * c.arrival.service for c in answered)
        told = _of(cases)
        assert told["in_time"] + told["unanswered"] <= told["cases"]


def test_percentiles() -> None:
    assert _p([1.0, 2.0, 3.0, 4.0], 0.5) == 3.0 and _p([], 0.95) == 0.0 and _p([float("inf")], 0.95) is None
