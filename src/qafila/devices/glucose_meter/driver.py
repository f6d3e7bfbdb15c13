"""Glucose Measurement, 0x2A18, and the Record Access Control Point, 0x2A52 (Bluetooth SIG, Glucose Service 1.0, §3.1
and §3.3). A meter sends what it keeps only when it is asked."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from qafila.devices.measurement import Measurement, Value, digits
from qafila.devices.packet import BadPacket, Number, Packet, bits

OFFSET, MEASURED, MOLAR, RATED, CONTEXT = 0x01, 0x02, 0x04, 0x08, 0x10
SAMPLES = {
    1: "capillary blood", 2: "capillary plasma", 3: "venous blood", 4: "venous plasma", 5: "arterial blood",
    6: "arterial plasma", 7: "blood", 8: "plasma", 9: "interstitial fluid", 10: "control solution",
}  # fmt: skip
SITES = {1: "finger", 2: "alternate site", 3: "earlobe", 4: "control solution"}
CONTROL = "control solution"
TAKEN_BACK = (
    (1, "malfunction"),
    (2, "sample_too_small"),
    (3, "strip_error"),
    (4, "strip_error"),
    (5, "above"),
    (6, "below"),
    (9, "interrupted"),
    (10, "malfunction"),
)
"""Of the sensor status: there is no reading."""
DOUBTED = ((0, "battery_low"), (7, "too_warm"), (8, "too_cold"), (11, "clock_fault"))

REPORT, RESPONSE, COUNT, ALL, FROM, BY_NUMBER = 0x01, 0x06, 0x05, 0x01, 0x03, 0x01
DONE, NOTHING_THERE = 0x01, 0x06


def decode(characteristic: str, payload: bytes) -> Measurement:
    """One stored glucose reading; mol/L is given as mmol/L, kg/L as mg/dL: what the meter shows. Raises `BadPacket`."""
    if characteristic != "2A18":
        raise BadPacket("no glucose")
    packet = Packet(payload)
    flags = packet.unsigned(1)
    number, taken = packet.unsigned(2), packet.stamp()
    if flags & OFFSET:
        minutes = packet.signed(2)
        if taken is not None:
            try:
                taken += timedelta(minutes=minutes)
            except OverflowError:
                raise BadPacket("its time is none") from None
    held, kind, site = Number(None, "unavailable"), "", ""
    if flags & MEASURED:
        held, where = packet.sfloat(), packet.unsigned(1)
        kind, site = SAMPLES.get(where & 0x0F, ""), SITES.get(where >> 4, "")
    status = packet.unsigned(2) if flags & RATED else 0
    packet.end()
    unit, shift = ("mmol/L", 3) if flags & MOLAR else ("mg/dL", 5)
    why = next(iter(bits(status, TAKEN_BACK)), "") or ("control_solution" if CONTROL in (kind, site) else "")
    return Measurement(
        (_value(held, unit, shift, why),), taken, site, bits(status, DOUBTED), stored=True, number=number
    )


def _value(held: Number, unit: str, shift: int, why: str) -> Value:
    if why or held.value is None:
        return Value("glucose", None, unit, why=why or held.why)
    number = held.value.scaleb(shift)
    number = number if number != number.to_integral_value() or abs(number) > 10**9 else Decimal(int(number))
    return Value("glucose", number, unit, sent=digits(number), sent_unit=unit)


def ask(after: int | None) -> bytes:
    """The request for all readings from the one after `after` on (None: for all)."""
    if after is None or after >= 0xFFFF:
        return bytes((REPORT, ALL))
    return bytes((REPORT, FROM, BY_NUMBER)) + (after + 1).to_bytes(2, "little")


def answered(payload: bytes) -> bool:
    """Does this end the meter's answer? Raises `BadPacket` where it refuses the request or says nothing sensible."""
    packet = Packet(payload)
    word, _operator = packet.unsigned(1), packet.unsigned(1)
    if word != RESPONSE:
        return False
    asked, result = packet.unsigned(1), packet.unsigned(1)
    packet.end()
    if asked == REPORT and result in (DONE, NOTHING_THERE):
        return True
    raise BadPacket(f"it refuses with {result}")
