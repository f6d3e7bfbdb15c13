"""What every reader of a device's file gives: whole numbers of one scale a lead, as the device wrote them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from qafila.clinic.imaging import refused
from qafila.clinic.imaging.refused import Refused

BYTES = 8 * 1024 * 1024
"""Of a file; a resting ECG is under one megabyte in every format."""
MOST_LEADS, MOST_SAMPLES = 32, 120_000
"""A lead's samples: two minutes at 1000 Hz."""
SLOWEST, FASTEST = 50.0, 10_000.0


@dataclass(frozen=True)
class Lead:
    """One lead: `samples` whole numbers, each worth `microvolts`; `offset` microvolts are added to all."""

    name: str
    samples: tuple[int, ...] | list[int]
    microvolts: float
    offset: float = 0.0


@dataclass(frozen=True)
class Recording:
    """Leads that were recorded at the same time."""

    leads: Mapping[str, Lead]
    frequency: float
    """Samples a second."""
    format: str
    """What the file was, in words that need no translation: `SCP-ECG`, `HL7 aECG`."""
    low_cut: float | None = None
    high_cut: float | None = None
    taken: datetime | None = None
    """As the device's clock said, without a zone."""


def recording(
    leads: list[Lead],
    frequency: float,
    format: str,  # noqa: A002 - the word for it
    *,
    low_cut: float | None = None,
    high_cut: float | None = None,
    taken: datetime | None = None,
) -> Recording:
    """The recording, checked: equal lengths, within bounds, each lead once. Raises `Refused`."""
    by_name = {lead.name: lead for lead in leads}
    lengths = {len(lead.samples) for lead in leads}
    if not leads or len(by_name) != len(leads) or len(lengths) != 1 or lengths == {0}:
        raise broken(format)
    if len(leads) > MOST_LEADS or max(lengths) > MOST_SAMPLES:
        raise Refused(refused.LONG_ECG)
    if not SLOWEST <= frequency <= FASTEST:
        raise broken(format)
    if not all(0 < lead.microvolts <= 1e5 and abs(lead.offset) <= 1e7 for lead in leads):
        raise Refused(refused.NO_SCALE)
    return Recording(by_name, frequency, format, low_cut, high_cut, taken)


def broken(format: str) -> Refused:  # noqa: A002
    """A file that is cut short or damaged."""
    return Refused(refused.BROKEN_ECG, format=format)
