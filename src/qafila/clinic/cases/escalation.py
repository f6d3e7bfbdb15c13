"""What happens when a clock runs out, as a table; and where the time of a case went. Pure.

The clock runs from the case's arrival at the hub to the time that its pack promises (emergency 15 minutes, urgent 4
hours, routine 24 hours unless the pack says otherwise). It stands while the unit is asked for more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from qafila.clinic.cases.transitions import ACCEPTED, ASSIGNED, DECLINED, RECEIVED

REMIND, PASS_ON, ESCALATE = "remind", "pass_on", "escalate"
NOT_BEGUN = frozenset({ASSIGNED})
UNANSWERED = frozenset({RECEIVED, ASSIGNED, ACCEPTED, DECLINED})


@dataclass(frozen=True, slots=True)
class Step:
    """When `share` of the promised time has passed and the case is in one of these states."""

    act: str
    share: float
    states: frozenset[str]


STEPS = (
    Step(REMIND, 0.5, NOT_BEGUN),
    Step(PASS_ON, 0.75, NOT_BEGUN),
    Step(ESCALATE, 1.0, UNANSWERED),
)
"""Remind who has it; give it to another one; tell the coordinator."""
EMERGENCY_STEPS = (
    Step(REMIND, 0.2, NOT_BEGUN),
    Step(PASS_ON, 0.4, NOT_BEGUN),
    Step(ESCALATE, 0.8, UNANSWERED),
)
"""An emergency leaves the coordinator time to act within the promise."""


def steps_of(urgency: str) -> tuple[Step, ...]:
    """The table for an urgency."""
    return EMERGENCY_STEPS if urgency == "emergency" else STEPS


def due(
    urgency: str, status: str, since: datetime, deadline: datetime, now: datetime, done: Collection[str]
) -> Step | None:
    """The furthest step whose time has come and that was not taken (`done`: acts taken so far). After a step none
    before it is taken."""
    found = None
    for step in steps_of(urgency):
        if step.act in done:
            found = None
        elif status in step.states and now >= since + (deadline - since) * step.share:
            found = step
    return found


@dataclass(frozen=True, slots=True)
class Clock:
    """Where the time of a case went, from the doctor's *send* to the answer on the unit (or to now)."""

    link: timedelta
    """On its way, up and down."""
    line: timedelta
    """At the hub with nobody."""
    specialist: timedelta
    unit: timedelta
    """Waiting for what the specialist asked for."""


def clock_of(events: Iterable[tuple[str, datetime]], now: datetime) -> Clock:
    """The clock of a case from its timeline, (act, at) in order of time; it stops when the answer is on the unit."""
    spent = dict.fromkeys(("link", "line", "specialist", "unit", ""), timedelta())
    place, since = "", now
    after = {
        "send": "link", "receive": "line", "release": "line", "decline": "line", "assign": "specialist",
        "claim": "specialist", "reroute": "specialist", "pass_on": "specialist", "ask": "unit", "supply": "specialist",
        "answer": "link", "correct": "", "deliver": "", "tell": "", "cancel": "", "close": "", "died": "",
    }  # fmt: skip
    for act, at in events:
        if act in after:
            spent[place] += max(timedelta(), at - since)
            place, since = after[act], at
    spent[place] += max(timedelta(), now - since)
    return Clock(spent["link"], spent["line"], spent["specialist"], spent["unit"])
