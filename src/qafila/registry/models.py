"""All models of the registry, gathered for Django."""

from qafila.registry.claims.models import ErasureRequest, Rectification, Restriction, RetentionDue
from qafila.registry.equipment.models import Instrument, InstrumentEvent
from qafila.registry.people.models import MatchKey, NameKey, NameShare, Newcomer, Pair, Person, PersonLink, PersonName
from qafila.registry.places.transfer_models import Transfer
from qafila.registry.programs.models import Installed, Release
from qafila.registry.staff.factors.models import FactorEvent, Identity, SecondFactor
from qafila.registry.staff.models import Credential, Duty, Pin, Staff
from qafila.registry.staff.roster.models import Leave, Need, Preference, Shift, Swap
from qafila.registry.staff.signing_models import SigningKey
from qafila.registry.stock.models import Lot, Shipment, StockMove
from qafila.registry.units.models import Assignment, Room, Round, Stop, Unit, Vehicle

__all__ = [
    "Assignment", "Credential", "Duty", "ErasureRequest", "FactorEvent", "Identity", "Installed", "Instrument",
    "InstrumentEvent", "Leave", "Lot", "MatchKey", "NameKey", "NameShare", "Need", "Newcomer", "Pair", "Person",
    "PersonLink", "PersonName", "Pin", "Preference", "Rectification", "Release", "Restriction", "RetentionDue",
    "Room", "Round", "SecondFactor", "Shift", "Shipment", "SigningKey", "Staff", "StockMove", "Stop", "Swap",
    "Transfer", "Unit", "Vehicle",
]  # fmt: skip
