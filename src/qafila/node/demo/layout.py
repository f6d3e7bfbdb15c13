"""Where the demonstration lives: its directory, its nodes, its ports."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path

from qafila.node.demo.link import free
from qafila.node.directory import NodeDirectory, NodeError
from qafila.packs import load

PACKAGE = Path(__file__).parents[2]
HUB = "H"
BASE = 8440
LIVE, SYNC = 100, 200
"""What a node adds to the port of its pages (`NodeDirectory.live_port`, `sync_port`)."""


@dataclass(frozen=True)
class Layout:
    """A demonstration: one hub and the units of a country, on ports counted from `base`."""

    path: Path
    country: str
    base: int

    @cached_property
    def units(self) -> tuple[str, ...]:
        """Codes of the units; the box of a unit has the same code."""
        return tuple(unit.code for unit in load.units(self.country).unit[:2])

    @property
    def nodes(self) -> tuple[str, ...]:
        """Codes of all nodes, the hub first."""
        return (HUB, *self.units)

    def node(self, code: str) -> NodeDirectory:
        """The directory of a node."""
        return NodeDirectory(self.path / code.lower())

    def port(self, code: str) -> int:
        """Port of a node's pages."""
        return self.base + 1 + self.nodes.index(code)

    def url(self, code: str) -> str:
        """Address of a node's pages."""
        return f"https://localhost:{self.port(code)}/"

    @property
    def start_url(self) -> str:
        """Address of the page to begin with."""
        return f"https://localhost:{self.base}/"

    @property
    def hub_sync_port(self) -> int:
        """Where the hub takes calls."""
        return self.port(HUB) + SYNC

    def link_port(self, unit: str) -> int:
        """Where a unit calls: its breakable link to the hub."""
        return self.base + 10 + self.nodes.index(unit)

    def ports(self) -> list[int]:
        """Every port that the demonstration listens on."""
        pages = [self.port(code) for code in self.nodes]
        return [
            self.base,
            *pages,
            *[p + LIVE for p in pages],
            self.hub_sync_port,
            *[self.link_port(unit) for unit in self.units],
        ]

    def is_free(self) -> bool:
        """Whether nobody else uses its ports."""
        return all(free(port) for port in self.ports())

    def require_free(self) -> None:
        """Raises `NodeError` where a port is taken."""
        taken = [str(port) for port in self.ports() if not free(port)]
        if taken:
            raise NodeError(
                f"the port {', '.join(taken)} is in use (a demonstration that still runs?); "
                "stop what uses it, or take other ports and a new folder: 'qafila demo --port 9440 --dir FOLDER'"
            )

    @property
    def mark(self) -> Path:
        """Written when all is built: a directory without it is half built."""
        return self.path / "demo.toml"

    @property
    def begun(self) -> Path:
        """Written before anything else, so that only a directory of ours is ever removed."""
        return self.path / "building"

    @property
    def authority(self) -> Path:
        """Certificate of the authority that signed all pages' certificates."""
        return self.path / "qafila-demo-ca.crt"

    def complete(self, people: int, seed: int) -> None:
        """Say that all is built."""
        fresh = self.mark.with_suffix(".new")
        fresh.write_text(
            f'country = "{self.country}"\nbase = {self.base}\npeople = {people}\nseed = {seed}\n'
            f'made_by = "{made_by()}"\n'
        )
        fresh.replace(self.mark)
        self.begun.unlink(missing_ok=True)


def made_by() -> str:
    """Version and shape of the databases: a world of another shape is built anew."""
    digest = hashlib.sha256()
    for file in sorted(PACKAGE.glob("*/migrations/*.py")):
        digest.update(file.read_bytes())
    try:
        version = metadata.version("qafila")
    except metadata.PackageNotFoundError:
        version = "sources"
    return f"{version} {digest.hexdigest()[:16]}"


def read_mark(path: Path) -> dict[str, object] | None:
    """What a complete demonstration says of itself; None for another or a half-built one."""
    try:
        return tomllib.loads((path / "demo.toml").read_text())
    except (FileNotFoundError, NotADirectoryError, tomllib.TOMLDecodeError):
        return None
