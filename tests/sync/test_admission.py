"""The door of a hub's process: nobody is kept longer than a unit waits, and those who are sent away find room when they
come back as told."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from qafila.sync.admission import FIRST_RATE, LATEST_S, PATIENCE_S, SOONEST_S, Admission

THREADS = 4


@dataclass
class Hub:
    """A hub with a clock of its own: requests are answered one after the other, `rate` in a second."""

    rate: float
    now: float = 0.0
    served: dict[int, float] = field(default_factory=dict)
    longest: float = 0.0
    attempts: int = 0

    def storm(self, units: int) -> None:
        """All call in the same moment; whoever is sent away comes back when told."""
        door = Admission(lambda: self.now, THREADS)
        calls = [(0.0, unit) for unit in range(units)]
        inside: list[tuple[float, float, int]] = []
        free = 0.0
        while calls or inside:
            if inside and (not calls or inside[0][0] <= calls[0][0]):
                self.now, came, unit = heapq.heappop(inside)
                door.leave()
                self.served[unit] = self.now
                self.longest = max(self.longest, self.now - came)
                continue
            self.now, unit = heapq.heappop(calls)
            self.attempts += 1
            wait = door.enter(begins=True)
            if wait:
                assert SOONEST_S <= wait <= LATEST_S + 1
                heapq.heappush(calls, (self.now + wait, unit))
                continue
            free = max(free, self.now) + 1 / self.rate
            heapq.heappush(inside, (free, self.now, unit))


@given(st.floats(15, 400), st.integers(1, 6000))
def test_a_storm_is_served_as_fast_as_the_hub_can(rate: float, units: int) -> None:
    hub = Hub(rate)
    hub.storm(units)
    assert len(hub.served) == units
    # Those who all call in one moment are given their turns before the hub knows that it is quicker than it supposes.
    assert max(hub.served.values()) <= units / min(rate, FIRST_RATE) * 1.5 + SOONEST_S + 4
    assert hub.attempts <= units * 3 + 100
    # Before it knows its own pace it may let in a few too many.
    assert hub.longest <= PATIENCE_S * 2 + 1


def test_who_has_begun_is_let_in_where_who_begins_is_not() -> None:
    door = Admission(lambda: 0.0, THREADS)
    while not door.enter(begins=True):
        pass
    assert door.enter(begins=False) == 0


def test_who_brings_an_urgent_case_is_let_in_where_nobody_else_is() -> None:
    door = Admission(lambda: 0.0, THREADS)
    while not door.enter(begins=False):
        pass
    assert door.enter(begins=True, pressing=True) == 0
    # But not without end: what is promised to those inside has to be kept.
    assert any(door.enter(begins=True, pressing=True) for _ in range(1000))


def test_an_idle_hub_lets_everybody_in_whatever_was_before() -> None:
    now = 0.0
    door = Admission(lambda: now, THREADS)
    for _ in range(500):
        if not door.enter(begins=True):
            now += 0.5
            door.leave()
    assert door.enter(begins=True) == 0
