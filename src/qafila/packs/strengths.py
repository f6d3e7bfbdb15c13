"""What a strength printed on a box says: how much of each substance in one piece or in a volume."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

_LATIN = re.compile(
    r"\d[\d .,]*\s?(?:million IU|microgram(?:me)?s?|µg|mg|mL|g|IU|UI|%)"
    r"(?: ?[+/] ?[\d.,]* ?(?:microgram(?:me)?s?|µg|mg|mL|g|L|dose|IU|UI)\b)*"
)
LRI, PDI = "\u2066", "\u2069"

TO_BASE = {
    "mg": (Decimal(1), "mg"),
    "g": (Decimal(1000), "mg"),
    "microgram": (Decimal("0.001"), "mg"),
    "IU": (Decimal(1), "IU"),
}
"""Unit → how many of its base unit it is, and which that is."""
_UNIT = {"micrograms": "microgram", "microgram": "microgram", "mg": "mg", "g": "g", "iu": "IU"}
_AMOUNT = re.compile(r"([0-9][0-9 ]*(?:\.[0-9]+)?)\s*(million)?\s*(micrograms?|mg|g|IU)\b", re.IGNORECASE)
_PER = re.compile(r"\s*([0-9.]+)?\s*(mL|L|dose)\s*", re.IGNORECASE)
_PERCENT = re.compile(r"([0-9.]+)\s*%")


@dataclass(frozen=True, slots=True)
class Strength:
    """`amounts`: of each substance in its order, in mg or IU (`bases`); `per_ml`: that volume holds them, None: one
    piece (a tablet, a puff, an ampoule of powder)."""

    amounts: tuple[Decimal, ...]
    bases: tuple[str, ...]
    per_ml: Decimal | None


def isolated(text: str) -> str:
    """The text with each strength in it kept left to right: in Arabic words `100 mg/5 mL` turns round otherwise."""
    return _LATIN.sub(lambda found: f"{LRI}{found[0]}{PDI}", text)


def worded(text: str, words: Mapping[str, str]) -> str:
    """A strength with its words in another language: `words` is what stands in it → what is said for it."""
    wanted = sorted(words, key=len, reverse=True)
    parts = "|".join(re.escape(one) for one in wanted)
    return re.sub(rf"(?<!\w)(?:{parts})(?!\w)", lambda found: words[found[0]], text) if wanted else text


def parse(text: str) -> Strength | None:
    """Read `500 mg`, `125 mg + 31.25 mg/5 mL`, `100 micrograms/dose`, `1.2 million IU`, `0.9%`; None for others."""
    if percent := _PERCENT.fullmatch(text.strip()):
        # g in 100 mL
        return Strength((Decimal(percent[1]) * 1000,), ("mg",), Decimal(100))
    held, _, per = text.partition("/")
    volume: Decimal | None = None
    if per:
        found = _PER.fullmatch(per)
        if found is None:
            return None
        if found[2].lower() != "dose":
            volume = Decimal(found[1] or 1) * (1000 if found[2] == "L" else 1)
    amounts, bases = [], []
    for part in held.split("+"):
        one = _AMOUNT.match(part.strip())
        if one is None:
            return None
        factor, base = TO_BASE[_UNIT[one[3].lower()]]
        amounts.append(Decimal(one[1].replace(" ", "")) * (1_000_000 if one[2] else 1) * factor)
        bases.append(base)
    if not all(amounts) or volume == 0:
        return None
    return Strength(tuple(amounts), tuple(bases), volume)
