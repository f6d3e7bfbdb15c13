"""What the demonstration's unit carries: lots of what its country's formulary says, some short, some ending soon."""

from __future__ import annotations

from datetime import date, timedelta

from qafila.packs import load
from qafila.registry.places.here import country_code
from qafila.registry.staff.models import Staff
from qafila.registry.stock import acts
from qafila.registry.units.models import Unit

SHARES = (1.6, 2.2, 0.4, 1.1, 1.8, 0.0, 2.0, 1.3)
"""How much there is of each product in turn, as a share of the least to hold."""
DAYS = (420, 610, 240, 45, 330, 0, 700, 510)
"""And in how many days it ends."""


def fill(unit: Unit, nurse: Staff, today: date) -> None:
    """Receive the first stock of a unit."""
    local = load.local_formulary(country_code())
    for n, one in enumerate(local.carried if local else ()):
        pieces = round(one.least * SHARES[n % len(SHARES)])
        if pieces:
            ends = today + timedelta(days=DAYS[n % len(DAYS)] + n)
            acts.receive(unit, nurse, (one.code, one.form, one.strength), f"L{2600 + n * 7}", ends, pieces)
