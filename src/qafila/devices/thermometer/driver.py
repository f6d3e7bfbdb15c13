"""Temperature Measurement, 0x2A1C (Bluetooth SIG, Health Thermometer Service 1.0, §3.1)."""

from __future__ import annotations

from qafila.devices.measurement import Measurement, value
from qafila.devices.packet import BadPacket, Packet

FAHRENHEIT, TIMED, PLACED = 0x01, 0x02, 0x04
PLACES = {1: "axilla", 2: "body", 3: "ear", 4: "finger", 5: "gut", 6: "mouth", 7: "rectum", 8: "toe", 9: "tympanum"}
"""Temperature Type, 0x2A1D."""


def decode(characteristic: str, payload: bytes) -> Measurement:
    """One body temperature. Raises `BadPacket`."""
    if characteristic != "2A1C":
        raise BadPacket("no temperature")
    packet = Packet(payload)
    flags = packet.unsigned(1)
    degrees = packet.float()
    taken = packet.stamp() if flags & TIMED else None
    site = PLACES.get(packet.unsigned(1), "") if flags & PLACED else ""
    packet.end()
    return Measurement((value("temperature", degrees, "[degF]" if flags & FAHRENHEIT else "Cel"),), taken, site)
