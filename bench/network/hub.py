"""One specialty of the hub through a year, event by event, driven by the program's own rules: `choose` and
`distribute` (who gets a case, which goes first), `relieve`, and the escalation table. The baseline beside it takes
cases in the order in which they came.

A specialist works on one case at a time; an emergency interrupts anything but another emergency. Whatever is begun is
finished after the shift's end. The job that lets the line move runs every five seconds, as on a hub.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain
from uuid import UUID

from bench.network.crews import Crew
from bench.network.demand import DAYS, START, Arrival
from qafila.clinic.cases import escalation, routing
from qafila.clinic.cases.routing import Candidate, Choice, Facts, Held, Waiting

TICK = 1 / 12
"""Minutes between two runs of the routing job."""
NOTICE = 0.4
"""Minutes until somebody turns to the next case."""
LOOK, FIRST = 0.2, 0.3
"""Share of the time to answer after which a case is declined, or more is asked."""
COORDINATOR = 20.0
"""Minutes until the coordinator gives a declined case to somebody."""
RECEIVED, ASSIGNED, ACCEPTED, MORE_ASKED, ANSWERED, DECLINED = (
    "received", "assigned", "accepted", "more_asked", "answered", "declined",
)  # fmt: skip


@dataclass(slots=True, eq=False)
class Case:
    """A case and what became of it."""

    arrival: Arrival
    waiting: Waiting
    promised: float
    """Minutes."""
    left: float
    status: str = RECEIVED
    asks: float = 0.0
    declines: str = ""
    steps: set[str] = field(default_factory=set)
    answered: float = math.inf
    unmet: bool = False
    by_hand: bool = False


@dataclass(slots=True, eq=False)
class Person:
    """A specialist at work."""

    staff: UUID
    mine: list[Case] = field(default_factory=list)
    current: Case | None = None
    begun: float = 0.0
    turn: int = 0
    """Counts beginnings: an ending of an earlier one is void."""


class Hub:
    """The year of one specialty. `run` gives the cases."""

    def __init__(self, crew: Crew, arrivals: list[Arrival], minutes: dict[str, int], *, first_come: bool) -> None:
        self.crew, self.first_come = crew, first_come
        self.now = 0.0
        self.events: list[tuple[float, int, str, object]] = []
        self.number = 0
        self.people = {one: Person(one) for one in crew.people}
        self.on: dict[UUID, Candidate] = {}
        self.line: list[tuple[object, int, Case]] = []
        self.ticking = False
        self.idle_since: float | None = None
        self.idle_worst = 0.0
        ids = list(crew.people)
        self.cases = [self._case(one, ids, minutes[one.urgency]) for one in arrivals]
        self.by_id = {c.arrival.case: c for c in self.cases}
        for case in self.cases:
            self._at(case.arrival.received, "arrive", case)
        for moment in sorted({s.begins for s in crew.shifts} | {s.ends for s in crew.shifts}):
            self._at(moment, "shift", None)
        self.next_shift = 0
        self.serving: list[tuple[float, UUID]] = []

    def _case(self, one: Arrival, ids: list[UUID], promised: int) -> Case:
        known = frozenset({ids[int(one.again * len(ids))]}) if one.again >= 0 else frozenset()
        facts = Facts(one.specialty, one.language, known, frozenset(), one.urgency, "", one.wish)
        since = _moment(one.received)
        waiting = Waiting(one.case, facts, since + timedelta(minutes=promised), since)
        return Case(one, waiting, promised, one.service, asks=one.asked, declines=one.declined)

    def run(self) -> list[Case]:
        """Let the year pass."""
        acts = {"arrive": self._arrive, "done": self._done, "tick": self._tick, "shift": self._shift,
                "step": self._step, "supply": self._supply, "coordinator": self._coordinator}  # fmt: skip
        end = DAYS * 1440.0
        while self.events and self.events[0][0] <= end:
            moment, _, kind, what = heapq.heappop(self.events)
            self.now = moment
            acts[kind](what)  # type: ignore[operator]
            self._watch_idle()
        return self.cases

    def _at(self, moment: float, kind: str, what: object) -> None:
        self.number += 1
        heapq.heappush(self.events, (moment, self.number, kind, what))

    # --- the line -----------------------------------------------------------------------------

    def _arrive(self, case: Case) -> None:
        self._queue(case)
        if not self.first_come:
            self._at(self.now + case.promised * escalation.steps_of(case.arrival.urgency)[0].share, "step", case)
        self._pull()

    def _queue(self, case: Case) -> None:
        case.status = RECEIVED
        key = case.arrival.received if self.first_come else routing.order(case.waiting)
        self.number += 1
        heapq.heappush(self.line, (key, self.number, case))

    def _pull(self) -> None:
        if self.first_come:
            free = sorted(s for s, c in self.on.items() if c.hands == 0)
            while free and self.line:
                case, who = heapq.heappop(self.line)[2], free.pop(0)
                case.unmet = bool(case.arrival.wish) and self.on[who].sex != case.arrival.wish
                self._give(case, who)
            return
        if not self.line or not any(routing.has_room(c, self.line[0][2].arrival.urgency) for c in self.on.values()):
            return  # as `distribute` would find at the first case
        back = []
        for one, found in routing.distribute(self._in_order(), self.on.values()):
            case = self.by_id[one.case]
            if isinstance(found, Choice):
                case.unmet = found.unmet is not None
                self._give(case, found.staff)
            else:
                back.append(case)
                if found.kind == "off_duty" or (found.kind == "busy" and not one.facts.declined_by):
                    break  # nobody behind it can be given either
        for case in back:
            self._queue(case)

    def _in_order(self) -> Iterator[Waiting]:
        while self.line:
            yield heapq.heappop(self.line)[2].waiting

    def _tick(self, _: object) -> None:
        self.ticking = False
        self._pull()
        if self.first_come or all(c.hands for c in self.on.values()):
            return
        held = [
            Held(case.waiting, pk)
            for pk, c in self.on.items()
            if c.hands > 1
            for case in self.people[pk].mine
            if case.status == ASSIGNED and not case.by_hand
        ]
        for one, choice in routing.relieve(self.on.values(), held):
            case = self.by_id[one.waiting.case]
            self._drop(case, one.staff)
            self._give(case, choice.staff)

    def _soon(self) -> None:
        if not self.ticking:
            self.ticking = True
            self._at((math.floor(self.now / TICK) + 1) * TICK, "tick", None)

    # --- in somebody's hands ------------------------------------------------------------------

    def _give(self, case: Case, staff: UUID, status: str = ASSIGNED) -> None:
        person = self.people[staff]
        case.status = status
        person.mine.append(case)
        self._count(staff, case, 1)
        self._soon()
        urgent = case.arrival.urgency == "emergency" and not self.first_come
        if urgent and person.current is not None and person.current.arrival.urgency != "emergency":
            self._put_aside(person)
        if person.current is None:
            self._begin(person)

    def _count(self, staff: UUID, case: Case, change: int) -> None:
        if staff in self.on:
            self.on[staff] = self.on[staff].with_one(case.arrival.urgency, change)

    def _drop(self, case: Case, staff: UUID) -> None:
        self.people[staff].mine.remove(case)
        self._count(staff, case, -1)

    def _put_aside(self, person: Person) -> None:
        case = person.current
        assert case is not None
        case.left = max(0.1, case.left - max(0.0, self.now - person.begun)) + NOTICE
        person.mine.append(case)
        person.current, person.turn = None, person.turn + 1

    def _begin(self, person: Person) -> None:
        """The most pressing of one's cases; off duty only what was begun before."""
        ready = person.mine if person.staff in self.on else [c for c in person.mine if c.left < c.arrival.service]
        if not ready:
            return
        case = min(ready, key=lambda c: c.arrival.received if self.first_come else routing.order(c.waiting))
        person.mine.remove(case)
        person.current, person.begun, person.turn = case, self.now + NOTICE, person.turn + 1
        case.status = ACCEPTED
        first = case.arrival.service == case.left
        spent = case.left * (LOOK if first and case.declines else FIRST if first and case.asks else 1)
        self._at(person.begun + spent, "done", (person, person.turn))

    def _done(self, what: tuple[Person, int]) -> None:
        person, turn = what
        case = person.current
        if case is None or person.turn != turn:
            return
        person.current = None
        self._count(person.staff, case, -1)
        if case.left == case.arrival.service and case.declines:
            self._decline(case, person)
        elif case.left == case.arrival.service and case.asks:
            case.status, case.left = MORE_ASKED, case.left * (1 - FIRST)
            self._at(self.now + case.asks, "supply", (case, person))
        else:
            case.status, case.answered = ANSWERED, self.now
        self._begin(person)
        self._soon()

    def _decline(self, case: Case, person: Person) -> None:
        facts = case.waiting.facts
        known = replace(facts, declined_by=facts.declined_by | {person.staff})
        case.waiting = replace(case.waiting, facts=known)
        personal, case.declines = case.declines == "personal", ""
        if personal or self.first_come:
            self._queue(case)
        else:
            case.status = DECLINED
            self._at(self.now + COORDINATOR, "coordinator", case)

    def _coordinator(self, case: Case) -> None:
        if case.status == DECLINED:
            found = routing.choose(self.on.values(), case.waiting.facts)
            if isinstance(found, Choice):
                case.by_hand = True
                self._give(case, found.staff)
            else:
                self._queue(case)

    def _supply(self, what: tuple[Case, Person]) -> None:
        case, person = what
        if case.status == MORE_ASKED:
            self._give(case, person.staff, ACCEPTED)

    # --- shifts -------------------------------------------------------------------------------

    def _shift(self, _: object) -> None:
        shifts = self.crew.shifts
        while self.next_shift < len(shifts) and shifts[self.next_shift].begins <= self.now:
            one = shifts[self.next_shift]
            self.serving.append((one.ends, one.staff))
            self.next_shift += 1
        self.serving = [s for s in self.serving if s[0] > self.now]
        serving = {staff for _, staff in self.serving}
        for staff in sorted(set(self.on) - serving):
            del self.on[staff]
            person = self.people[staff]
            for case in [c for c in person.mine if c.status == ASSIGNED and not c.by_hand]:
                person.mine.remove(case)
                self._queue(case)
        for staff in sorted(serving - set(self.on)):
            person = self.people[staff]
            fresh = self.crew.people[staff]
            for case in [*person.mine, *([person.current] if person.current else [])]:
                fresh = fresh.with_one(case.arrival.urgency)
            self.on[staff] = fresh
            if person.current is None:
                self._begin(person)
        self._soon()

    # --- clocks -------------------------------------------------------------------------------

    def _step(self, case: Case) -> None:
        if case.status == ANSWERED:
            return
        deadline = case.waiting.deadline
        assert deadline is not None
        # A second of grace: minutes are floats here.
        now = _moment(self.now) + timedelta(seconds=1)
        step = escalation.due(case.arrival.urgency, case.status, case.waiting.since, deadline, now, case.steps)
        self._take_back(case)
        if step is not None and (step.act != escalation.PASS_ON or self._pass_on(case)):
            case.steps.add(step.act)
        passed = (self.now - case.arrival.received) / case.promised + 1e-6
        later = [s.share for s in escalation.steps_of(case.arrival.urgency) if s.share > passed]
        again = case.arrival.received + case.promised * later[0] if later else self.now + 30
        if escalation.ESCALATE not in case.steps:
            self._at(again, "step", case)

    def _take_back(self, case: Case) -> None:
        """Somebody off duty has it, and half of its time has passed: as `pressing.release`."""
        owner = next((p for p in self.people.values() if case in p.mine), None) if case.status == ACCEPTED else None
        if owner is not None and owner.staff not in self.on:
            owner.mine.remove(case)
            self._queue(case)
            self._soon()

    def _pass_on(self, case: Case) -> bool:
        owner = next(p for p in self.people.values() if case in p.mine)
        found = routing.choose([c for c in self.on.values() if c.staff != owner.staff], case.waiting.facts)
        if isinstance(found, Choice):
            self._drop(case, owner.staff)
            self._give(case, found.staff)
            return True
        return False

    # --- what is watched ----------------------------------------------------------------------

    def _watch_idle(self) -> None:
        if self._somebody_idles():
            if self.idle_since is None:
                self.idle_since = self.now
            self.idle_worst = max(self.idle_worst, self.now - self.idle_since)
        elif self.idle_since is not None:
            self.idle_worst = max(self.idle_worst, self.now - self.idle_since)
            self.idle_since = None

    def _somebody_idles(self) -> bool:
        """Whether somebody on duty has nothing in hand while a case that they may have is in line, or lies unbegun
        with a colleague who has another one."""
        idle = [s for s, c in self.on.items() if c.hands == 0]
        if not idle or (not self.line and all(c.hands < 2 for c in self.on.values())):
            return False
        # Lazily: the line may be long, and nearly always its first case decides.
        waiting = chain((c for _, _, c in self.line), self._unbegun())
        return any(s not in c.waiting.facts.declined_by for c in waiting for s in idle)

    def _unbegun(self) -> Iterator[Case]:
        for pk, one in self.on.items():
            if one.hands > 1 and not self.first_come:
                yield from (c for c in self.people[pk].mine if c.status == ASSIGNED and not c.by_hand)

    def orphans(self) -> int:
        """Unanswered cases that are in nobody's hands, in no line, and for which nothing is under way."""
        held = {id(c) for _, _, c in self.line}
        held |= {id(c) for p in self.people.values() for c in (*p.mine, p.current) if c is not None}
        held |= {id(w[0]) for _, _, kind, w in self.events if kind == "supply"}  # type: ignore[index]
        held |= {id(w) for _, _, kind, w in self.events if kind in ("coordinator", "arrive")}
        return sum(c.status != ANSWERED and id(c) not in held for c in self.cases)


def _moment(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)
