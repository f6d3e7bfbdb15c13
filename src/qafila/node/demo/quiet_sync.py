"""The hub's sync port while the demonstration is built: it takes records as ever, but leaves the cases to the story,
which takes them in at the times at which they would have arrived."""

from __future__ import annotations

from qafila.sync.asgi import application  # isort: skip - it loads the apps

from qafila.clinic.cases import wiring

wiring.disconnect()

__all__ = ["application"]
