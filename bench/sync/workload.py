"""The work that is carried over the link: consultations invented from a seed, as acts and as documents.

A consultation is a person, a visit, eight observations and a note of 300 to 700 characters in French or Arabic.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bench.sync.words import name, note

READINGS = (
    ("temperature", 36.2, 38.4, 1, "Cel"), ("pulse", 58, 108, 0, "/min"), ("respirations", 12, 22, 0, "/min"),
    ("systolic", 100, 158, 0, "mm[Hg]"), ("diastolic", 60, 94, 0, "mm[Hg]"), ("spo2", 94, 99, 0, "%"),
    ("glucose", 4.2, 9.6, 1, "mmol/L"), ("weight", 48, 96, 1, "kg"),
)  # fmt: skip
A_DAY = 100
SHORTEST, LONGEST = 300, 700
_NONCE = 0x2B7C31D94E6


@dataclass(frozen=True)
class Consultation:
    """One person, seen once."""

    number: int
    language: str
    script: str
    given: str
    middle: str
    family: str
    sex: str
    born: date
    phone: str
    national_id: str
    reason: str
    note: str
    readings: dict[str, float]

    @property
    def minutes(self) -> float:
        """When it began, in minutes after the first one."""
        return self.number // A_DAY * 1440 + self.number % A_DAY * 5

    def document(self, begun: datetime, unit: str) -> dict[str, Any]:
        """The consultation as one JSON document, for programs that replicate documents."""
        at = begun + timedelta(minutes=self.minutes)
        units = {key: unit_ for key, *_, unit_ in READINGS}
        # As the units of this project number their rows: time, one nonce of the writing process, a counter.
        counter = itertools.count(self.number * 16)

        def fresh() -> str:
            return f"{int(at.timestamp() * 1000):012x}8{_NONCE:011x}{next(counter):08x}"

        said = asdict(self)
        person = {key: said[key] for key in ("given", "middle", "family", "script", "sex", "phone", "national_id")}
        return {
            "_id": fresh(),
            "person": {"id": fresh(), **person, "birth_date": self.born.isoformat(), "language": self.language},
            "visit": {"id": fresh(), "unit": unit, "day": at.date().isoformat(), "ticket": self.number % A_DAY + 1,
                      "reason": self.reason, "opened_at": _instant(at), "status": "waiting"},
            "observations": [
                {"id": fresh(), "code": key, "value": value, "unit": units[key],
                 "at": _instant(at + timedelta(minutes=3))}
                for key, value in self.readings.items()
            ],
            "note": {"id": fresh(), "kind": "exam", "at": _instant(at + timedelta(minutes=4)), "text": self.note},
        }  # fmt: skip


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def consultations(count: int, seed: int) -> Iterator[Consultation]:
    """So many consultations, always the same for a seed."""
    dice = random.Random(f"consultations {seed}")
    for number in range(count):
        language = dice.choice(("fr", "ar"))
        yield Consultation(
            number=number,
            language=language,
            script="Latn" if language == "fr" else "Arab",
            given=name(language, dice),
            middle=name(language, dice),
            family=name(language, dice),
            sex=dice.choice(("female", "male")),
            born=date(1940, 1, 1) + timedelta(days=dice.randrange(65 * 365)),
            phone=f"06{dice.randrange(10**8):08d}",
            national_id=f"{dice.choice('ABCDEFGHJK')}{seed % 10_000:04d}{number:05d}",
            reason=note(language, 15, 40, dice),
            note=note(language, SHORTEST, LONGEST, dice),
            readings={key: round(dice.uniform(low, high), places or None) for key, low, high, places, _ in READINGS},
        )
