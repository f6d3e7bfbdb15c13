"""The hub's sync port while the demonstration is built: it takes records as ever, but leaves the cases to the story,
which takes them in at the times at which they would have arrived."""

from __future__ import annotations

from qafila.clinic.cases import wiring
from qafila.sync.serving import application

wiring.disconnect()

__all__ = ["application"]
