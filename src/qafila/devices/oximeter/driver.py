"""PLX Spot-Check Measurement, 0x2A5E, and PLX Continuous Measurement, 0x2A5F (Bluetooth SIG, Pulse Oximeter Service
1.0, §3.1 and §3.2)."""

from __future__ import annotations

from qafila.devices.measurement import Measurement, value
from qafila.devices.packet import BadPacket, Number, Packet, bits

TAKEN_BACK = ((10, "demonstration"), (11, "test_data"), (12, "calibrating"), (13, "unavailable"), (15, "invalid"))
"""Of the measurement status: there is no reading, whatever number stands there."""
DOUBTED = ((6, "early_estimate"), (14, "questionable"))
STORED = 9
SENSOR_OFF = ((1, "malfunction"), (11, "sensor_off"), (14, "malfunction"), (15, "sensor_off"))
"""Of the device and sensor status: there is no reading."""
SENSOR = (
    (2, "irregular_signal"),
    (3, "weak_signal"),
    (4, "poor_signal"),
    (5, "low_perfusion"),
    (6, "erratic_signal"),
    (7, "no_pulse_seen"),
    (8, "questionable"),
    (13, "sensor_moved"),
)


def decode(characteristic: str, payload: bytes) -> Measurement:
    """Oxygen saturation and pulse. Raises `BadPacket`."""
    if characteristic == "2A5E":
        return _spot(Packet(payload))
    if characteristic == "2A5F":
        return _running(Packet(payload))
    raise BadPacket("no saturation")


def _spot(packet: Packet) -> Measurement:
    flags = packet.unsigned(1)
    saturation, pulse = packet.sfloat(), packet.sfloat()
    taken = packet.stamp() if flags & 0x01 else None
    status = packet.unsigned(2) if flags & 0x02 else 0
    sensor = packet.unsigned(3) if flags & 0x04 else 0
    if flags & 0x08:
        packet.sfloat()
    packet.end()
    if flags & 0x10:
        taken = None  # the device's clock was never set
    return _measured(saturation, pulse, status, sensor, taken=taken)


def _running(packet: Packet) -> Measurement:
    flags = packet.unsigned(1)
    saturation, pulse = packet.sfloat(), packet.sfloat()
    for wanted in (0x01, 0x02):
        if flags & wanted:  # the same values with a faster or slower average
            packet.sfloat()
            packet.sfloat()
    status = packet.unsigned(2) if flags & 0x04 else 0
    sensor = packet.unsigned(3) if flags & 0x08 else 0
    if flags & 0x10:
        packet.sfloat()
    packet.end()
    return _measured(saturation, pulse, status, sensor, live=True)


def _measured(saturation: Number, pulse: Number, status: int, sensor: int, **more: object) -> Measurement:
    why = next(iter((*bits(status, TAKEN_BACK), *bits(sensor, SENSOR_OFF))), "")
    values = (value("spo2", saturation, "%", why), value("pulse", pulse, "/min", why))
    warns = tuple(dict.fromkeys((*bits(status, DOUBTED), *bits(sensor, SENSOR))))
    return Measurement(values, warns=warns, stored=bool(status >> STORED & 1), **more)  # type: ignore[arg-type]
