"""The people of a load: each a browser of its own, with think time, a page that renews itself, and a shift's log-in.

As browsers do: connections stay open between two pages, for minutes. The live connection is the open page's own, begun
anew with each page that has a list and shut with it; a list says what it was made of when it asks for itself. What was
sent over a kept connection that was shut at that moment (granian's limit is 30 s idle) is sent once more; how often, is
told (`resent`).
"""

from __future__ import annotations

import asyncio
import random
import re
import socket
import ssl
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

from bench.load.make import PASSWORD, role_of, username

CASE = re.compile(r'href="(/specialist/case/[0-9a-f-]{36}/)"')
LIVE = re.compile(r'<meta name="live" content="([^"]+)"')
STATIC = re.compile(r'(?:href|src)="(/static/[^"#]+)"')
HIDDEN = re.compile(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"')
PAGES = {
    "specialist": (
        ("worklist", 30), ("case", 38), ("draft", 12), ("done", 8), ("my roster", 6), ("duty", 2), ("account", 4),
    ),
    "coordinator": (("board", 45), ("duty of all", 15), ("units", 15), ("roster", 10), ("follow-up", 15)),
    "admin": (("units", 50), ("packs", 50)),
}  # fmt: skip
AT = {
    "worklist": "/specialist/", "done": "/specialist/done/", "my roster": "/specialist/roster/", "account": "/account/",
    "board": "/coordinator/", "duty of all": "/coordinator/duty/", "units": "/coordinator/units/",
    "roster": "/coordinator/roster/", "follow-up": "/loop/watch/", "packs": "/packs/",
}  # fmt: skip
CONNECTIONS, KEPT_S, PATIENCE_S = 6, 300, 60
"""Of one browser to one address; how long one is kept; how long an answer is waited for."""


class Told:
    """Milliseconds of each kind of page, and what went wrong."""

    def __init__(self) -> None:
        self.ms: dict[str, list[float]] = defaultdict(list)
        self.errors: dict[str, int] = defaultdict(int)
        self.holding = self.held = self.resent = 0

    def summary(self) -> dict[str, Any]:
        """As the report has it."""
        every = [one for kind, some in self.ms.items() if kind not in ("door", "log-in", "static") for one in some]
        rows = {kind: spread(some) for kind, some in sorted(self.ms.items())}
        return {
            "pages": rows,
            "all_pages": spread(every),
            "errors": dict(self.errors),
            "held_connections": self.held,
            "resent": self.resent,
        }


def spread(some: list[float]) -> dict[str, float]:
    """Count, median, 95th and 99th percentile and the longest."""
    if not some:
        return {"n": 0}
    row = sorted(some)
    at = lambda share: round(row[min(len(row) - 1, int(len(row) * share))], 1)  # noqa: E731 - a table's columns
    return {"n": len(row), "p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "max": round(row[-1], 1)}


class Answer(NamedTuple):
    """A page as it came, after redirects."""

    status: int
    head: Mapping[str, str]
    path: str
    text: str


class Person:
    """Somebody at a browser."""

    def __init__(self, number: int, base: str, authority: Path | None, told: Told, think_s: float) -> None:
        self.number, self.role, self.told, self.think_s = number, role_of(number), told, think_s
        self.dice = random.Random(number)
        self.page, self.live, self.of, self.drawn, self.cases = "", "", "", 0.0, list[str]()
        self.listening: asyncio.Task[None] | None = None
        # Each has an address of its own, as at home or in a ministry: log-ins are counted by address.
        own = f"127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}"
        lines = aiohttp.TCPConnector(
            ssl=ssl_of(authority) if authority else False, local_addr=(own, 0), family=socket.AF_INET,
            limit=CONNECTIONS, keepalive_timeout=KEPT_S, ttl_dns_cache=None,
        )  # fmt: skip
        self.base = base
        self.http = aiohttp.ClientSession(base, connector=lines, timeout=aiohttp.ClientTimeout(total=PATIENCE_S))

    async def ask(self, kind: str, path: str, *, data: dict[str, str] | None = None, **head: str) -> str:
        """One page, timed to its last byte; redirects count as one."""
        begun = time.perf_counter()
        try:
            try:
                answer = await self.once(path, data, head)
            except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError):
                self.told.resent += 1
                answer = await self.once(path, data, head)
        except (aiohttp.ClientError, TimeoutError) as error:
            self.told.errors[f"{kind}: {type(error).__name__}"] += 1
            return ""
        kind = "unchanged" if answer.status == 204 and kind == "renewal" else kind
        self.told.ms[kind].append((time.perf_counter() - begun) * 1000)
        self.of = answer.head.get("X-Live-Of", self.of) if kind == "renewal" else self.of
        if answer.status >= 400:
            self.told.errors[f"{kind}: {answer.status}"] += 1
            return ""
        if kind not in ("door", "log-in", "static") and answer.path in ("/login/", "/switch/"):
            self.told.errors[f"{kind}: logged out"] += 1
        return answer.text if "html" in answer.head.get("content-type", "") else ""

    async def once(self, path: str, data: dict[str, str] | None, head: dict[str, str]) -> Answer:
        """Send it."""
        verb = "GET" if data is None else "POST"
        head = head if data is None else {"Referer": self.base, **head}
        async with self.http.request(verb, path, data=data, headers=head) as got:
            return Answer(got.status, got.headers, got.url.path, (await got.read()).decode("utf-8", "replace"))

    async def work(self, starts_s: float, until: float, stopped: Callable[[], bool]) -> None:
        """The whole of it: log in, look, think, look again."""
        await asyncio.sleep(starts_s)
        try:
            page = await self.ask("door", "/login/")
            said = {**dict(HIDDEN.findall(page)), "username": username(self.number), "password": PASSWORD, "next": "/"}
            page = await self.ask("log-in", "/login/", data=said)
            self.seen("/", page)
            for path in sorted(set(STATIC.findall(page))):
                await self.ask("static", path)
            while time.monotonic() < until and not stopped():
                think = min(self.dice.expovariate(1 / self.think_s), 4 * self.think_s)
                await asyncio.sleep(max(0.0, min(think, until - time.monotonic())))
                if time.monotonic() < until:
                    await self.one()
        finally:
            self.shut()
            await self.http.close()

    async def one(self) -> None:
        """One thing that such a person does."""
        kinds, weights = zip(*PAGES[self.role], strict=True)
        kind = self.dice.choices(kinds, weights)[0]
        if kind == "case" and not self.cases:
            kind = "worklist"
        if kind == "case":
            path = self.dice.choice(self.cases)
        elif kind in ("draft", "duty"):
            await self.write(kind)
            return
        else:
            path = AT[kind]
        self.seen(path, await self.ask(kind, path))

    async def write(self, kind: str) -> None:
        """What is typed is kept as a draft all the time; now and then somebody goes on duty or off."""
        page = await self.ask("worklist", "/specialist/")
        self.seen("/specialist/", page)
        said = {name: unescape(value) for name, value in HIDDEN.findall(page)}
        if kind == "draft":
            words = {"draft": f"answer:{self.number:032x}", "plan": "Repos et contrôle dans une semaine. " * 4}
            await self.ask("draft", "/nurse/draft/", data={**said, **words}, **{"X-Live": "draft"})
        elif "specialty" in said:
            await self.ask("duty", "/specialist/duty/", data={**said, "status": self.dice.choice(("on", "off"))})

    def seen(self, path: str, page: str) -> None:
        """Another page is open now: remember what it offers, and listen for it where it has a list."""
        if not page:
            return
        self.shut()
        self.cases = CASE.findall(page) or self.cases
        found = LIVE.search(page)
        self.page = path if "data-live" in page and found else ""
        if self.page and found:
            self.live, self.of = unescape(found.group(1)).split("&of=")
            self.of, self.drawn = f"of={self.of}", time.monotonic()
            self.listening = asyncio.create_task(self.listen())

    def shut(self) -> None:
        """The page is left, and its connection with it."""
        if self.listening is not None:
            self.listening.cancel()
        self.listening = None

    async def listen(self) -> None:
        """Hold the live connection of the open page; begin it anew where its list is made of something else now."""
        held_open = aiohttp.ClientTimeout(total=None, sock_connect=PATIENCE_S)
        while True:
            topics, _ = self.of.split("&")
            try:
                async with self.http.get(f"{self.live}&{self.of}", timeout=held_open) as held:
                    self.told.holding += 1
                    self.told.held = max(self.told.held, self.told.holding)
                    try:
                        await self.renew(held, topics)
                    finally:
                        self.told.holding -= 1
            except (aiohttp.ClientError, TimeoutError) as error:
                self.told.errors[f"live: {type(error).__name__}"] += 1
                await asyncio.sleep(3)

    async def renew(self, held: aiohttp.ClientResponse, topics: str) -> None:
        """Ask for the open list again each time that something has changed."""
        async for line in held.content:
            if not line.startswith(b"event: changed"):
                continue
            young = time.monotonic() - self.drawn < 60
            begun = time.monotonic()
            if await self.ask(
                "renewal", self.page, **{"X-Live": "lists"}, **({"X-Live-Since": self.of} if young else {})
            ):
                self.drawn = begun
            if not self.of.startswith(f"{topics}&"):
                return


_contexts: dict[Path, ssl.SSLContext] = {}


def ssl_of(authority: Path) -> ssl.SSLContext:
    """One context for all: a certificate is read once."""
    if authority not in _contexts:
        _contexts[authority] = ssl.create_default_context(cafile=str(authority))
    return _contexts[authority]


async def crowd(
    base: str, authority: Path | None, people: int, minutes: float, think_s: float, watch: Callable[[], None]
) -> Told:
    """So many people for so long; `watch` is called every five seconds. Log-ins are spread over the first quarter."""
    told, until = Told(), time.monotonic() + minutes * 60
    some = [Person(n, base, authority, told, think_s) for n in range(people)]
    tasks = [asyncio.create_task(p.work(n / people * minutes * 15, until, lambda: False)) for n, p in enumerate(some)]
    while time.monotonic() < until:
        watch()
        await asyncio.sleep(min(5, max(0.1, until - time.monotonic())))
    watch()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    for one in done:
        if isinstance(one, BaseException):
            told.errors[f"driver: {type(one).__name__}"] += 1
    return told
