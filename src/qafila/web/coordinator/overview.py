"""Per specialty: who waits and since when, who is on duty with how much in hand, what is late."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from qafila.clinic.cases.line import candidates
from qafila.clinic.cases.queries import Board, CaseRow
from qafila.registry.staff.queries import duty_now, known
from qafila.web.reception.words import minutes_words
from qafila.web.specialist.words import specialty_words
from qafila.web.staff_names import staff_name


@dataclass
class Overview:
    """A specialty in one look. `on`: name, cases in hand, on a break."""

    label: str
    on: list[tuple[str, int, bool]] = field(default_factory=list)
    waiting: int = 0
    longest: int = 0
    """Minutes that the one in line has waited longest."""
    emergencies: int = 0
    late: int = 0

    @property
    def since(self) -> str:
        """How long the longest has waited."""
        return minutes_words(self.longest)


def overviews(held: Board) -> list[Overview]:
    """Every specialty with cases or people on duty: those that wait with nobody on duty first."""
    found: dict[str, Overview] = defaultdict(lambda: Overview(""))
    crew = candidates(everybody=True)
    staff = known(c.staff for c in crew)
    hands = {c.staff: c.hands for c in crew}
    for (who, code), status in sorted(duty_now().items(), key=lambda one: (one[0][1], one[0][0].hex)):
        if who in staff:
            found[code].on.append((staff_name(staff[who]), hands.get(who, 0), status == "break"))
    for row in held.unassigned:
        _wait(found[row.case.specialty], row)
    for row in held.late:
        found[row.case.specialty].late += 1
    for code, one in found.items():
        one.label = specialty_words(code)
        one.on.sort()
    return sorted(found.values(), key=lambda o: (bool(o.on), -o.waiting, -o.late, o.label))


def _wait(one: Overview, row: CaseRow) -> None:
    one.waiting += 1
    one.longest = max(one.longest, row.waiting_minutes)
    one.emergencies += row.case.urgency == "emergency"
