"""What a unit's side of a conversation has asked, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from qafila.journal.ingest import Parcel
from qafila.sync.frames import GOES_ON, PRESSING, Headers
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
    number: int = 0
    """Of the frame."""
    goes_on: str = ""
    """Value of the header `frames.GOES_ON`: `data` is the rest of an interrupted frame."""
    pressing: bool = False
    """Carries an urgent case: a hub with a long line at its door lets it in first."""

    @property
    def headers(self) -> Headers:
        """What goes along with it."""
        goes_on = [(GOES_ON, self.goes_on)] if self.goes_on else []
        return [*goes_on, (PRESSING, "1")] if self.pressing else goes_on


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
    pressing: bool = False
    share: str = ""
    seen: Seen | None = None
    """Of a greeting: what was here when it left."""
    data: bytes = b""
    """The frame, while it carries records: it may have to go on."""
    version: int = 0
    """Of the conversation: in which the frame is written."""
    number: int = 0
    """Of the frame."""
    begun: int = 0
    """Bytes that the hub had when the frame went on last."""
    tries: int = 0
    """How often it went on without having got any further."""


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


def size_of(rows: Sequence[tuple[int, Parcel]]) -> int:
    """Bytes of records before compression."""
    return sum(len(p.header) + len(p.fields or b"") for _, p in rows)
