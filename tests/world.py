"""A hub and two units as real processes on this machine, over HTTPS, with links that can be cut.

    with World(tmp_path / "world") as world:
        world.unit_url(0), world.hub_url
        world.cut(0); world.restore(0)
        world.kill("H", "web")

The nodes are built as the demonstration builds its own: a founded programme, a real enrolment, some days of visits.
Where the folder holds a demonstration that was built on `base`, that one is served.
"""

from __future__ import annotations

import random
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from qafila.node.demo.build import prepare
from qafila.node.demo.layout import HUB, Layout
from qafila.node.demo.link import Link
from qafila.node.demo.waiting import listening, until
from qafila.node.directory import NodeDirectory
from qafila.node.server import Server
from tests.cast import Cast

COUNTRY = "morocco"
PEOPLE = 24
LONGEST_S = 60.0


class World:
    """The processes of three nodes and the two links between them."""

    def __init__(self, path: Path, country: str = COUNTRY, people: int = PEOPLE, base: int = 0) -> None:
        self.layout = Layout(path, country, base) if base else free_layout(path, country)
        self.people = people
        self.cast = Cast(country)
        self.servers: dict[str, Server] = {}
        self.links: dict[str, Link] = {}
        self._watching: list[threading.Thread] = []
        self._clients: list[httpx.Client] = []

    def __enter__(self) -> Self:
        try:
            prepare(self.layout, self.people)
            for unit in self.layout.units:
                self.links[unit] = Link(self.layout.link_port(unit), self.layout.hub_sync_port)
                self.links[unit].restore()
            for code in self.layout.nodes:
                self._serve(code)
            listening(self._ports(), LONGEST_S)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _ports(self) -> list[int]:
        nodes = [self.node(code) for code in self.layout.nodes]
        return [*[n.port for n in nodes], *[n.live_port for n in nodes], self.layout.hub_sync_port]

    def _serve(self, code: str) -> None:
        directory = self.node(code)
        server = self.servers[code] = Server(directory, log=self.log(code))
        server.start()
        thread = threading.Thread(target=server.watch, name=f"watch-{code}", daemon=True)
        thread.start()
        self._watching.append(thread)

    def stop(self) -> None:
        """End every process and link; the nodes' directories stay."""
        for client in self._clients:
            client.close()
        for server in self.servers.values():
            server.stopping.set()
        for thread in self._watching:
            thread.join()
        for server in self.servers.values():
            server.stop()
        for link in self.links.values():
            link.close()

    # --- who and where --------------------------------------------------------------------

    def node(self, code: str) -> NodeDirectory:
        """A node's directory."""
        return self.layout.node(code)

    def log(self, code: str) -> Path:
        """What a node's processes say."""
        return self.layout.path / f"{code.lower()}.log"

    def unit(self, place: int) -> str:
        """Code of the first (0) or second (1) unit."""
        return self.layout.units[place]

    @property
    def hub_url(self) -> str:
        """Address of the hub's pages, without a stroke at its end."""
        return self.layout.url(HUB).rstrip("/")

    def unit_url(self, place: int) -> str:
        """Address of a unit's pages, without a stroke at its end."""
        return self.layout.url(self.unit(place)).rstrip("/")

    def client(self, url: str) -> httpx.Client:
        """An HTTP client that trusts the world's authority and follows no redirect."""
        trust = ssl.create_default_context(cafile=str(self.layout.authority))
        client = httpx.Client(base_url=url, verify=trust, timeout=30)
        self._clients.append(client)
        return client

    # --- what goes wrong ------------------------------------------------------------------

    def cut(self, place: int) -> None:
        """Break a unit's link, in the middle of whatever it is."""
        self.links[self.unit(place)].cut()

    def restore(self, place: int) -> None:
        """Let a unit's link work again."""
        self.links[self.unit(place)].restore()

    def kill(self, code: str, part: str) -> int:
        """Kill one process of a node (SIGKILL); it is started again by the node itself. Its process id."""
        process = next(p.process for p in self.servers[code].parts if p.name == part)
        assert process is not None
        process.kill()
        return process.pid

    def until(self, look: Callable[[], object], what: str, seconds: float = LONGEST_S) -> object:
        """Wait for something to become true. Raises `NeverCame`."""
        return until(look, seconds, what)


def free_layout(path: Path, country: str) -> Layout:
    """A layout on ports that nobody uses: several worlds may run side by side."""
    dice = random.SystemRandom()
    while True:
        layout = Layout(path, country, dice.randrange(20000, 32000, 20))
        try:
            layout.require_free()
        except Exception as taken:
            if "in use" not in str(taken):
                raise
            continue
        return layout
