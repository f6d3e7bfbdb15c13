"""Held connections: tells open pages that a list has changed (server-sent events).

A small ASGI application in a process of its own, without Django and without the database: whoever commits a change says
of which topics in the node's directory (`kernel.topics`), and this process passes the word on to the pages that were
made of them. A page shows a token that its own node signed and that is good for some hours, and says for each of its
lists of which topics it was made (`of`) and how they stood then (`since`); what has changed is never said, only that.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
from collections.abc import Awaitable, Callable
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from qafila.kernel.process import end_with_the_server
from qafila.kernel.topics import PLACES, every, mark
from qafila.node.directory import NodeDirectory
from qafila.web.live_token import valid

end_with_the_server()
DIRECTORY = Path(os.environ["QAFILA_DIR"])
BEAT_S = 20
LOOK_S = 0.5
A_SECOND = 15
"""So many pages ask for themselves again within a second of a change: those whom it concerns take turns."""
REST_S = 1.0
MOST_LISTS = 8
PLACES_SAID = re.compile(r"\d{1,5}(\.\d{1,5}){0,400}", re.ASCII)

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


class Listener:
    """A page that listens: for each list the places of its topics, and the word for their numbers that it knows."""

    def __init__(self, groups: list[tuple[list[int], str]]) -> None:
        self.groups = groups
        self.news = asyncio.Event()

    def look(self, numbers: bytes) -> bool:
        """Whether something is news to it."""
        return any(mark(numbers, places) != known for places, known in self.groups)

    def told(self, numbers: bytes) -> None:
        """It is told now: what is so now it knows."""
        self.groups = [(places, mark(numbers, places)) for places, _ in self.groups]
        self.news.clear()


class Watch:
    """Looks at the topics once for all who listen."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.numbers = every(directory)
        self.task: asyncio.Task[None] | None = None
        self.listeners: set[Listener] = set()

    async def run(self) -> None:
        """Watch for as long as the process lives."""
        while True:
            await asyncio.sleep(LOOK_S)
            self.look()

    def look(self) -> None:
        """Look at the topics now, and wake those whose lists have changed."""
        seen = every(self.directory)
        if seen == self.numbers:
            return
        self.numbers = seen
        for one in self.listeners:
            if not one.news.is_set() and one.look(seen):
                one.news.set()

    def join(self, listener: Listener) -> None:
        """From now on this page is told, of what it has missed at once."""
        if self.task is None:
            self.task = asyncio.create_task(self.run())
        self.look()
        self.listeners.add(listener)
        if listener.look(self.numbers):
            listener.news.set()

    def turn(self) -> float:
        """After how many seconds somebody who has news is told: as many as have news take turns."""
        waiting = sum(one.news.is_set() for one in self.listeners)
        return random.uniform(0, waiting / A_SECOND) if waiting > 1 else 0.0  # noqa: S311 - spreads work


_watch: Watch | None = None


async def application(scope: dict[str, Any], receive: Any, send: Send) -> None:
    """The ASGI application."""
    global _watch
    if scope["type"] != "http":
        return
    headers = {k.decode().lower(): v.decode("latin-1") for k, v in scope["headers"]}
    origin = headers.get("origin", "")
    asked = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    token = asked.get("token", [""])[0]
    if scope["path"] != "/live" or not valid(DIRECTORY, token):
        await _plain(send, 403)
        return
    await send({"type": "http.response.start", "status": 200, "headers": _headers(b"text/event-stream", origin)})
    _watch = _watch or Watch(DIRECTORY)
    listener = Listener(_groups(asked))
    # What changed since the page was made, or while a word is on its way, is told next, not lost.
    _watch.join(listener)
    try:
        await _tell(send, receive, _watch, listener)
    finally:
        _watch.listeners.discard(listener)


def _groups(asked: dict[str, list[str]]) -> list[tuple[list[int], str]]:
    """What a page says its lists were made of; one that says nothing that can be read hears of everything."""
    found = []
    for of, since in zip(asked.get("of", [])[:MOST_LISTS], asked.get("since", []), strict=False):
        if PLACES_SAID.fullmatch(of):
            places = [int(one) for one in of.split(".")]
            found.append(([one for one in places if one < PLACES], since))
    return found or [(list(range(PLACES)), mark(every(DIRECTORY), range(PLACES)))]


async def _tell(send: Send, receive: Any, watch: Watch, listener: Listener) -> None:
    gone = asyncio.ensure_future(_gone(receive))
    await send({"type": "http.response.body", "body": b"retry: 3000\n\n", "more_body": True})
    while not gone.done():
        news = asyncio.ensure_future(listener.news.wait())
        await asyncio.wait({gone, news}, timeout=BEAT_S, return_when=asyncio.FIRST_COMPLETED)
        news.cancel()
        if gone.done():
            break
        word = b": still here\n\n"
        if listener.news.is_set():
            await asyncio.wait({gone}, timeout=watch.turn())
            watch.look()
            listener.told(watch.numbers)
            word = b"event: changed\ndata: lists\n\n"
        await send({"type": "http.response.body", "body": word, "more_body": True})
        if word.startswith(b"event"):
            # What else changes at once is one more word, not ten.
            await asyncio.wait({gone}, timeout=REST_S)


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
