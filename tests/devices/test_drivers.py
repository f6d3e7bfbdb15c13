"""Numbers of IEEE 11073-20601, and what a glucose meter is asked."""

from __future__ import annotations

from decimal import Decimal

import pytest

from qafila.devices.glucose_meter import driver as glucose
from qafila.devices.packet import BadPacket, long_float, sfloat


@pytest.mark.parametrize(
    ("raw", "value"),
    [(0x0000, "0"), (0x0080, "128"), (0xF17E, "38.2"), (0xFFFF, "-0.1"), (0x17FF, "20470"), (0xF7FE, "204.6")],
)
def test_short_numbers(raw: int, value: str) -> None:
    assert sfloat(raw).value == Decimal(value)


@pytest.mark.parametrize(
    ("raw", "wide"),
    [(0x07FF, 0x7FFFFF), (0x0800, 0x800000), (0x07FE, 0x7FFFFE), (0x0802, 0x800002), (0x0801, 0x800001)],
)
def test_a_code_is_no_number(raw: int, wide: int) -> None:
    assert sfloat(raw).value is None and sfloat(raw).why
    assert long_float(wide).value is None and long_float(wide).why


def test_long_numbers() -> None:
    assert long_float(0xFF00017E).value == Decimal("38.2")
    assert long_float(0xFEFFF000).value == Decimal("-40.96")
    assert long_float(0x7F000001).value == Decimal("1e127")


def test_a_meter_is_asked_for_what_is_new() -> None:
    assert glucose.ask(None) == b"\x01\x01"
    assert glucose.ask(41) == b"\x01\x03\x01\x2a\x00"
    assert glucose.ask(0xFFFF) == b"\x01\x01"
    assert glucose.answered(b"\x06\x00\x01\x01") and glucose.answered(b"\x06\x00\x01\x06")
    assert not glucose.answered(b"\x05\x00\x03\x00")
    for refused in (b"\x06\x00\x01\x02", b"\x06\x00\x01", b"", b"\x06\x00\x01\x01\x00"):
        with pytest.raises(BadPacket):
            glucose.answered(refused)
