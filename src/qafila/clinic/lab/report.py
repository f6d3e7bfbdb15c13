"""What a message of results says, whatever it was written in: pure data between the exchange and the clinic."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Result:
    """One result as sent. `system` `LN` is LOINC. `kind` `number` or `words`; `comparator` of a number: `<`, `>`…
    `status`: `final`, `corrected`, or another word for what is no result yet."""

    code: str
    system: str
    name: str
    kind: str
    value: str
    comparator: str = ""
    unit: str = ""
    status: str = "final"
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """One message: whose results, as far as the sender knows, and what they are."""

    sender: str
    control: str
    persons: tuple[str, ...]
    """Identifiers of the person (PID-3, PID-2)."""
    visits: tuple[str, ...]
    orders: tuple[str, ...]
    birth: date | None
    sex: str
    """`female`, `male` or ""."""
    name: str
    results: tuple[Result, ...]
    at: datetime | None = None
