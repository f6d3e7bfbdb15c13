"""What a unit's side of a conversation has asked, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from qafila.sync.messages import Message
from qafila.sync.node_store import Seen


@dataclass(frozen=True)
class Request:
    """A frame to send."""

    data: bytes
    urgent: bool = False
    """Overtakes what has not left the node yet."""
    held_s: int = 0
    """The hub may hold its answer for so long."""


@dataclass
class Sent:
    """A request on its way, and what it carries."""

    message: Message
    records: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    raw: int = 0
    """Bytes of its records before compression."""
    size: int = 0
    """Bytes of its frame."""
    full: bool = False
    """As many records as the limit allows: its size on the link says how well they compress."""
    urgent: bool = False
    share: str = ""
    seen: Seen | None = None
    """Of a greeting: what was here when it left."""


@dataclass
class Report:
    """What came of a session so far."""

    sent: int = 0
    received: int = 0
    chunks_up: int = 0
    chunks_down: int = 0
    aside: int = 0
    alarms: int = 0
    raw_up: int = 0
    """Bytes of records, before compression, that the hub has confirmed."""
    frames_up: int = 0
    """Bytes of the frames that carried them."""
    files_up: int = 0
    """Bytes of files that the hub has confirmed."""
    hub_time_ms: int = 0
    """The hub's clock as of the last answer."""
