"""Numbers of forms that are printed in advance: `U1-01523-4567-K`. No two nodes and no two pads share one."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from uuid import UUID

from qafila.kernel import ids
from qafila.kernel.text import latin_digits

EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
STEP_S = 6
"""Numbers follow the clock, one in six seconds at most: a node restored from an older backup has forgotten which pads
it printed, and still begins beyond them."""
_CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FORM = re.compile(r"([A-Z0-9](?:[A-Z0-9-]{0,14}[A-Z0-9])?)-([0-9]{5})-?([0-9]{4})-([0-9A-Z])")


def first_free(last: int, now: datetime) -> int:
    """Where a pad begins: after the last one known, and not before the clock's own number."""
    return max(last + 1, int((now - EPOCH).total_seconds()) // STEP_S, 1)


def written(node: str, number: int) -> str:
    """A number as it stands on the form, with its check character."""
    digits = f"{number:09d}"
    return f"{node.upper()}-{digits[:5]}-{digits[5:]}-{_check(node.upper() + digits)}"


def read(text: str) -> tuple[str, int] | None:
    """Node and number of what was typed, None where it is no such number or was typed wrong."""
    packed = "".join(latin_digits(text[:60]).upper().split())
    found = _FORM.fullmatch(packed)
    if found is None:
        return None
    node, digits = found[1], found[2] + found[3]
    return (node, int(digits)) if _check(node + digits) == found[4] else None


def form_id(node: str, number: int) -> UUID:
    """The id of the paper with that number."""
    return ids.named("paper form", node.upper(), str(number))


def _check(body: str) -> str:
    """ISO 7064, MOD 37,36: finds every wrong character and nearly every swap."""
    rest = 36
    for character in body:
        value = _CHARACTERS.find(character)
        if value < 0:
            continue
        rest = (rest + value) % 36 or 36
        rest = rest * 2 % 37
    return _CHARACTERS[(37 - rest) % 36]
