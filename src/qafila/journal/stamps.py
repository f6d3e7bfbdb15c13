"""Stamps: which record a field's value comes from, and the fold of concurrent writes.

A stamp names a record by (hybrid clock, node, run); a run never gives a clock value twice, so it is unique.
A row carries the stamps of its fields' *heads*: the writes that no later write has seen. One head is the
ordinary case; two with different values are a clash.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson


class Stamp(NamedTuple):
    """The origin of a value. Its tuple order is the order in which values replace each other."""

    hlc: int
    node: str
    run: int

    def __str__(self) -> str:
        return f"{self.hlc:x}.{self.run:x}.{self.node}"

    @classmethod
    def parse(cls, text: str) -> Stamp:
        """Raises `ValueError` where `text` is no stamp."""
        hlc, run, node = text.split(".", 2)
        if not node:
            raise ValueError("a stamp without a node")
        return cls(int(hlc, 16), node, int(run, 16))


DEFAULT = ""
"""The key under which a row keeps the stamp of all fields that were never changed since."""


@dataclass
class Heads:
    """The heads of a row's fields: those of its creation, and of each field that has changed since."""

    fields: dict[str, tuple[Stamp, ...]]

    @classmethod
    def load(cls, text: str) -> Heads:
        """From the row's column; an empty text is a row without a record."""
        stored: dict[str, list[str]] = orjson.loads(text) if text else {}
        return cls({name: tuple(Stamp.parse(s) for s in stamps) for name, stamps in stored.items()})

    def dump(self) -> str:
        """For the row's column."""
        stored = {n: [str(s) for s in stamps] for n, stamps in self.fields.items()}
        return orjson.dumps(stored, option=orjson.OPT_SORT_KEYS).decode()

    def of(self, name: str) -> tuple[Stamp, ...]:
        """The heads of one field."""
        return self.fields.get(name) or self.fields.get(DEFAULT, ())


@dataclass(frozen=True)
class Write:
    """One write of one field: where it comes from, which heads its author saw, what it says."""

    stamp: Stamp
    base: tuple[Stamp, ...]
    value: Any


def heads_of(writes: Iterable[Write]) -> list[Write]:
    """The writes that no other of them had seen, latest first. Any order in gives the same list."""
    every = {w.stamp: w for w in writes}
    seen = {stamp for w in every.values() for stamp in w.base}
    heads = [w for w in every.values() if w.stamp not in seen]
    return sorted(heads, key=lambda w: w.stamp, reverse=True)


def pack_base(base: Mapping[str, tuple[Stamp, ...]]) -> dict[str, list[str]]:
    """The bases of a change, stated once where most fields share theirs."""
    counted: dict[tuple[Stamp, ...], int] = {}
    for stamps in base.values():
        counted[stamps] = counted.get(stamps, 0) + 1
    usual = max(counted, key=lambda s: (counted[s], s), default=())
    packed = {name: [str(s) for s in stamps] for name, stamps in base.items() if stamps != usual}
    if usual:
        packed[DEFAULT] = [str(s) for s in usual]
    return packed


def unpack_base(packed: Mapping[str, list[str]], name: str) -> tuple[Stamp, ...]:
    """The base of one field."""
    return tuple(Stamp.parse(s) for s in packed.get(name, packed.get(DEFAULT, [])))
