"""Which faults a seed has, and how often. Each seed has only some: what is always broken hides what breaks it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from random import Random

MESSAGE_FAULTS = ("loss", "lost_answer", "twice", "late", "short", "flipped")
"""Of a single message: lost, its answer lost, delivered twice, overtaken, cut inside, a bit turned over."""
EVENTS = (
    "half_open", "outage", "month", "flapping", "kill_unit", "kill_hub", "full_unit", "full_hub", "restore_unit",
    "restore_hub", "clone", "two_processes", "poison", "skew", "clock", "stick", "damaged", "mend",
    "restore_hub_soon", "restore_between", "clone_and_restore", "drop", "twin", "leave_and_return",
)  # fmt: skip
"""Of a moment: see `trouble.py`."""


@dataclass
class Faults:
    """The faults of one seed."""

    rates: dict[str, float] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    broken_off: float = 0.0
    """How often a request is cut in its middle, so that the hub has its beginning."""
    interleave: float = 0.0
    """How often another process of the hub runs in the middle of a transaction."""
    units: int = 2
    people: int = 3
    acts: int = 20
    length_s: float = 600.0
    real_frames: bool = False

    def __str__(self) -> str:
        return ", ".join(f"{f.name}={getattr(self, f.name)}" for f in fields(self))


def draw(dice: Random, seed: int) -> Faults:
    """The faults of a seed."""
    found = Faults(
        units=dice.choice((1, 1, 2, 2, 3)),
        people=dice.randint(1, 4),
        acts=dice.randint(4, 22),
        length_s=dice.choice((60.0, 300.0, 900.0)),
        real_frames=dice.random() < 0.025,
        interleave=dice.choice((0.0, 0.0, 0.05, 0.3)),
    )
    for name in dice.sample(MESSAGE_FAULTS, dice.choice((0, 1, 2, len(MESSAGE_FAULTS)))):
        found.rates[name] = dice.choice((0.02, 0.1, 0.3))
    kinds = dice.sample(EVENTS, dice.choice((1, 2, 3, 6)))
    found.events = [dice.choice(kinds) for _ in range(dice.randint(0, 8))]
    # Its dice are its own: the seeds without it stay what they were.
    found.broken_off = Random(f"broken off {seed}").choice((0.0, 0.0, 0.2, 0.5))
    return found
