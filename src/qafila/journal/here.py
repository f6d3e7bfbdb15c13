"""Which node this is: the one ambient fact that the journal needs.

A process serves one node and says so once with `be`. A simulator holds several nodes in one process and
steps from one to the other with `at`; each has its own database alias.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qafila.kernel.clock import HybridClock


@dataclass
class Here:
    """A node as seen by its own processes.

    `node` is its code (unique in a jurisdiction, at most 16 characters), `kind` its profile (`unit`, `hub`…),
    which also decides what it owns in a life cycle.
    """

    node: str
    kind: str
    custodian: str = ""
    programme: str = ""
    database: str = "default"
    directory: Path | None = None
    confirmed_by_hub: bool = False
    """Its own records wait until a hub has confirmed them (the node calls one)."""
    clock: HybridClock = field(default_factory=HybridClock)
    before_writing: Callable[[], None] | None = None
    """Called before each act's transaction; raises where nothing may be begun (no room on the disk)."""
    run: int | None = None
    """The run that this process has opened, None until its first write."""
    run_pid: int = 0


_process: Here | None = None
_context: ContextVar[Here | None] = ContextVar("qafila_here", default=None)


def be(here: Here) -> None:
    """Make this process a process of that node."""
    global _process
    _process = here


def nobody_or_here() -> Here | None:
    """The node at hand, None where none was named."""
    return _context.get() or _process


def here() -> Here:
    """The node at hand. Raises `RuntimeError` where none was named."""
    found = nobody_or_here()
    if found is None:
        raise RuntimeError("this process belongs to no node yet: call journal.here.be() first")
    return found


@contextmanager
def at(node: Here) -> Iterator[Here]:
    """Be at another node inside the block."""
    token = _context.set(node)
    try:
        yield node
    finally:
        _context.reset(token)


class HereRouter:
    """Database router: everything is read and written in the database of the node at hand."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        """The alias of the node at hand."""
        node = nobody_or_here()
        return node.database if node else "default"

    db_for_write = db_for_read

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        """Objects of one process may refer to each other."""
        return True
