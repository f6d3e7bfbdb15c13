"""Versions of the conversation: which ones a program speaks, and how two programs find one that both do.

A program speaks its own version and the two before it. Whoever calls begins in the one agreed last; a hub answers in
the version of the request, tells in its `Welcome` the latest that it speaks, and refuses a frame of any other with
`too_old` or `too_new` and its range. So both go over to the highest common one, and back, when either is updated.
"""

from __future__ import annotations

import re

VERSION = 1
"""One more where a program of before could not read what is said. A field that is added to a message, a kind of record
or a layout is no reason."""
SPOKEN = range(max(1, VERSION - 2), VERSION + 1)
_RANGE = re.compile(r"(\d{1,3})-(\d{1,3})", re.ASCII)


def told(spoken: range) -> str:
    """A range as a refusal tells it: `1-3`."""
    return f"{spoken[0]}-{spoken[-1]}"


def heard(text: str) -> range:
    """The range that a refusal tells; empty where it tells none."""
    found = _RANGE.fullmatch(text)
    return range(int(found[1]), int(found[2]) + 1) if found else range(0)


class Agreement:
    """The version in which this node speaks with its hub. `agreed`: the last one, 0 before the first."""

    def __init__(self, agreed: int = 0, mine: range | None = None) -> None:
        """`mine`: None for what this program speaks."""
        self.mine = mine or SPOKEN
        self.version = min(max(agreed or self.mine[-1], self.mine[0]), self.mine[-1])

    def welcomed(self, latest: int) -> None:
        """The hub has answered, and speaks versions up to `latest`: the highest common one from now on."""
        # It has just understood the version at hand, so that one holds in any case.
        self.version = max(self.version, min(latest, self.mine[-1]))

    def refused(self, spoken: range) -> bool:
        """The hub speaks these alone; whether there is another one to try."""
        best = max((version for version in self.mine if version in spoken), default=0)
        again = best not in (0, self.version)
        self.version = best or self.version
        return again
