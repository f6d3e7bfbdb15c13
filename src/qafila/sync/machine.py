"""How the machine under a node does, as its agent last found it: the screens tell its people, and a unit its hub.

The agent leaves three words in the file `machine` of the node's directory, so that no page asks a disk or a battery:
`ok warn 23` is *room enough, battery low, 23 %*.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FILE = "machine"
DISK = ("ok", "warn", "stop")
POWER = ("", "ok", "warn", "stop")
_MOST = 100


@dataclass(frozen=True)
class Machine:
    """`disk`: `ok`, `warn` (nearly full) or `stop` (nothing new is written). `power`: the same of the battery, empty
    where the machine has none; `percent`: what is left in it."""

    disk: str = "ok"
    power: str = ""
    percent: int = 0

    @property
    def numbers(self) -> list[int]:
        """As a unit says it to its hub: the places of the two words, and the percentage."""
        return [DISK.index(self.disk), POWER.index(self.power), self.percent]


def read(directory: Path | None) -> Machine:
    """As the agent left it; all is well where it has left nothing that can be read."""
    try:
        said = (directory / FILE).read_text("ascii").split() if directory else []
        disk, power, percent = said
        return of_numbers([DISK.index(disk), POWER.index(power.strip("-")), int(percent)]) or Machine()
    except (OSError, ValueError):
        return Machine()


def keep(directory: Path, found: Machine) -> bool:
    """Write it down, where it is another than before; whether one of the words is."""
    before = read(directory)
    if before != found or not (directory / FILE).exists():
        fresh = directory / f".{FILE}"
        fresh.write_text(f"{found.disk} {found.power or '-'} {found.percent}", "ascii")
        os.replace(fresh, directory / FILE)
    return (before.disk, before.power) != (found.disk, found.power)


def of_numbers(said: Sequence[int]) -> Machine | None:
    """What a unit has said; None where it said nothing, or what this version does not know."""
    if len(said) != 3 or not (0 <= said[0] < len(DISK) and 0 <= said[1] < len(POWER) and 0 <= said[2] <= _MOST):
        return None
    return Machine(DISK[said[0]], POWER[said[1]], said[2])
