"""A year of cases as they reach the hub.

Parameters and where they come from. *Assumed* ones are plausible and not measured; they are for a programme to replace
by its own figures.

    urgencies       3 % emergency, 17 % urgent, 80 % routine (assumed; two priorities and mostly elective work is what
                    published tele-cardiology and e-consultation networks report)
    specialties     shares of the seven of the programme (assumed: primary care in villages, many women and children)
    weekday         units travel Monday to Saturday, less on Friday; Sunday is the on-call of a few (assumed)
    hour of day     morning peak at 10 and 11, a smaller one at 15 (shape of out-patient registrations)
    Ramadan         18 February to 19 March 2026: three quarters of the volume, later mornings, short afternoons
    summer, winter  August at 70 %; breathing and children's cases up by 40 % from December to February (assumed)
    links           three units in ten have no link on the road and send all when they are back at base, from 17 to 20
                    o'clock; the others lose theirs about once in 30 hours for 2 to 3 hours (median), now and then for
                    days. What was written meanwhile comes at once, some seconds apart
    time to answer  lognormal: routine median 9 min, urgent 8 min, emergency 4 min (assumed; e-consultations are
                    reported at 10 to 20 min, tele-ECG readings at 3 to 5)
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

START = datetime.fromisoformat("2026-01-05T00:00:00+00:00")
DAYS = 365
RAMADAN = (date(2026, 2, 18), date(2026, 3, 19))
URGENCIES = {"emergency": 0.03, "urgent": 0.17, "routine": 0.80}
MEDIAN_MIN = {"emergency": 4.0, "urgent": 8.0, "routine": 9.0}
SIGMA = {"emergency": 0.45, "urgent": 0.55, "routine": 0.6}
SPECIALTIES = {
    "gynaecology_obstetrics": 0.20, "paediatrics": 0.19, "cardiology": 0.17, "endocrinology": 0.13,
    "dermatology": 0.13, "ent": 0.09, "pulmonology": 0.09,
}  # fmt: skip
WEEKDAY = (1.15, 1.10, 1.05, 1.05, 0.80, 0.55, 0.12)
HOURS = {7: 0.1, 8: 0.6, 9: 1.3, 10: 1.6, 11: 1.5, 12: 1.0, 13: 0.6, 14: 0.8, 15: 0.9, 16: 0.7, 17: 0.35, 18: 0.15,
         19: 0.08, 20: 0.05, 21: 0.03, 22: 0.02, 23: 0.01, 0: 0.01, 2: 0.01, 5: 0.02}  # fmt: skip
RAMADAN_HOURS = {8: 0.2, 9: 0.9, 10: 1.5, 11: 1.6, 12: 1.4, 13: 1.0, 14: 0.6, 15: 0.3, 20: 0.2, 21: 0.3, 22: 0.2,
                 23: 0.05, 3: 0.03}  # fmt: skip
ASKED, DECLINED, PERSONAL = 0.10, 0.02, 0.4
"""Share of cases for which more is asked, that are declined, and, of these, for the specialist's own reason."""
LANGUAGES = (("ary", 0.62), ("tzm", 0.2), ("shi", 0.13), ("fr", 0.05))
WOMAN, MAN, AGAIN = 0.08, 0.01, 0.25
"""Share of people who wish to be seen by a woman or a man, and who were answered before."""


@dataclass(slots=True)
class Arrival:
    """A case. Times in minutes from `START`: when it was sent on the unit, when it reached the hub."""

    case: UUID
    specialty: str
    urgency: str
    sent: float
    received: float
    service: float
    language: str
    wish: str
    again: float
    """In [0, 1): which specialist answered this person before; negative: none."""
    asked: float
    """Minutes until the unit gives what was asked for; 0: nothing is asked."""
    declined: str
    """`personal`, `case` or ""."""


def season(day: date, specialty: str) -> float:
    """How many cases a day has beside an ordinary one of its weekday."""
    factor = 0.7 if day.month == 8 else 1.0
    if RAMADAN[0] <= day <= RAMADAN[1]:
        factor *= 0.75
    if specialty in ("pulmonology", "paediatrics") and day.month in (12, 1, 2):
        factor *= 1.4
    return factor


class Link:
    """When a unit has no link: minutes [from, until), ascending."""

    def __init__(self, dice: random.Random) -> None:
        self.begins: list[float] = []
        self.ends: list[float] = []
        self.at_base = dice.random() < 0.3
        if self.at_base:
            for day in range(DAYS):
                back = 17 + 3 * dice.random()
                self._down(day * 1440 + 7 * 60, day * 1440 + back * 60)
            return
        now = 0.0
        while now < DAYS * 1440:
            now += dice.expovariate(1 / (30 * 60))
            long = dice.random() < 0.03
            lasts = dice.lognormvariate(math.log((30 if long else 2.5) * 60), 0.7)
            self._down(now, now + lasts)
            now += lasts

    def _down(self, begins: float, ends: float) -> None:
        self.begins.append(begins)
        self.ends.append(ends)

    def leaves(self, sent: float, dice: random.Random) -> float:
        """When a case that is sent at this minute reaches the hub."""
        place = bisect_right(self.begins, sent) - 1
        travel = 0.1 + dice.expovariate(1 / 0.4)
        if place >= 0 and sent < self.ends[place]:
            return self.ends[place] + 0.5 + travel * 3
        return sent + travel


def year(cases: int, units: int, seed: int) -> list[Arrival]:
    """So many cases of so many units, in the order in which they reach the hub."""
    dice = random.Random(seed)
    links = [Link(dice) for _ in range(units)]
    sizes = [dice.gammavariate(4, 1) for _ in range(units)]
    cells, weights = _cells()
    drawn = dice.choices(cells, weights, k=cases)
    which = dice.choices(range(units), sizes, k=cases)
    urgencies = dice.choices(list(URGENCIES), list(URGENCIES.values()), k=cases)
    tongues = dice.choices([code for code, _ in LANGUAGES], [share for _, share in LANGUAGES], k=cases)
    found = []
    for n in range(cases):
        day, hour, specialty = drawn[n]
        sent = day * 1440 + hour * 60 + dice.random() * 60
        urgency = urgencies[n]
        wish = dice.random()
        declined = dice.random()
        found.append(
            Arrival(
                case=UUID(int=dice.getrandbits(128)),
                specialty=specialty,
                urgency=urgency,
                sent=sent,
                received=links[which[n]].leaves(sent, dice),
                service=dice.lognormvariate(math.log(MEDIAN_MIN[urgency]), SIGMA[urgency]),
                language=tongues[n],
                wish="female" if wish < WOMAN else "male" if wish < WOMAN + MAN else "",
                again=dice.random() if dice.random() < AGAIN else -1.0,
                asked=dice.lognormvariate(math.log(60), 0.8)
                if urgency != "emergency" and dice.random() < ASKED
                else 0.0,
                declined="" if declined >= DECLINED else "personal" if declined < DECLINED * PERSONAL else "case",
            )
        )
    found.sort(key=lambda one: (one.received, one.case.int))
    return found


def _cells() -> tuple[list[tuple[int, int, str]], list[float]]:
    cells, weights = [], []
    for n in range(DAYS):
        day = (START + timedelta(days=n)).date()
        hours = RAMADAN_HOURS if RAMADAN[0] <= day <= RAMADAN[1] else HOURS
        for specialty, share in SPECIALTIES.items():
            volume = WEEKDAY[day.weekday()] * season(day, specialty) * share / sum(hours.values())
            for hour, weight in hours.items():
                cells.append((n, hour, specialty))
                weights.append(volume * weight)
    return cells, weights
