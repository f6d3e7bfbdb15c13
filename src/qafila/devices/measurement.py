"""What every driver makes of a packet: values with their unit as sent and as used here, and what the device said of
them. Keys are those of the clinic's readings (`temperature`, `systolic`…); the contract test holds them together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from qafila.devices.packet import Number

CONVERTED: dict[str, tuple[str, Decimal]] = {
    "kPa": ("mm[Hg]", Decimal("7.500616827")),  # 1 mmHg = 133.322387415 Pa (ISO 80000-4)
    "[lb_av]": ("kg", Decimal("0.45359237")),  # the international pound, exact
}
"""Units that a device may send and the clinic does not enter: UCUM → (unit used here, factor)."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a measurement. `number` None: the device has none, `why` says so (see `devices.packet`) or the
    device's own word (`control_solution`, `sensor_off`…); it is shown as *no reading* and never recorded."""

    key: str
    number: Decimal | None
    unit: str
    sent: str = ""
    """The digits as the device sent them."""
    sent_unit: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measurement. `taken`: by the device's own clock, without a zone. `warns`: what the device itself says against
    it (`cuff_loose`, `poor_signal`…), shown beside the value. `live`: one of a running series, which the next replaces.
    `stored`: from the device's memory. `number`: its number in that memory."""

    values: tuple[Value, ...]
    taken: datetime | None = None
    site: str = ""
    warns: tuple[str, ...] = ()
    live: bool = False
    stored: bool = False
    number: int | None = None


def value(key: str, found: Number, unit: str, why: str = "", places: int | None = None) -> Value:
    """A value in the unit of this house. `why`: the device takes it back, whatever the number says; `places`: decimals
    to round a converted one to."""
    if why or found.value is None:
        return Value(key, None, unit, why=why or found.why)
    used, factor = CONVERTED.get(unit, (unit, Decimal(1)))
    number = found.value * factor
    if unit in CONVERTED and number.is_finite() and abs(number) < 10**9:
        number = round(number, 1 if places is None else places)
    return Value(key, number, used, sent=digits(found.value), sent_unit=unit)


def digits(number: Decimal) -> str:
    """As it would be typed; at most 20 characters, for a number that no body has too."""
    text = f"{number:f}" if -12 <= number.adjusted() <= 12 else f"{number:.6e}"
    return text[:20]
