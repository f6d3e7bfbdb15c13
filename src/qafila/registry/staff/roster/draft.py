"""A first draft of a week for one specialty: pure; the solver (OR-Tools CP-SAT) is loaded only when asked.

In lexicographic stages, each as good as can be without giving up anything of the one before: as few unfilled places as
possible; then the work spread evenly, that of earlier weeks counted; then what people like. One worker, a fixed seed
and a bound in deterministic time: the same question gives the same draft on the same machine and version.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from qafila.kernel.text import N_

SEED = 20260101
EFFORT = 4.0
"""Deterministic time of a stage, about seconds."""
SECONDS = 20.0
"""Of a stage, at the very most."""

AWAY = N_("on leave")
FULL = N_("has all shifts of the week")
RESTS = N_("rests before or after a night")
BUSY = N_("has two shifts on that day, or another one in that half-day")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A half-day of a day."""

    day: date
    half: str


@dataclass(frozen=True, slots=True)
class Worker:
    """Somebody who may be put into the week. `carry`: shifts beyond the average of earlier weeks; `likes`: place → 1
    (likes it) or -1 (rather not); `taken`: half-days in which they serve otherwise."""

    staff: UUID
    most: int = 6
    away: frozenset[date] = frozenset()
    carry: int = 0
    likes: Mapping[Place, int] = field(default_factory=dict)
    taken: frozenset[Place] = frozenset()


@dataclass(frozen=True, slots=True)
class Short:
    """A place that stays short, and what keeps each of the others: reason (msgid) → how many people."""

    place: Place
    missing: int
    why: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Draft:
    """`shifts`: who is where; `short`: what stays short and why; `spread`: most minus least work; `liked`: wishes met
    minus wishes hurt; `proven`: every stage is known to be the best there is."""

    shifts: tuple[tuple[UUID, Place], ...]
    short: tuple[Short, ...]
    spread: int
    liked: int
    proven: bool


def rests(one: Place, other: Place) -> bool:
    """Whether nobody does both: a night, and the afternoon before it or the morning or afternoon after it."""
    for night, day in ((one, other), (other, one)):
        if night.half == "night" and (
            (day.day == night.day and day.half == "pm")
            or (day.day == night.day + timedelta(days=1) and day.half in ("am", "pm"))
        ):
            return True
    return False


def obstacle(worker: Worker, place: Place, mine: Sequence[Place]) -> str:
    """Why somebody with the shifts `mine` cannot take one more place; "" = nothing."""
    held = [*mine, *worker.taken]
    if place.day in worker.away or (place.half == "night" and place.day + timedelta(days=1) in worker.away):
        return AWAY
    if place in held or sum(p.day == place.day for p in held) >= 2:
        return BUSY
    if any(rests(place, other) for other in held):
        return RESTS
    return FULL if len(mine) >= worker.most else ""


def roster_draft(needs: Mapping[Place, int], workers: Sequence[Worker], *, effort: float = EFFORT) -> Draft:
    """The draft of a week; `needs`: place → people. Any `needs` and `workers` give one; nobody is put beyond a need."""
    crew = sorted(workers, key=lambda w: w.staff.hex)
    places = sorted(p for p, people in needs.items() if people > 0)
    week = _Week({p: needs[p] for p in places}, crew, effort)
    proven = week.stages()
    taken = week.chosen()
    by_worker: dict[UUID, list[Place]] = {w.staff: [p for s, p in taken if s == w.staff] for w in crew}
    filled = Counter(place for _, place in taken)
    short = tuple(Short(p, needs[p] - filled[p], _why(p, crew, by_worker)) for p in places if needs[p] > filled[p])
    loads = [w.carry + len(by_worker[w.staff]) for w in crew]
    liked = sum(w.likes.get(p, 0) for w in crew for p in by_worker[w.staff])
    return Draft(tuple(taken), short, max(loads, default=0) - min(loads, default=0), liked, proven)


def _why(place: Place, crew: Sequence[Worker], held: Mapping[UUID, Sequence[Place]]) -> dict[str, int]:
    found = Counter(obstacle(w, place, held[w.staff]) for w in crew if place not in held[w.staff])
    return dict(sorted(found.items()))


class _Week:
    """The model of the solver. A hint of the stage before makes each stage begin where that one ended."""

    def __init__(self, needs: Mapping[Place, int], crew: Sequence[Worker], effort: float) -> None:
        from ortools.sat.python import cp_model

        self.cp, self.effort = cp_model, effort
        self.model: Any = cp_model.CpModel()
        self.crew = crew
        self.works = {
            (n, p): self.model.new_bool_var(f"{n} {p.day} {p.half}")
            for n, worker in enumerate(crew)
            for p in sorted(needs)
            if not obstacle(worker, p, ()) or worker.most < 1
        }
        self.values: dict[tuple[int, Place], int] = dict.fromkeys(self.works, 0)
        self.missing = []
        for place, people in needs.items():
            here = [var for (_, p), var in self.works.items() if p == place]
            lacks = self.model.new_int_var(0, people, "")
            self.model.add(sum(here) + lacks == people)
            self.missing.append(lacks)
        for n, worker in enumerate(crew):
            self._limits(n, worker)

    def _limits(self, n: int, worker: Worker) -> None:
        mine = {p: var for (m, p), var in self.works.items() if m == n}
        self.model.add(sum(mine.values()) <= max(0, worker.most))
        for day in sorted({p.day for p in mine}):
            already = sum(p.day == day for p in worker.taken)
            self.model.add(sum(var for p, var in mine.items() if p.day == day) <= max(0, 2 - already))
        ordered = sorted(mine)
        for i, one in enumerate(ordered):
            for other in ordered[i + 1 :]:
                if rests(one, other):
                    self.model.add_at_most_one([mine[one], mine[other]])

    def stages(self) -> bool:
        short = sum(self.missing)
        proven, best = self._minimise(short)
        self.model.add(short <= best)
        if self.crew:
            loads = [
                w.carry + sum(var for (m, _), var in self.works.items() if m == n) for n, w in enumerate(self.crew)
            ]
            low, high = min(w.carry for w in self.crew), max(w.carry + max(0, w.most) for w in self.crew)
            most, least = self.model.new_int_var(low, high, "most"), self.model.new_int_var(low, high, "least")
            self.model.add_max_equality(most, loads)
            self.model.add_min_equality(least, loads)
            fair, best = self._minimise(most - least)
            self.model.add(most - least <= best)
            likes = sum(-w.likes.get(p, 0) * var for (n, p), var in self.works.items() for w in (self.crew[n],))
            happy, _ = self._minimise(likes)
            proven = proven and fair and happy
        return proven

    def _minimise(self, what: Any) -> tuple[bool, int]:
        """Whether it is proven to be the least, and the least found."""
        self.model.clear_hints()
        for key, var in self.works.items():
            self.model.add_hint(var, self.values[key])
        self.model.minimize(what)
        solver = self.cp.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = SEED
        solver.parameters.max_deterministic_time = self.effort
        solver.parameters.max_time_in_seconds = SECONDS
        state = solver.solve(self.model)
        if state not in (self.cp.OPTIMAL, self.cp.FEASIBLE):
            raise RuntimeError("the solver found nothing, though an empty week is always possible")
        self.values = {key: int(solver.value(var)) for key, var in self.works.items()}
        return state == self.cp.OPTIMAL, round(solver.objective_value)

    def chosen(self) -> list[tuple[UUID, Place]]:
        taken = [(p, self.crew[n].staff) for (n, p), value in self.values.items() if value]
        return [(staff, place) for place, staff in sorted(taken, key=lambda t: (t[0], t[1].hex))]
