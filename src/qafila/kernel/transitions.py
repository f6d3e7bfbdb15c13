"""Life cycles as tables: which act leads from which state to which, who owns it, which right it needs.

`Transitions` holds one table; `move` answers "where does this act lead", `available` "what can be done now",
and `settle` what two nodes' acts amount to when both happened before the nodes met.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations


class WrongState(Exception):
    """The act is not possible in the present state."""

    def __init__(self, act: str, state: str) -> None:
        super().__init__(f"{act} is not possible from {state}")
        self.act, self.state = act, state


@dataclass(frozen=True)
class Transition:
    """One row: `act` leads from any of `sources` to `target`; the `owner` kind of node decides; needs `right`."""

    act: str
    sources: frozenset[str]
    target: str
    owner: str
    right: str


@dataclass(frozen=True)
class Crossing:
    """Two states reached on two nodes before they met: what is true then, and what people are told."""

    states: frozenset[str]
    result: str
    notice: str


@dataclass(frozen=True)
class Transitions:
    """A life cycle. `rank` orders states by progress: of two states without a crossing row the later one holds."""

    rows: tuple[Transition, ...]
    crossings: tuple[Crossing, ...] = ()
    rank: dict[str, int] = field(default_factory=dict)

    @classmethod
    def table(
        cls,
        *rows: tuple[str, Iterable[str], str, str, str],
        crossing: Iterable[tuple[str, str, str, str]] = (),
        order: Iterable[str] = (),
    ) -> Transitions:
        """Build from plain tuples: (act, sources, target, owner, right) and (state, state, result, notice)."""
        return cls(
            tuple(Transition(a, frozenset(s), t, o, r) for a, s, t, o, r in rows),
            tuple(Crossing(frozenset((a, b)), result, notice) for a, b, result, notice in crossing),
            {state: place for place, state in enumerate(order)},
        )

    def states(self) -> set[str]:
        """Every state that the table names."""
        return {r.target for r in self.rows}.union(*(r.sources for r in self.rows))

    def find(self, act: str, state: str) -> Transition:
        """The row for `act` in `state`. Raises `WrongState`."""
        for row in self.rows:
            if row.act == act and state in row.sources:
                return row
        raise WrongState(act, state)

    def move(self, act: str, state: str) -> str:
        """The state that `act` leads to. Raises `WrongState`."""
        return self.find(act, state).target

    def available(self, state: str, owner: str | None = None) -> list[Transition]:
        """The rows that can be done in `state`, of one owner or of all."""
        return [r for r in self.rows if state in r.sources and owner in (None, r.owner)]

    def settle(self, states: Iterable[str]) -> tuple[str, list[str]]:
        """The state that holds, and the notices due, when these states were reached side by side.

        Independent of the order in which they are given: crossing rows are tried on every pair, highest rank
        first; what no row covers falls to the state furthest along.
        """
        left = sorted(set(states), key=lambda s: (-self.rank.get(s, -1), s))
        if not left:
            raise ValueError("no state to settle")
        notices: list[str] = []
        while len(left) > 1:
            pair, row = self._pair(left)
            if row is None:
                left = [s for s in left if s != pair[1]]
                continue
            notices.append(row.notice)
            rest = [s for s in left if s not in row.states]
            left = sorted({row.result, *rest}, key=lambda s: (-self.rank.get(s, -1), s))
        return left[0], notices

    def _pair(self, states: list[str]) -> tuple[tuple[str, str], Crossing | None]:
        for a, b in combinations(states, 2):
            for row in self.crossings:
                if row.states == {a, b}:
                    return (a, b), row
        return (states[0], states[-1]), None
