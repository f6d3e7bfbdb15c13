"""The instruments of the demonstration's units: most in order, one out of calibration, one with a fault."""

from __future__ import annotations

from datetime import timedelta

from qafila.registry.equipment import acts
from qafila.registry.places.here import local_day
from qafila.registry.staff.models import Staff
from qafila.registry.units.models import Unit

INSTRUMENTS = (
    ("thermometer", "T 38", 30),
    ("blood_pressure", "BP 7", 200),
    ("oximeter", "OX 2", 410),
    ("weight_scale", "W 150", 90),
    ("glucose_meter", "G 1", 40),
    ("ecg", "E 12", 120),
    ("fridge", "F 60", 300),
)
"""Kind, model, days in service."""
BROKEN = "ecg"
FAULT = "The cable of V3 is broken."


def fill(unit: Unit, nurse: Staff) -> None:
    """Enter what a unit carries, on the day of the story."""
    today = local_day()
    for place, (sort, model, days) in enumerate(INSTRUMENTS, 1):
        serial = f"{unit.code}-{place:03}"
        since = today - timedelta(days=days)
        one = acts.add(unit, nurse, sort, maker="Rahhal", model=model, serial=serial, since=since)
        acts.note(one, nurse, "cleaning")
        if sort == BROKEN:
            acts.report(one, nurse, FAULT, usable=True)
