"""The specialists of a year: drafted week by week with the program's own `roster_draft`, then sick leave strikes.

shifts          half-days as in the roster (8 to 14, 14 to 20, 20 to 8); five a week and person, at least one person
                in each of them in every specialty
staffing        half-days of the day in proportion to what is expected to arrive in each weekday's half, so that all
                the work of the year is `load` of all the hours on duty
sick leave      4 % of working days in spells of one to five days (assumed); nobody replaces them, unless nobody at
                all were left: then the coordinator calls a colleague in
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from bench.network.demand import DAYS, START, Arrival
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
    needs = _needs(arrivals, load / (1 - SICK))
    monday = START.date()
    week = {Place(monday + timedelta(days=d), half): people for (d, half), people in needs.items()}
    # Nights take two places of a week: rest before and after.
    size = math.ceil((sum(week.values()) + needs[0, "night"] * 4) / SHIFTS_A_WEEK) + 1
    dice = random.Random(f"{seed} {specialty}")
    ids = [UUID(int=dice.getrandbits(128)) for _ in range(size)]
    draft = roster_draft(week, [Worker(one, most=SHIFTS_A_WEEK + 1) for one in ids], effort=2.0)
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
    shifts, sick = _lived(draft.shifts, ids, dice)
    return Crew(people, shifts, sick)


def _needs(arrivals: list[Arrival], load: float) -> dict[tuple[int, str], int]:
    """(weekday, half) → people, such that all the work is `load` of all the hours."""
    work: dict[tuple[int, str], float] = defaultdict(float)
    for one in arrivals:
        work[_half(one.received)] += one.service
    weeks = DAYS / 7
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


def _lived(week: tuple[tuple[UUID, Place], ...], ids: list[UUID], dice: random.Random) -> tuple[list[Shift], float]:
    """The drafted week through the year, everybody moving on by one place each week, less those who are sick."""
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
        for who, place in week:
            day = number * 7 + (place.day - monday).days
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
