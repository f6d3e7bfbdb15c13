"""When in a day a medicine is taken: morning, noon, evening, night. Pure.

Two, three and four times a day have one usual reading; once a day may be any of the four, so nobody guesses it: a
person says which, or the sheet shows the number alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

SLOTS = ("morning", "noon", "evening", "night")
USUAL = {2: (True, False, True, False), 3: (True, True, True, False), 4: (True, True, True, True)}
MOST_LINES, MOST = 40, Decimal(1000)
Day = tuple[str, str, str, str]


def usual(dose: Decimal, per_day: Decimal) -> Day | None:
    """The four amounts of a day; None where the number of times does not say when."""
    taken = USUAL.get(int(per_day)) if per_day == int(per_day) else None
    if taken is None:
        return None
    amount = f"{dose.normalize():f}"
    first, second, third, fourth = (amount if one else "" for one in taken)
    return first, second, third, fourth


def read(doses: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """What was chosen, in the kept shape: lines with at least one amount; what is no amount is left out."""
    found = {}
    for line, day in list(doses.items())[:MOST_LINES]:
        amounts = [amount(one) for one in list(day)[: len(SLOTS)]]
        amounts += [""] * (len(SLOTS) - len(amounts))
        if any(amounts):
            found[str(line)[:32]] = amounts
    return found


def amount(text: str) -> str:
    """A positive number as text, "" for anything else."""
    try:
        value = Decimal(str(text).strip())
    except InvalidOperation:
        return ""
    return f"{value.normalize():f}" if value.is_finite() and 0 < value <= MOST else ""


def pills(text: str) -> tuple[int, bool] | None:
    """How many whole pills and whether a half are drawn; None for what is not drawn in pills."""
    value = Decimal(text) if amount(text) else Decimal(0)
    whole = int(value)
    rest = value - whole
    return (whole, rest == Decimal("0.5")) if rest in (0, Decimal("0.5")) and 0 < value <= 4 else None
