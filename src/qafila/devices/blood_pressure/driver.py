"""Blood Pressure Measurement, 0x2A35 (Bluetooth SIG, Blood Pressure Service 1.1, §3.1)."""

from __future__ import annotations

from qafila.devices.measurement import Measurement, value
from qafila.devices.packet import BadPacket, Packet, bits

KILOPASCAL, TIMED, PULSED, OWNED, RATED = 0x01, 0x02, 0x04, 0x08, 0x10
STATUS = ((0, "body_movement"), (1, "cuff_loose"), (2, "irregular_pulse"), (5, "wrong_position"))


def decode(characteristic: str, payload: bytes) -> Measurement:
    """Systolic, diastolic and, where sent, pulse; the mean pressure is computed by the device and left out.

    Raises `BadPacket`.
    """
    if characteristic != "2A35":
        raise BadPacket("no blood pressure")
    packet = Packet(payload)
    flags = packet.unsigned(1)
    unit = "kPa" if flags & KILOPASCAL else "mm[Hg]"
    systolic, diastolic, _mean = packet.sfloat(), packet.sfloat(), packet.sfloat()
    taken = packet.stamp() if flags & TIMED else None
    pulse = packet.sfloat() if flags & PULSED else None
    if flags & OWNED:
        packet.unsigned(1)
    status = packet.unsigned(2) if flags & RATED else 0
    packet.end()
    values = [value("systolic", systolic, unit, places=0), value("diastolic", diastolic, unit, places=0)]
    if pulse is not None:
        out_of_range = {1: "above", 2: "below"}.get(status >> 3 & 3, "")
        values.append(value("pulse", pulse, "/min", out_of_range))
    return Measurement(tuple(values), taken, warns=bits(status, STATUS))
