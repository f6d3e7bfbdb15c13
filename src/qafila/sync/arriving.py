"""A request's body as it arrives, piece by piece: what came of a frame is kept when its sender falls silent or goes."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from qafila.sync import parts
from qafila.sync.frames import MAX_FRAME, mark

SILENT_S = 1.0
"""A sender who is silent for so long may be cut off: he calls again before this end hears of it."""
LEAST_FRAME = 2048
"""Smaller ones are not kept."""
_GOES_ON = re.compile(rb"([0-9a-f]{16}) ([1-9][0-9]{0,6})")
log = logging.getLogger("qafila.sync")
# One thread: what is written first is there first.
_disk = ThreadPoolExecutor(1, thread_name_prefix="parts")

Receive = Callable[[], Awaitable[dict[str, Any]]]


class Arriving:
    """The frame of one request. `whole`: bytes that it will have. `data`: what has come."""

    def __init__(self, whole: int, begun: bytes = b"") -> None:
        self.whole, self.data = whole, bytearray(begun)
        self._kept = len(begun)

    async def come(self, receive: Receive) -> bool:
        """Wait until all of it is here; False where its sender has gone."""
        more = True
        while more and len(self.data) < self.whole:
            part = await self._next(receive)
            if part["type"] == "http.disconnect":
                break
            self.data += part.get("body", b"")[: self.whole + 1 - len(self.data)]
            more = part.get("more_body", False)
        if len(self.data) < self.whole:
            await self.keep()
        return len(self.data) == self.whole

    async def _next(self, receive: Receive) -> dict[str, Any]:
        if self.whole < LEAST_FRAME:
            return await receive()
        coming = asyncio.ensure_future(receive())
        try:
            if not (await asyncio.wait({coming}, timeout=SILENT_S))[0]:
                await self.keep()
            return await coming
        finally:
            coming.cancel()

    async def keep(self) -> None:
        """Keep what has come, where it is worth it."""
        if self.whole >= LEAST_FRAME and len(self.data) >= self._kept + parts.LEAST:
            self._kept = len(self.data)
            await _off_the_loop(_keep, bytes(self.data))

    async def settled(self) -> None:
        """The frame was answered: its part is needed no more."""
        if self._kept:
            await _off_the_loop(parts.drop, mark(bytes(self.data[:64])))


async def begun(said: bytes) -> bytes:
    """The beginning that a request with that header (`frames.GOES_ON`) goes on from; nothing where it is not here.

    Raises `ValueError` where the header is none.
    """
    found = _GOES_ON.fullmatch(said)
    if not found or int(found[2]) > MAX_FRAME:
        raise ValueError("header")
    data, length = await _off_the_loop(parts.read, bytes.fromhex(found[1].decode())), int(found[2])
    return data[:length] if len(data) >= length else b""


async def _off_the_loop(work: Callable[[bytes], Any], said: bytes) -> Any:
    return await asyncio.get_running_loop().run_in_executor(_disk, copy_context().run, work, said)


def _keep(data: bytes) -> None:
    try:
        parts.keep(data)
    except OSError as error:
        log.warning("the beginning of a frame could not be kept: %s", type(error).__name__)
