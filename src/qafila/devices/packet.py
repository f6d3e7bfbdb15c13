"""Reading the fields of a measurement that a device sent: little-endian, bounded, every length checked.

SFLOAT and FLOAT are those of IEEE 11073-20601 (§F.2 *Special values*): a mantissa and a power of ten, with codes for
"not a number", "not at this resolution", "infinite" and "reserved". Such a code is *no reading*, never a number.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

LONGEST = 64
"""Bytes. The longest measurement of the services that are read here is 22; a negotiated frame may hold 512."""

NOT_A_NUMBER = "nan"
NOT_RESOLVED = "nres"
TOO_HIGH = "above"
TOO_LOW = "below"
RESERVED = "reserved"
SHORT = {0x07FF: NOT_A_NUMBER, 0x0800: NOT_RESOLVED, 0x07FE: TOO_HIGH, 0x0802: TOO_LOW, 0x0801: RESERVED}
LONG = {
    0x007FFFFF: NOT_A_NUMBER,
    0x00800000: NOT_RESOLVED,
    0x007FFFFE: TOO_HIGH,
    0x00800002: TOO_LOW,
    0x00800001: RESERVED,
}


class BadPacket(ValueError):
    """Bytes that are no measurement of this device; the words say what does not fit, and hold nothing of it."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number as sent; `value` None: the device says that it has none, and `why`."""

    value: Decimal | None
    why: str = ""


def sfloat(raw: int) -> Number:
    """A 16-bit SFLOAT: 4 bits of exponent, 12 of mantissa."""
    if raw in SHORT:
        return Number(None, SHORT[raw])
    return Number(_power(_signed(raw & 0x0FFF, 12), _signed(raw >> 12, 4)))


def long_float(raw: int) -> Number:
    """A 32-bit FLOAT: 8 bits of exponent, 24 of mantissa."""
    if raw in LONG:
        return Number(None, LONG[raw])
    return Number(_power(_signed(raw & 0x00FFFFFF, 24), _signed(raw >> 24, 8)))


def _signed(raw: int, bits: int) -> int:
    return raw - (1 << bits) if raw >> (bits - 1) else raw


def _power(mantissa: int, exponent: int) -> Decimal:
    # A text of digits is shown later: 1e127 is refused by the ranges, but must not become 127 zeros on the way.
    return Decimal(mantissa).scaleb(exponent)


class Packet:
    """The bytes of one measurement, read from the front. Every method raises `BadPacket` where they end too early."""

    def __init__(self, payload: bytes) -> None:
        if not 0 < len(payload) <= LONGEST:
            raise BadPacket(f"{len(payload)} bytes are no measurement")
        self._bytes, self._at = payload, 0

    def unsigned(self, size: int) -> int:
        """The next `size` bytes as a whole number."""
        taken = self._bytes[self._at : self._at + size]
        if len(taken) < size:
            raise BadPacket(f"it ends at byte {len(self._bytes)}, {self._at + size} are needed")
        self._at += size
        return int.from_bytes(taken, "little")

    def signed(self, size: int) -> int:
        """The next `size` bytes as a whole number with a sign."""
        return _signed(self.unsigned(size), 8 * size)

    def sfloat(self) -> Number:
        """The next two bytes as an SFLOAT."""
        return sfloat(self.unsigned(2))

    def float(self) -> Number:
        """The next four bytes as a FLOAT."""
        return long_float(self.unsigned(4))

    def stamp(self) -> datetime | None:
        """The next seven bytes as the device's own date and time, without a zone; None where it does not know."""
        year, month, day = self.unsigned(2), self.unsigned(1), self.unsigned(1)
        hour, minute, second = self.unsigned(1), self.unsigned(1), self.unsigned(1)
        if not (year and month and day):
            return None
        try:
            return datetime(year, month, day, hour, minute, second)
        except ValueError:
            raise BadPacket("its time is none") from None

    def end(self) -> None:
        """Nothing may follow: a longer packet than its own flags announce was not understood."""
        if self._at != len(self._bytes):
            raise BadPacket(f"{len(self._bytes) - self._at} bytes more than its flags announce")


def bits(word: int, names: tuple[tuple[int, str], ...]) -> tuple[str, ...]:
    """The names of the bits that are set."""
    return tuple(name for place, name in names if word >> place & 1)
