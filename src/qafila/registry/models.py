"""All models of the registry, gathered for Django."""

from qafila.registry.people.models import NameKey, Person, PersonLink, PersonName
from qafila.registry.staff.models import Credential, Duty, Pin, Staff
from qafila.registry.units.models import Assignment, Room, Round, Stop, Unit, Vehicle

__all__ = [
    "Assignment", "Credential", "Duty", "NameKey", "Person", "PersonLink", "PersonName", "Pin", "Room", "Round",
    "Staff", "Stop", "Unit", "Vehicle",
]  # fmt: skip
