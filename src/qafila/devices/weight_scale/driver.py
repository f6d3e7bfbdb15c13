"""Weight Measurement, 0x2A9D (Bluetooth SIG, Weight Scale Service 1.0, §3.2)."""

from __future__ import annotations

from decimal import Decimal

from qafila.devices.measurement import Measurement, Value, digits, value
from qafila.devices.packet import NOT_A_NUMBER, BadPacket, Number, Packet

IMPERIAL, TIMED, OWNED, SIZED = 0x01, 0x02, 0x04, 0x08
FAILED = 0xFFFF
"""Measurement unsuccessful."""
INCH = Decimal("2.54")


def decode(characteristic: str, payload: bytes) -> Measurement:
    """A weight and, where the scale has one, a height; the body mass index is computed here, not taken over.

    Raises `BadPacket`.
    """
    if characteristic != "2A9D":
        raise BadPacket("no weight")
    packet = Packet(payload)
    flags = packet.unsigned(1)
    raw = packet.unsigned(2)
    taken = packet.stamp() if flags & TIMED else None
    if flags & OWNED:
        packet.unsigned(1)
    height = 0
    if flags & SIZED:
        packet.unsigned(2)
        height = packet.unsigned(2)
    packet.end()
    step, unit = (Decimal("0.01"), "[lb_av]") if flags & IMPERIAL else (Decimal("0.005"), "kg")
    weighed = Number(None, NOT_A_NUMBER) if raw == FAILED else Number(raw * step)
    values = [value("weight", weighed, unit, places=3)]
    if height:
        values.append(_height(height, imperial=bool(flags & IMPERIAL)))
    return Measurement(tuple(values), taken)


def _height(raw: int, *, imperial: bool) -> Value:
    if imperial:
        inches = raw * Decimal("0.1")
        return Value("height", round(inches * INCH, 1), "cm", sent=digits(inches), sent_unit="[in_i]")
    return Value("height", raw * Decimal("0.1"), "cm", sent=digits(raw * Decimal("0.001")), sent_unit="m")
