"""The specialists of a year: drafted week by week with the program's own `roster_draft`, then sick leave strikes.

shifts          half-days as in the roster (8 to 14, 14 to 20, 20 to 8); five a week and person, at least one person
                in each of them in every specialty
staffing        half-days of the day in proportion to what is expected to arrive in each weekday's half, so that all
                the work is `load` of all the hours on duty, planned apart for winter, Ramadan, August and the rest
sick leave      4 % of working days in spells of one to five days (assumed); nobody replaces them, unless nobody at
                all were left: then the coordinator calls a colleague in
"""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from bench.network.demand import DAYS, RAMADAN, START, Arrival
from qafila.clinic.cases.routing import Candidate
from qafila.registry.staff.roster.draft import Place, Worker, roster_draft

FROM = {"am": 8 * 60, "pm": 14 * 60, "night": 20 * 60}
LASTS = {"am": 360, "pm": 360, "night": 720}
SHIFTS_A_WEEK = 5
SICK, SPELL = 0.04, (1, 5)
LEAST = {"am": 1, "pm": 1, "night": 1}


@dataclass(frozen=True, slots=True)
class Shift:
    """Somebody's half-day, minutes from the year's start."""

    begins: float
    ends: float
    staff: UUID


@dataclass(frozen=True)
class Crew:
    """A specialty's specialists and their shifts in order of time; `sick`: minutes lost."""

    people: dict[UUID, Candidate]
    shifts: list[Shift]
    sick: float

    @property
    def minutes(self) -> float:
        """On duty in the year."""
        return sum(s.ends - s.begins for s in self.shifts)


def staff(specialty: str, arrivals: list[Arrival], load: float, seed: int) -> Crew:
    """The crew of a specialty for these cases (all of its own)."""
    dice = random.Random(f"{seed} {specialty}")
    needs = {name: _needs([a for a in arrivals if _season(a.received // 1440) == name], days, load / (1 - SICK))
             for name, days in Counter(_season(day) for day in range(DAYS)).items()}  # fmt: skip
    # Nights take two places of a week: rest before and after.
    size = max(math.ceil((sum(n.values()) + LEAST["night"] * 28) / SHIFTS_A_WEEK) + 1 for n in needs.values())
    ids = [UUID(int=dice.getrandbits(128)) for _ in range(size)]
    crew = [Worker(one, most=SHIFTS_A_WEEK + 1) for one in ids]
    drafts = {name: roster_draft(_week(asked), crew, effort=1.0).shifts for name, asked in needs.items()}
    people = {
        one: Candidate(
            one,
            f"Dr {n:03}",
            frozenset({specialty}),
            True,
            frozenset({"fr", "ary"} | ({"tzm"} if n % 3 == 0 else set()) | ({"shi"} if n % 5 == 0 else set())),
            sex="female" if n % 2 else "male",
        )
        for n, one in enumerate(ids)
    }
    shifts, sick = _lived(drafts, ids, dice)
    return Crew(people, shifts, sick)


def _season(day: float) -> str:
    """Weeks are planned for each of these apart, as a coordinator does."""
    date = (START + timedelta(days=day)).date()
    if RAMADAN[0] <= date <= RAMADAN[1]:
        return "ramadan"
    return {8: "summer", 12: "winter", 1: "winter", 2: "winter"}.get(date.month, "")


def _week(needs: dict[tuple[int, str], int]) -> dict[Place, int]:
    return {Place(START.date() + timedelta(days=day), half): people for (day, half), people in needs.items()}


def _needs(arrivals: list[Arrival], days: int, load: float) -> dict[tuple[int, str], int]:
    """(weekday, half) → people, such that all the work is `load` of all the hours."""
    work: dict[tuple[int, str], float] = defaultdict(float)
    for one in arrivals:
        work[_half(one.received)] += one.service
    weeks = days / 7
    total = sum(work.values()) / weeks / load
    nights = 7 * LEAST["night"] * LASTS["night"]
    share = max(0.0, total - nights) / sum(work.values())
    needs, carried = {}, 0.0
    for day in range(7):
        for half in ("am", "pm"):
            wanted = (work[day, half] + work[day, "night"] / 2) * share / LASTS[half] + carried
            needs[day, half] = max(LEAST[half], round(wanted))
            carried = wanted - needs[day, half]
        needs[day, "night"] = LEAST["night"]
    return needs


def _half(minute: float) -> tuple[int, str]:
    day, within = divmod(minute, 1440)
    if within < FROM["am"]:
        return int(day - 1) % 7, "night"
    return int(day) % 7, "am" if within < FROM["pm"] else "pm" if within < FROM["night"] else "night"


def _lived(
    weeks: dict[str, tuple[tuple[UUID, Place], ...]], ids: list[UUID], dice: random.Random
) -> tuple[list[Shift], float]:
    """The drafted weeks through the year, everybody moving on by one place each week, less those who are sick."""
    monday = START.date()
    place_of = {one: n for n, one in enumerate(ids)}
    away: dict[UUID, set[int]] = {one: set() for one in ids}
    for one in ids:
        day = 0
        spell = sum(SPELL) / 2
        while day < DAYS:
            day += 1 + int(dice.expovariate(SICK / spell))
            lasts = dice.randint(*SPELL)
            away[one].update(range(day, day + lasts))
            day += lasts
    shifts: list[Shift] = []
    lost = 0.0
    uncovered: dict[tuple[int, str], list[UUID]] = {}
    for number in range(-(-DAYS // 7)):
        for season, who, place in ((name, *turn) for name, turns in weeks.items() for turn in turns):
            day = number * 7 + (place.day - monday).days
            if _season(day) != season:
                continue
            one = ids[(place_of[who] + number) % len(ids)]
            begins = day * 1440 + FROM[place.half]
            if day >= DAYS:
                continue
            if day in away[one]:
                lost += LASTS[place.half]
                uncovered.setdefault((begins, place.half), []).append(one)
            else:
                shifts.append(Shift(begins, begins + LASTS[place.half], one))
    _called_in(shifts, uncovered, ids, away)
    shifts.sort(key=lambda s: (s.begins, s.staff.int))
    return shifts, lost


def _called_in(
    shifts: list[Shift], uncovered: dict[tuple[int, str], list[UUID]], ids: list[UUID], away: dict[UUID, set[int]]
) -> None:
    """Where everybody of a half-day is sick, the first colleague comes who is well and not at work then."""
    serving: dict[float, set[UUID]] = defaultdict(set)
    for one in shifts:
        serving[one.begins].add(one.staff)
    for (begins, half), _ in sorted(uncovered.items()):
        if not serving[begins]:
            well = [one for one in ids if begins // 1440 not in away[one]]
            shifts.append(Shift(begins, begins + LASTS[half], well[0] if well else ids[0]))
            serving[begins].add(shifts[-1].staff)
