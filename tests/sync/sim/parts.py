"""Beginnings of frames that were cut off, as `sync.parts` keeps them beside the hub's database: no backup has them, a
restart keeps them, and they may be lost or altered at any time."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from qafila.sync.frames import mark

if TYPE_CHECKING:
    from tests.sync.sim.world import World

LEAST = 80
"""The frames of a simulation are small."""


class Parts:
    """What the hub keeps. The dice are its own, so that fleets without broken frames live as before."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.dice = Random(f"parts {world.seed}")
        self.kept: dict[bytes, bytes] = {}
        self.spoilt = False
        """Whether a part was altered on the disk."""
        self.joined = 0

    def keep(self, data: bytes) -> None:
        named = mark(data)
        if len(data) >= LEAST and len(data) > len(self.kept.get(named, b"")):
            self.kept[named] = data

    def size(self, named: bytes) -> int:
        return len(self._read(named))

    def join(self, goes_on: str, rest: bytes) -> bytes | None:
        """The whole frame; None where its beginning is not here any more."""
        named, _, begins = goes_on.partition(" ")
        part = self._read(self.world.plant.part_of(self, bytes.fromhex(named)))
        if len(part) < int(begins):
            return None
        self.joined += 1
        return part[: int(begins)] + rest

    def settled(self, data: bytes) -> None:
        self.kept.pop(mark(data), None)

    def _read(self, named: bytes) -> bytes:
        data = self.kept.get(named, b"")
        if data and not self.world.calm and self.dice.random() < 0.05:
            if self.dice.random() < 0.5:
                del self.kept[named]
                return b""
            self.spoilt = True
            place = self.dice.randrange(64, len(data))
            self.kept[named] = data = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        return data
