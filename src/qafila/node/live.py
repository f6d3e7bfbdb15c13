"""Held connections: tells open pages that a list has changed (server-sent events).

A small ASGI application in a process of its own, without Django and without the database: the journal's writer
touches `changed` in the node's directory at each commit, and this process passes the word on. A page shows a
token that its own node signed and that is good for some hours, and the time of the last commit before it was made
(`since`); what has changed is never said, only that.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Awaitable, Callable
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from qafila.kernel.process import end_with_the_server
from qafila.kernel.stamp import stamp
from qafila.node.directory import NodeDirectory
from qafila.web.live_token import valid

end_with_the_server()
DIRECTORY = Path(os.environ["QAFILA_DIR"])
BEAT_S = 20
LOOK_S = 0.5
A_SECOND = 25
"""So many pages ask for themselves again within a second of a change; where more are open, they take turns."""

Send = Callable[[dict[str, Any]], Awaitable[None]]

HEADERS = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox"),
    (b"cross-origin-resource-policy", b"same-site"),
    (b"permissions-policy", b"camera=(), microphone=(), bluetooth=()"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
]


@lru_cache(maxsize=1)
def _origins() -> frozenset[str]:
    """Where the node's own pages come from: no other page in a browser may listen."""
    directory = NodeDirectory(DIRECTORY)
    port = directory.port
    return frozenset(f"https://{host}" + ("" if port == 443 else f":{port}") for host in directory.hosts)


class Watch:
    """Looks at the file once for all who listen."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.turn = asyncio.Condition()
        self.stamp = stamp(file)
        self.task: asyncio.Task[None] | None = None
        self.listeners = 0

    async def run(self) -> None:
        """Watch for as long as the process lives."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look()

    async def look(self) -> None:
        """Look at the file now."""
        async with self.turn:
            seen = stamp(self.file)
            if seen != self.stamp:
                self.stamp = seen
                self.turn.notify_all()

    async def change(self, since: int) -> int:
        """The stamp as soon as it is not `since`; after a while without a change `since` itself."""
        if self.task is None:
            self.task = asyncio.create_task(self.run())
        await self.look()
        try:
            async with asyncio.timeout(BEAT_S), self.turn:
                await self.turn.wait_for(lambda: self.stamp != since)
        except TimeoutError:
            return since
        return self.stamp


_watch: Watch | None = None


async def application(scope: dict[str, Any], receive: Any, send: Send) -> None:
    """The ASGI application."""
    global _watch
    if scope["type"] != "http":
        return
    headers = {k.decode().lower(): v.decode("latin-1") for k, v in scope["headers"]}
    origin = headers.get("origin", "")
    asked = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    token, since = asked.get("token", [""])[0], asked.get("since", [""])[0]
    if scope["path"] != "/live" or not valid(DIRECTORY, token):
        await _plain(send, 403)
        return
    await send({"type": "http.response.start", "status": 200, "headers": _headers(b"text/event-stream", origin)})
    _watch = _watch or Watch(DIRECTORY / "changed")
    _watch.listeners += 1
    try:
        # What changed since the page was made, or while a word is on its way, is told next, not lost.
        await _tell(send, receive, _watch, since)
    finally:
        _watch.listeners -= 1


async def _tell(send: Send, receive: Any, watch: Watch, since: str) -> None:
    gone = asyncio.ensure_future(_gone(receive))
    await send({"type": "http.response.body", "body": b"retry: 3000\n\n", "more_body": True})
    told = int(since) if since.isascii() and since.isdigit() and len(since) < 20 else watch.stamp
    while not gone.done():
        waiting = asyncio.ensure_future(watch.change(told))
        await asyncio.wait({gone, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            waiting.cancel()
            break
        found = waiting.result()
        if found != told and watch.listeners > A_SECOND:
            turn = random.uniform(0, watch.listeners / A_SECOND)  # noqa: S311 - spreads work, hides nothing
            await asyncio.wait({gone}, timeout=turn)
            found = watch.stamp
        word = b"event: changed\ndata: lists\n\n" if found != told else b": still here\n\n"
        told = found
        await send({"type": "http.response.body", "body": word, "more_body": True})


async def _gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _plain(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": _headers(b"text/plain", "")})
    await send({"type": "http.response.body", "body": b""})


def _headers(kind: bytes, origin: str) -> list[tuple[bytes, bytes]]:
    headers = [(b"content-type", kind), *HEADERS]
    if origin and origin in _origins():
        # The token alone lets in: no cookie is asked for.
        headers.append((b"access-control-allow-origin", origin.encode("latin-1")))
    return headers
