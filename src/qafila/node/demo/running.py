"""The demonstration while it runs: three nodes, a link for each unit."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from qafila.node.demo.build import cut_file
from qafila.node.demo.layout import HUB, Layout
from qafila.node.demo.link import Link
from qafila.node.demo.waiting import listening
from qafila.node.server import Server

START_S = 60


@dataclass
class LinkState:
    """What the start page says of a unit's link."""

    unit: str
    whole: bool
    up: int
    down: int


class Running:
    """Starts and stops all of it."""

    def __init__(self, layout: Layout, *, remember_cuts: bool = True) -> None:
        self.layout = layout
        self.remember_cuts = remember_cuts
        self.servers = {code: Server(layout.node(code), layout.path / f"{code.lower()}.log") for code in layout.nodes}
        self.links = {unit: Link(layout.link_port(unit), layout.hub_sync_port) for unit in layout.units}
        self._watchers: list[threading.Thread] = []

    def start(self) -> None:
        """Start everything; returns when all pages answer. Raises `waiting.NeverCame`."""
        cut = self._cut_before()
        for unit, link in self.links.items():
            if unit not in cut:
                link.restore()
        for server in self.servers.values():
            server.start()
        for server in self.servers.values():
            watcher = threading.Thread(target=server.watch, daemon=True)
            watcher.start()
            self._watchers.append(watcher)
        pages = [self.layout.port(code) for code in self.layout.nodes]
        listening([*pages, self.layout.hub_sync_port], START_S)

    def _cut_before(self) -> set[str]:
        file = cut_file(self.layout)
        return set(file.read_text().split()) if self.remember_cuts and file.exists() else set()

    def switch(self, unit: str, *, whole: bool) -> None:
        """Cut or restore a unit's link. Raises `KeyError` for a unit that does not exist."""
        link = self.links[unit]
        if whole:
            link.restore()
        else:
            link.cut()
        if self.remember_cuts:
            cut_file(self.layout).write_text("\n".join(code for code, one in self.links.items() if not one.whole))

    def states(self) -> list[LinkState]:
        """The links as they are."""
        return [LinkState(unit, link.whole, link.up, link.down) for unit, link in self.links.items()]

    def stop(self) -> None:
        """Stop everything, units first: their last words still find the hub."""
        stopping = [threading.Thread(target=self.servers[code].stop) for code in (*self.layout.units, HUB)]
        for thread in stopping:
            thread.start()
        for thread in stopping:
            thread.join()
        for link in self.links.values():
            link.close()
