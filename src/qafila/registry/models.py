"""All models of the registry, gathered for Django."""

from qafila.registry.equipment.models import Instrument, InstrumentEvent
from qafila.registry.people.models import MatchKey, NameKey, NameShare, Newcomer, Pair, Person, PersonLink, PersonName
from qafila.registry.staff.models import Credential, Duty, Pin, Staff
from qafila.registry.staff.roster.models import Leave, Need, Preference, Shift, Swap
from qafila.registry.staff.signing_models import SigningKey
from qafila.registry.stock.models import Lot, Shipment, StockMove
from qafila.registry.units.models import Assignment, Room, Round, Stop, Unit, Vehicle

__all__ = [
    "Assignment", "Credential", "Duty", "Instrument", "InstrumentEvent", "Leave", "Lot", "MatchKey", "NameKey",
    "NameShare", "Need", "Newcomer", "Pair", "Person", "PersonLink", "PersonName", "Pin", "Preference", "Room", "Round",
    "Shift", "Shipment", "SigningKey", "Staff", "StockMove", "Stop", "Swap", "Unit", "Vehicle",
]  # fmt: skip
