"""What the node needs of a Bluetooth radio, and no more: two adapters fill it, the machine's own (bleak) and, in tests,
a virtual one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Seen:
    """An instrument near by. `services`: four hexadecimal digits each, as far as it advertises them."""

    address: str
    name: str
    services: tuple[str, ...]


class Trouble(Exception):
    """The radio, or an instrument, does not do what was asked. `why`: `none` (no Bluetooth here), `off`, `away`,
    `refused`, `failed`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Link(Protocol):
    """A connection to one instrument. Characteristics are four hexadecimal digits. All raise `Trouble`."""

    async def read(self, characteristic: str) -> bytes:
        """A value; b"" where the instrument has no such one."""

    async def write(self, characteristic: str, data: bytes) -> None:
        """Write with an answer."""

    async def subscribe(self, characteristic: str, handler: Callable[[bytes], None]) -> bool:
        """Be told of each value from now on; False where the instrument has no such one."""

    async def gone(self) -> None:
        """Wait until the connection has ended."""

    async def close(self) -> None:
        """End it."""


class Radio(Protocol):
    """A radio. All raise `Trouble`."""

    async def scan(self, seconds: float) -> list[Seen]:
        """What is near."""

    async def connect(self, address: str) -> Link:
        """A connection, made when the instrument is there."""
